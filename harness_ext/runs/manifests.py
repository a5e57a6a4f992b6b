"""Schemas of manifests and of lm_eval's results files, as far as they're read back; other keys stay as they
are.
"""

from pathlib import Path
from typing import Annotated, Any

from pydantic import ConfigDict, Field

from synth.errors import StylerepError
from synth.files.files_below import files_below
from synth.schema import Schema, Whole, read_as, read_json

MANIFEST = "manifest.json"
Number = Whole | float


class _OpenManifest(Schema):
    model_config = ConfigDict(extra="ignore")


class _ImportedTask(_OpenManifest):
    answer_type: str | None = None


class _ImportedFile(_OpenManifest):
    name: str
    sha256: str


class _Imported(_OpenManifest):
    format: str
    files: list[_ImportedFile] = Field(default=[])
    tasks: dict[str, _ImportedTask] = Field(default={})


class _Stopping(_OpenManifest):
    early: bool
    margin: Number
    about: str
    items: Whole
    used: Whole
    order_seed: Whole
    order_sha256: str
    comparisons: Whole


class _Restored(_OpenManifest):
    """From which outcomes file a run folder was written anew, and what it lacks since."""

    file: str
    left_out: list[str]


class Manifest(_OpenManifest):
    """The manifest of a run, an adapter or a data set, as far as it is read back."""

    model: str | None = None
    model_name: str | None = None
    base_model: str | None = None
    base_sha256: str | None = None
    family: str | None = None
    template_arguments: dict[str, Any] | None = None
    arm: str | None = None
    seed: Whole | str | None = None
    adapter_sha256: str | None = None
    fingerprint: str | None = None
    dataset_fingerprint: str | None = None
    problem_ids_sha256: str | None = None
    claims_sha256: str | None = None
    model_args: dict[str, Any] | str | None = None
    gen_kwargs: dict[str, Any] | str | None = None
    chat_template: bool | None = None
    decoding: dict[str, Any] | None = None
    task_versions: dict[str, Number | str | None] = Field(default={})
    versions: dict[str, str | None] = Field(default={})
    files: list[str] = Field(default=[])
    left_out: list[str] = Field(default=[])
    stopping: dict[str, _Stopping] = Field(default={})
    imported: _Imported | None = None
    teaching: dict[str, Any] | None = None
    restored: _Restored | None = None


class _Config(_OpenManifest):
    model_args: dict[str, Any] | str | None = None
    gen_kwargs: dict[str, Any] | str | None = None
    model_num_parameters: Number | None = None


class Results(_OpenManifest):
    """What lm_eval wrote of an evaluation, as far as it is read back."""

    versions: dict[str, Number | str | None] | None = None
    shots: Annotated[dict[str, Whole | str | None] | None, Field(alias="n-shot")] = None
    config: _Config | None = None
    model_name: str | None = None
    chat_template: str | dict[str, Any] | list[Any] | None = None


def read_manifest(folder: Path) -> dict[str, Any]:
    """Return the manifest of a run, adapter or data set, empty if its folder has none; raise StylerepError
    for what does not fit `Manifest`.
    """
    path = folder / MANIFEST
    return _object(path, Manifest) if _is_there(path) else {}


def read_results(path: Path) -> dict[str, Any]:
    """Return the content of a results file of lm_eval; raise StylerepError for what does not fit
    `Results`.
    """
    return _object(path, Results)


def merged_results(folder: Path) -> dict[str, Any]:
    """Return the merged content of all results files below a folder, the newest winning; raise StylerepError
    as `read_results` does.
    """
    merged: dict[str, Any] = {}
    for path in sorted(files_below(folder, "results_*.json"), key=lambda path: path.name):
        content = read_results(path)
        for key in ("versions", "n-shot"):
            content[key] = {**(merged.get(key) or {}), **(content.get(key) or {})}
        merged = content
    return merged


def _object(path: Path, kind: type[Schema]) -> dict[str, Any]:
    content = read_json(path)
    if not isinstance(content, dict):
        raise StylerepError(f"{path}: expected a JSON object.")
    read_as(kind, content, path)
    return content


def _is_there(path: Path) -> bool:
    try:
        return path.exists()
    except OSError as error:
        raise StylerepError(f"{path}: this cannot be read ({error.strerror}).") from error
