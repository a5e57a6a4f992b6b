"""Where the task files are, in a checkout or an installed wheel, and what they say."""

import fnmatch
import functools
import os
import re
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from synth.errors import StylerepError
from synth.printable import printable
from synth.schema import read_yaml, shown

_HERE = Path(__file__).resolve().parents[1]


def tasks_path() -> Path:
    """Return the folder to give to ``lm_eval --include_path``."""
    return _shipped("tasks")


def studies_path() -> Path:
    """Return the folder of the studies that come with stylerep."""
    return _shipped("studies")


def study_file(study: str | Path) -> Path:
    """Return a study's file: the file of that name, else the one that comes with stylerep; raise
    StylerepError if there is neither.
    """
    shipped = studies_path() / f"{study}.yaml"
    file = shipped if not Path(study).is_file() and shipped.is_file() else Path(study)
    if file.is_dir():
        raise StylerepError(f"{file}: this is a folder; name a study file.")
    if not file.is_file():
        known = ", ".join(sorted(one.stem for one in studies_path().glob("*.yaml")))
        raise StylerepError(f"{file}: there is no such study file. Those that come with stylerep: {known}.")
    return file


def task_file(task: str, folder: Path | None = None) -> Path:
    """Return the file of a task, by its name, in our folder or another; raise StylerepError if it has
    none.
    """
    folder = folder or tasks_path()
    found = sorted(folder.rglob(f"{task}.yaml"))
    if len(found) != 1:
        raise StylerepError(
            f"{folder}: {'there is no file' if not found else f'{len(found)} files are named'} {task}.yaml."
        )
    return found[0]


def task_config(task: str) -> dict[str, Any]:
    """Return what the file of one of our tasks says, what it includes left out; functions are their names."""
    return _read(task_file(task))


def output_type(task: str) -> str:
    """Return what one of our tasks asks a model for, as lm_eval calls it; empty where no file says so."""
    return str(said_of_task(task, "output_type") or "")


def said_of_task(task: str, key: str) -> Any:
    """Return what the file of one of our tasks says under a key, or else the files that it includes; None
    where none does.
    """
    path = task_file(task)
    while key not in (config := _read(path)) and "include" in config:
        path = path.parent / str(config["include"])
    return config.get(key)


def tasks_named(names: Iterable[str]) -> list[str]:
    """Return our tasks among *names*, in the order of the names, each once; a group or tag stands for its
    tasks, a pattern for all that it fits.
    """
    files = {path.stem: _read(path) for path in sorted(tasks_path().rglob("style*.yaml"))}
    members = {name: config["task"] for name, config in files.items() if "group" in config}
    for name, config in files.items():
        for tag in config.get("tag", []):
            members.setdefault(tag, []).append(name)
    known = sorted({*files, *members})
    found = (one for name in names for one in fnmatch.filter(known, name))
    return list(dict.fromkeys(task for one in found for task in members.get(one, [one]) if task in files))


def names_in(folders: Iterable[Path], words: Iterable[str]) -> tuple[set[str], set[str]]:
    """Return the names of the tasks and groups that the task files below *folders* define, and which of
    *words* stand in any of the files.

    The files are read as text: of the 14,000 that come with lm_eval that takes a fifth of a second,
    and 10 s by lm_eval's own index.
    """
    names, found = set[str](), set[bytes]()
    sought = {
        word.encode("utf-8", "replace"): re.compile(
            rb"(?<!\w)" + re.escape(word.encode("utf-8", "replace")) + rb"(?!\w)"
        )
        for word in words
    }
    for folder in folders:
        for place, _, files in os.walk(folder):
            for file in files:
                if file.endswith(".yaml"):
                    with open(os.path.join(place, file), "rb") as lines:
                        text = b"\n" + lines.read() + b"\n"
                    found |= {word for word, whole in sought.items() if word in text and whole.search(text)}
                    names |= set(_defined(text))
    return names, {word.decode() for word in found}


def _defined(text: bytes) -> Iterator[str]:
    """Yield the name of a task or a group that a file defines."""
    for key in (b"\ntask:", b"\ngroup:"):
        start = text.find(key) + len(key)
        if start >= len(key):
            yield (
                text[start : text.find(b"\n", start)]
                .partition(b"#")[0]
                .strip(b" '\"\r")
                .decode("utf-8", "replace")
            )


def asked_by_pattern(task: str, words: Sequence[str]) -> bool:
    """Say whether *words*, as written for ``--tasks``, ask for a task by a pattern (``style_*``) and nowhere
    by its name, a group or a tag.
    """
    return task not in words and any(fnmatch.fnmatch(task, word) for word in words)


@functools.cache
def say_left_out(task: str, why: str) -> None:
    """Say on stderr, once, that a task is left out of what is run, and why."""
    print(printable(f"stylerep: {task} is LEFT OUT. {why}"), file=sys.stderr, flush=True)


def _read(path: Path) -> dict[str, Any]:
    """Return what a task file says; ``!function`` is read as the function's name."""
    content = read_yaml(path, "task file", texts=("!function",)).data
    if not isinstance(content, dict):
        raise StylerepError(f"{path}: expected the keys and values of a task, found {shown(content)}.")
    return content


def _shipped(name: str) -> Path:
    inside = _HERE / name
    return inside if inside.is_dir() else _HERE.parent / name
