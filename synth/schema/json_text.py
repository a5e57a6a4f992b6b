"""JSON, read with bounds: too deep, too many digits or no JSON at all is told in a sentence."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from synth.errors import StylerepError
from synth.schema.regular_file import read_regular

DEEPEST = 200
"""How many levels of lists and objects a file may hold; what is read here may be written, compared and shown
again by functions that recurse.
"""
LARGEST = 1_000_000_000
"""How many bytes a file may have that is read at once."""


def read_json(path: Path, what: str = "", largest: int = LARGEST) -> Any:
    """Return the content of a JSON file of at most *largest* bytes;
    *what* it should be is said where it is not there.

    Raises:
        StylerepError: there is no such file, it is no regular one, it cannot be read or is larger,
            or `parse_json` refuses it.

    """
    return parse_json(read_regular(path, what, largest), path)


def parse_json(data: bytes | str, where: object) -> Any:
    """Return what JSON says: NaN and Infinity as floats, a byte order mark passed over.

    Raises:
        StylerepError: naming *where*, for what is no JSON or no UTF-8, is nested more than 200 levels deep,
            or holds a number of over 4,300 digits.

    """
    if isinstance(data, bytes) and (plain := _plain(data)) is not None:
        return plain
    try:
        text = data.decode("utf-8-sig") if isinstance(data, bytes) else data.removeprefix("\ufeff")
        content = json.loads(text)
    except RecursionError as error:
        raise StylerepError(f"{where}: this is nested more than {DEEPEST} levels deep.") from error
    except UnicodeDecodeError as error:
        raise StylerepError(f"{where}: this is not UTF-8 (byte {error.start + 1:,}).") from error
    except json.JSONDecodeError as error:
        raise StylerepError(
            f"{where}: this is not valid JSON ({error.msg}, line {error.lineno}, column {error.colno}); it"
            " may have been cut off."
        ) from error
    except ValueError as error:  # of int(): too many digits
        raise StylerepError(f"{where}: this holds a whole number of more digits than can be read.") from error
    if text.count("[") + text.count("{") > DEEPEST and _deeper(content):
        raise StylerepError(f"{where}: this is nested more than {DEEPEST} levels deep.")
    return content


def _plain(data: bytes) -> Any:
    """Return what JSON says, read three times as fast, where all of it is plain; None for anything that
    `json` has to say something of.
    """
    if data.count(b"[") + data.count(b"{") > DEEPEST:
        return None
    try:
        return msgspec.json.decode(data)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        # NaN, Infinity, halves of surrogates, a byte order mark, numbers out of range, or no JSON
        return None


def _deeper(content: Any) -> bool:
    level = [content]
    for _ in range(DEEPEST):
        level = [one for each in level for one in _parts(each)]
        if not level:
            return False
    return any(isinstance(one, (dict, list)) for one in level)


def _parts(content: Any) -> Iterator[Any]:
    if isinstance(content, dict):
        yield from content.values()
    elif isinstance(content, list):
        yield from content
