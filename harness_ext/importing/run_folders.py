"""Writes imported runs: one samples file a task and a manifest, whole or not at all,
beside tasks that were imported before.
"""

import hashlib
import json
import re
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from harness_ext.importing.grading import Graded
from harness_ext.importing.record import Evaluation, clean, public_name
from harness_ext.runs.run_folder import MANIFEST, read_manifest, sample_files
from synth.errors import StylerepError
from synth.files.files_below import files_below
from synth.files.inside_folder import inside, refuse_ways_out
from synth.files.replace_folder import check_replaceable, replace_folder
from synth.privacy.secrets import SECRETS
from synth.schema import Line, Schema, Whole, read_as, read_yaml, shown

_SAME = ("model", "model_name", "base_model", "family", "arm", "seed", "gen_kwargs")
_SHOWN = 20
_LONGEST_NAME = 150


@dataclass(frozen=True, slots=True)
class About:
    """What is known of a model beside its responses; `base_model` is the model itself if None,
    and `arm` base.
    """

    family: str | None = None
    arm: str | None = None
    base_model: str | None = None
    seed: int | None = None


@dataclass(frozen=True, slots=True)
class ImportedTask:
    """One task of one imported run, as it was written; `answer_type` is None where no answer was read,
    `agreement` where nothing was graded twice.
    """

    folder: Path
    model: str
    task: str
    n: int
    answer_type: str | None
    regraded: bool
    accuracy: float
    recorded_accuracy: float | None
    agreement: float | None
    disagreements: tuple[int, ...]
    matched_to: str | None
    filter: str


@dataclass(frozen=True, slots=True)
class Draft:
    """One task of one run that is graded and not yet written."""

    evaluation: Evaluation
    graded: Graded
    matched_to: str | None
    version: Any
    about: About


class _ImportManifest(Schema):
    """What a file of models may say of one."""

    family: Line | None = None
    arm: Line | None = None
    base_model: Line | None = None
    seed: Whole | None = None


def read_models(path: Path) -> dict[str, About]:
    """Read what a file says of models: by the name of each, its family, arm, base_model and seed. Raises
    StylerepError, naming the key, for anything else.
    """
    document = read_yaml(path, "file of models")
    read = read_as(dict[Line | Whole, _ImportManifest], document.data, path, document.lines)
    return {str(name): About(**about.model_dump(exclude_unset=True)) for name, about in read.items()}


def folder_name(name: str) -> str:
    """Return a name that a folder or file can have; raise StylerepError where nothing is left of it,
    or too much.
    """
    safe = re.sub(r"[^\w.+=@-]+", "_", clean(name).replace("/", "__")).lstrip(".")
    if not safe.strip("_") or len(safe.encode()) > _LONGEST_NAME:
        raise StylerepError(
            f"{clean(name)[:60]!r} is no name that a folder can have; give one with --model or --task, or"
            " name the right field."
        )
    return safe


def check_run(folder: Path, drafts: Sequence[Draft], format_name: str, overwrite: bool) -> None:
    """Raise StylerepError where drafts cannot join what is in a folder: no imported run, another model or
    decoding, or one of the tasks already.
    """
    check_replaceable(folder)
    if not folder.is_dir() or not any(folder.iterdir()):
        return
    refuse_ways_out(folder)
    there = SECRETS.settings(read_manifest(folder))  # as it would be written now
    if not isinstance(there.get("imported"), dict):
        what = (
            "a run that was not imported"
            if there or files_below(folder, "samples_*.jsonl")
            else "something other than an imported run"
        )
        raise StylerepError(f"{folder}: {what} is in this folder; choose another --out.")
    new = [draft.evaluation.task for draft in drafts]
    again = [task for task in new if task in there["imported"]["tasks"]]
    if again and not overwrite:
        raise StylerepError(
            f"{folder}: the task {again[0]} has been imported into this run already; replace it with"
            " --overwrite."
        )
    if set(there["imported"]["tasks"]) <= set(new):
        return
    mine = _manifest({}, drafts, format_name)
    for key in _SAME:
        if there.get(key) != mine[key]:
            raise StylerepError(
                f"{folder} holds an imported run whose {key} is {shown(there.get(key))}, not"
                f" {shown(mine[key])}; choose another --out."
            )
    if there["imported"]["format"] != format_name:
        raise StylerepError(
            f"{folder} holds a run imported from the format {shown(there['imported']['format'])}, not"
            f" {format_name}; choose another --out."
        )


def write_run(folder: Path, drafts: Sequence[Draft], format_name: str) -> list[ImportedTask]:
    """Write drafts of one model into its run folder, beside the tasks that it has; a reader finds the old
    folder or the new one, each whole.
    """
    tasks = {draft.evaluation.task for draft in drafts}
    kept = (
        {task: path for task, path in sample_files(folder).items() if task not in tasks}
        if folder.is_dir()
        else {}
    )
    manifest = _manifest(read_manifest(folder) if kept else {}, drafts, format_name)
    with replace_folder(folder) as fresh:
        for path in kept.values():
            shutil.copy2(path, fresh / path.name)
        for draft in drafts:
            path = inside(fresh, f"samples_{draft.evaluation.task}_{draft.evaluation.date}.jsonl")
            with path.open("wb") as file:
                file.writelines(map(SECRETS.lines, draft.graded.rows))
        (fresh / MANIFEST).write_text(json.dumps(manifest, indent=2) + "\n", encoding="utf-8")
    return [_imported(folder, draft) for draft in drafts]


def _manifest(there: Mapping[str, Any], drafts: Sequence[Draft], format_name: str) -> dict[str, Any]:
    first = drafts[0]
    name, about = first.evaluation.model, first.about
    before = there.get("imported") or {"files": [], "tasks": {}}
    files = {
        (one["name"], one["sha256"]): one
        for one in [*before["files"], *(_file(path) for draft in drafts for path in draft.evaluation.files)]
    }
    versions = {key: value for draft in drafts for key, value in draft.evaluation.versions.items()}
    return {
        "model": first.evaluation.harness,
        "model_name": name,
        "base_model": public_name(about.base_model) if about.base_model else name,
        "family": about.family,
        "arm": about.arm or "base",
        "seed": about.seed,
        "gen_kwargs": SECRETS.settings(first.evaluation.gen_kwargs),
        "chat_template": None,
        "task_versions": {
            **there.get("task_versions", {}),
            **{draft.evaluation.task: draft.version for draft in drafts},
        },
        "imported": {
            "format": format_name,
            "files": list(files.values()),
            "tasks": {**before["tasks"], **{draft.evaluation.task: _told(draft) for draft in drafts}},
        },
        "versions": {**there.get("versions", {}), **versions, "stylerep": version("stylerep")},
    }


def _told(draft: Draft) -> dict[str, Any]:
    graded = draft.graded
    return {
        "n": graded.rows.n,
        "answer_type": graded.answer_type,
        "regraded": graded.regraded,
        "recorded_accuracy": graded.recorded,
        "accuracy": graded.accuracy,
        "agreement": graded.agreement,
        "disagreements": list(graded.disagreements[:_SHOWN]),
        "matched_to": draft.matched_to,
        "filter": draft.evaluation.filter,
    }


def _file(path: Path) -> dict[str, str]:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return {"name": clean(path.name), "sha256": digest.hexdigest()}


def _imported(folder: Path, draft: Draft) -> ImportedTask:
    graded, evaluation = draft.graded, draft.evaluation
    return ImportedTask(
        folder,
        evaluation.model,
        evaluation.task,
        graded.rows.n,
        graded.answer_type,
        graded.regraded,
        graded.accuracy,
        graded.recorded,
        graded.agreement,
        graded.disagreements,
        draft.matched_to,
        evaluation.filter,
    )
