"""Finds the files that sources name, and the format of each."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from harness_ext.importing import inspect_logs, jsonl, lighteval, lm_eval_runs, qwen_math
from harness_ext.importing.record import Evaluation, ReadSource
from synth.errors import StylerepError
from synth.files.files_below import files_below
from synth.responses.samples_file import refuse_left_out, samples_name
from synth.rows import SUFFIXES, read_rows
from synth.schema import read_json

READERS: dict[str, Callable[[Path, ReadSource], list[Evaluation]]] = {
    "lm_eval": lm_eval_runs.read,
    "lighteval": lighteval.read,
    "inspect": inspect_logs.read,
    "qwen-math": qwen_math.read,
    "jsonl": jsonl.read,
}
FORMATS = ("auto", *READERS)
ROWS = ("qwen-math", "jsonl")
"""Formats in which several files may be parts of one task."""
_NOT_RESPONSES = ("results_", "manifest.json", "verdicts.json", ".")


def source_files(sources: Sequence[str | Path]) -> list[Path]:
    """Return the files of responses that sources name, each once; of a folder all below it, of lm_eval's runs
    the newest samples of each task.

    Raises StylerepError for what is not there, and for a folder without any.
    """
    files: list[Path] = []
    for source in map(Path, sources):
        if source.is_dir():
            files += _below(source)
        elif source.is_file():
            files.append(source)
        else:
            raise StylerepError(f"{source}: there is no such file or folder.")
    if not files:
        raise StylerepError("Name files or folders to import.")
    return list({path.resolve(): path for path in files}.values())


def format_of(files: Sequence[Path], named: str = "auto") -> str:
    """Return the format that all files have, told from their names and first rows unless it is *named*.

    Raises StylerepError for an unknown name, and where files have different formats.
    """
    if named not in FORMATS:
        raise StylerepError(f"There is no format {named!r}; choose from {', '.join(FORMATS)}.")
    if named != "auto":
        return named
    found = [_detected(path) for path in files]
    for path, one in zip(files, found, strict=True):
        if one != found[0]:
            raise StylerepError(
                f"{files[0]} is of the format {found[0]} and {path} of the format {one}; import them one"
                " after the other, or name a --format."
            )
    return found[0]


def _below(folder: Path) -> list[Path]:
    files = [
        path
        for path in files_below(folder)
        if path.is_file() and path.name.endswith((*SUFFIXES, ".eval")) and not _ignored(path, folder)
    ]
    newest: dict[tuple[Path, str], tuple[str, Path]] = {}
    for path in files:
        if (named := samples_name(path.name)) and (named.date or "") >= newest.get(
            (path.parent, named.task), ("", path)
        )[0]:
            newest[path.parent, named.task] = (named.date or "", path)
    if newest:
        return [path for _, path in newest.values()]
    files = [path for path in files if lighteval.DETAILS.fullmatch(path.name)] or files
    if not files:
        raise StylerepError(f"{folder}: no file of responses lies in it ({', '.join((*SUFFIXES, '.eval'))}).")
    return files


def _ignored(path: Path, folder: Path) -> bool:
    return path.name.startswith(_NOT_RESPONSES) or any(
        part.startswith(".") for part in path.relative_to(folder).parts
    )


def _detected(path: Path) -> str:
    if path.suffix == ".eval":
        return "inspect"
    if not path.name.endswith(SUFFIXES):
        raise StylerepError(
            f"{path}: this is no file of responses; readable are {', '.join((*SUFFIXES, '.eval'))}."
        )
    if path.suffix == ".json" and _is_log(path):
        return "inspect"
    first = next(iter(read_rows(path)), None)
    fields: dict[str, Any] = first.fields if first else {}
    refuse_left_out(fields, path)
    if fields.keys() >= lighteval.NESTED or fields.keys() >= lighteval.FLAT:
        return "lighteval"
    if isinstance(fields.get("doc"), dict) and isinstance(fields.get("resps"), list):
        return "lm_eval"
    return "qwen-math" if isinstance(fields.get("code"), list) and "gt" in fields else "jsonl"


def _is_log(path: Path) -> bool:
    try:
        content = read_json(path)
    except StylerepError:
        return False  # told when it is read
    return isinstance(content, dict) and isinstance(content.get("eval"), dict) and "version" in content
