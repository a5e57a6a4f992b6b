"""Takes home folders and the user's name out of paths, for what people publish."""

import functools
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

HOME = "~"
_HOMES = re.compile(
    r"(?<![\w~.:/\\-])(?:"
    r"(?:/(?:var|usr|export|net|nfs|mnt/[a-z]|[a-z](?=/Users/)))?/(?:home|Users)/[^/\s\"'<>|,;:()]+"
    r"|(?:\\\\\?\\)?[A-Za-z]:[\\/]{1,2}Users[\\/]{1,2}(?:[^\\/\"'<>|:*?\n]+(?=[\\/])|[^\\/\s\"'<>|:*?,;]+)"
    r"|/root(?![\w.-]))"
)
_SHORTEST_NAME = 3


def without_home(text: str) -> str:
    """Return a text with ``~`` in the place of home folders, of Linux, macOS and Windows,
    and of a folder named as the user is.
    """
    if "/" not in text and "\\" not in text:
        return text
    for own in _own_folders(
        os.environ.get("HOME", ""),
        os.environ.get("USER") or os.environ.get("LOGNAME") or os.environ.get("USERNAME") or "",
    ):
        text = own(text)
    return _HOMES.sub(HOME, text)


def without_homes(value: Any) -> Any:
    """Return a value of JSON with `without_home` of every string in it."""
    if isinstance(value, str):
        return without_home(value)
    if isinstance(value, dict):
        return {
            (without_home(key) if isinstance(key, str) else key): without_homes(one)
            for key, one in value.items()
        }
    return [without_homes(one) for one in value] if isinstance(value, (list, tuple)) else value


@functools.cache
def _own_folders(home: str, user: str) -> tuple[Callable[[str], str], ...]:
    found = []
    if len(Path(home).parts) > 1:
        whole = re.compile(rf"(?<![\w~.-]){re.escape(home.rstrip('/'))}(?![\w.-])")
        found.append(lambda text: whole.sub(HOME, text))
    if len(user) >= _SHORTEST_NAME and user != "root":
        named = re.compile(rf"(?<=[\w.-][/\\]){re.escape(user)}(?=[/\\])")
        found.append(lambda text: named.sub(HOME, text))
    return tuple(found)
