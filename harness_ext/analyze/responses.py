"""Reads the responses to analyze, those of run folders under the name that the run's manifest gives."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from harness_ext.runs import read_manifest
from synth import responses
from synth.responses import Fields, Response

__all__ = ["Fields", "Response", "read_responses"]


def read_responses(sources: Sequence[str], fields: Fields | None = None, notes: list[str] | None = None) -> Iterator[Response]:
    """Yield responses as `synth.responses.read_responses` does; a row of a run without a model gets that of the run's manifest."""
    return responses.read_responses(sources, fields, _run_name, notes, answers=False)


def _run_name(path: Path) -> str | None:
    """Name the run that a samples file belongs to by the arm and model of its manifest."""
    for folder in list(path.parents)[:3]:
        if manifest := read_manifest(folder):
            names = (manifest.get("base_model") or manifest.get("model"), manifest.get("arm"))
            return " ".join(str(name) for name in names if name) or None
    return None
