"""Checks family files: their keys and values, and that no two of them take the same model."""

import difflib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from distill.models.families import family_folders, own_folder
from distill.models.families.family_file import FamilyFile, file_problem, read_family
from synth.errors import StylerepError


@dataclass(frozen=True, slots=True)
class FamilyCheck:
    """What came of one family file: `problems` are sentences on what is wrong, none if all is well; `says` is
    what it is matched by, and how turns end.
    """

    family: str
    path: Path
    problems: tuple[str, ...]
    says: str = ""


def validate_families(names: Sequence[str] = (), folder: Path | None = None) -> Iterator[FamilyCheck]:
    """Yield what came of each of the family files *names*, of all if none is named: ours and those of
    *folder*, or of ``STYLEREP_FAMILIES``.

    A file of the same name as one of ours stands for it. Raises StylerepError for a name that no file has.
    """
    folders = [*family_folders()[:1], own_folder(folder)] if folder else family_folders()
    files = {path.stem: path for one in folders for path in sorted(one.glob("*.yaml"))}
    if folder and not any(path.parent == folder for path in files.values()):
        raise StylerepError(f"{folder}: there are no family files (NAME.yaml) here.")
    for name in names:
        if name not in files:
            raise StylerepError(
                f"There is no family file {name}.yaml; there are: {', '.join(sorted(files))}."
            )
    wrong = {name: problem for name, path in files.items() if (problem := file_problem(path))}
    sound = {name: read_family(path) for name, path in files.items() if name not in wrong}
    for name in names or sorted(files):
        problems = (
            [wrong[name]] if name in wrong else [*_unknown_types(sound[name]), *_clashes(sound[name], sound)]
        )
        yield FamilyCheck(name, files[name], tuple(problems), _says(sound[name]) if name in sound else "")


def _unknown_types(file: FamilyFile) -> Iterator[str]:
    from transformers.models.auto.configuration_auto import CONFIG_MAPPING_NAMES

    for name in file.model_types:
        if name not in CONFIG_MAPPING_NAMES:
            near = difflib.get_close_matches(name, CONFIG_MAPPING_NAMES, n=1)
            yield (
                "'match.model_type': transformers has no"
                f" {name!r}{f'; did you mean {near[0]}?' if near else '.'}"
            )


def _clashes(file: FamilyFile, others: dict[str, FamilyFile]) -> Iterator[str]:
    """Yield the files that would take the same models with as many conditions."""
    for other in others.values():
        types = sorted({*file.model_types} & {*other.model_types})
        sizes = not file.vocab_sizes or not other.vocab_sizes or {*file.vocab_sizes} & {*other.vocab_sizes}
        tokens = file.tokens <= other.tokens or other.tokens <= file.tokens or file.tokens & other.tokens
        if other.name != file.name and types and sizes and tokens and file.conditions == other.conditions:
            yield (
                f"'match': it takes the same {' and '.join(types)} models as {other.path}, or some of them;"
                " give one of them one more token."
            )


def _says(file: FamilyFile) -> str:
    matched = [
        f"model type {' or '.join(file.model_types)}",
        *(f"vocabulary of {size}" for size in file.vocab_sizes),
        *sorted(file.tokens),
    ]
    return f"{', '.join(matched)}; turns end with {file.end_of_turn}"
