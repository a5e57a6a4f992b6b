"""Finds the Python functions that a user's task files have lm_eval run (``!function utils.score``), without
running any.
"""

import fnmatch
import glob
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from harness_ext.scoring.task_folder import tasks_path
from synth.errors import StylerepError
from synth.printable import printable
from synth.schema import open_regular

_OURS = ("harness_ext.", "synth.", "lm_eval.")


class TaskCode(NamedTuple):
    """A function that a task file names, and the Python file that it is in: one beside the task file, or None
    for a module that Python finds.
    """

    task_file: Path
    function: str
    source: Path | None

    def __str__(self) -> str:
        return f"{self.function} ({self.source or 'of an installed module'}, named in {self.task_file})"


class _Function(str):
    """A function's name after ``!function``."""


class _Loader(yaml.SafeLoader):
    """Reads ``!function`` as the function's name, and other tags as nothing."""


_Loader.add_constructor("!function", lambda loader, node: _Function(node.value))
_Loader.add_multi_constructor("!", lambda loader, suffix, node: None)


def task_code(places: Sequence[Path], names: Sequence[str] = ()) -> list[TaskCode]:
    """Return the functions of users' Python files that task files run, each once.

    *places* are task files, all of which count, and folders, in which those files count that define one of
    *names* (patterns of tasks, groups and tags; all if there are none), and what these include or have as
    members. Functions of stylerep and lm_eval are not listed.
    """
    files = {
        path.resolve(): _read(path)
        for place in places
        for path in ([place] if place.is_file() else sorted(place.rglob("*.yaml")))
    }
    waiting = [
        path
        for path, content in files.items()
        if not names or any(_is_called(content, name) for name in names)
    ]
    waiting += [place.resolve() for place in places if place.is_file()]
    seen: dict[Path, None] = {}
    found: dict[TaskCode, None] = {}
    while waiting:
        path = waiting.pop()
        if path in seen or tasks_path().resolve() in path.parents:
            continue
        seen[path] = None
        content = files.get(path) if path in files else _read(path)
        for function in _functions(content):
            if (one := _code(path, function)) is not None:
                found[one] = None
        if isinstance(content, dict):
            includes = content.get("include") or []
            waiting += [
                target
                for one in ([includes] if isinstance(includes, str) else includes)
                if (target := (path.parent / str(one)).resolve()).is_file()
            ]
            members = content.get("task")
            for member in members if isinstance(members, list) else ():
                name = (
                    member
                    if isinstance(member, str)
                    else str(member.get("task"))
                    if isinstance(member, dict)
                    else ""
                )
                waiting += [other for other, its in files.items() if name and _is_called(its, name)]
    return sorted(found)


def told_code(code: Sequence[TaskCode]) -> str | None:
    """Say in a line which functions are about to be run; None if none is."""
    if not code:
        return None
    shown = "; ".join(map(str, code[:4])) + (f"; and {len(code) - 4} more" if len(code) > 4 else "")
    return (
        f"Task files have Python code of yours run: {shown}. To see it listed without running it: stylerep"
        " validate tasks --folder FOLDER --list-code"
    )


def tell_code(wanted: Sequence[str], folder: Path | None) -> None:
    """Say on stderr which functions will run for what was written for ``--tasks``: names, those in the user's
    *folder*, task files, and folders of them.
    """
    whole = [
        Path(path)
        for name in wanted
        for path in (
            sorted(glob.glob(name)) if name.endswith(".yaml") else [name] if Path(name).is_dir() else []
        )
    ]
    code = [
        *(task_code(whole) if whole else ()),
        *(task_code([folder], wanted) if folder and folder.exists() else ()),
    ]
    if told := told_code(list(dict.fromkeys(code))):
        print(printable(f"stylerep: {told}"), file=sys.stderr, flush=True)


def _code(path: Path, function: str) -> TaskCode | None:
    module, _, _ = function.rpartition(".")
    beside = (path.parent / f"{module.replace('.', '/')}.py").resolve()
    if beside.is_file():
        return TaskCode(path, function, beside)
    return None if function.startswith(_OURS) else TaskCode(path, function, None)


def _is_called(content: Any, name: str) -> bool:
    if not isinstance(content, dict):
        return False
    tags = content.get("tag") or []
    own = [content.get("task"), content.get("group"), *([tags] if isinstance(tags, str) else tags)]
    return any(isinstance(one, str) and fnmatch.fnmatch(one, name) for one in own)


def _functions(value: Any) -> Iterator[str]:
    if isinstance(value, _Function):
        yield str(value)
    for one in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from _functions(one)


def _read(path: Path) -> Any:
    """Return what a task file says; nothing where it is no YAML, which lm_eval tells."""
    try:
        with open_regular(path) as file:
            return yaml.load(file.read(), Loader=_Loader)  # noqa: S506 (a safe loader with one tag more)
    except (OSError, StylerepError, yaml.YAMLError, ValueError, RecursionError):
        return None
