"""Reads the responses to analyze; those of run folders come with the model's name and accuracy metric of the
run.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path

from harness_ext.runs.accuracy import recorded_metric, recorded_notes
from harness_ext.runs.run_folder import NOT_METRICS, read_manifest
from synth import responses
from synth.responses import Fields, Response
from synth.rows import read_rows

__all__ = ["Fields", "Response", "read_responses"]


def read_responses(
    sources: Sequence[str], fields: Fields | None = None, notes: list[str] | None = None
) -> Iterator[Response]:
    """Yield responses as `synth.responses.read_responses` does;
    a row of a run without a model gets that of the run's manifest.

    Of several scores in a samples file, the one counts that accuracy is (`harness_ext.runs.accuracy`);
    *notes* are told where another differs.
    """
    told = notes if notes is not None else []
    return responses.read_responses(
        sources, fields, _run_name, told, answers=False, score_name=lambda path: _score_name(path, told)
    )


def _run_name(path: Path) -> str | None:
    """Name the run that a samples file belongs to by the arm and model of its manifest."""
    for folder in list(path.parents)[:3]:
        if manifest := read_manifest(folder):
            names = (manifest.get("base_model") or manifest.get("model"), manifest.get("arm"))
            return " ".join(str(name) for name in names if name) or None
    return None


def _score_name(path: Path, notes: list[str]) -> str | None:
    """Name the score of a samples file of lm_eval that says whether a response is right."""
    rows = [
        {
            name: value
            for name, value in row.items()
            if name not in NOT_METRICS and isinstance(value, (int, float))
        }
        for _, row in read_rows(path)
    ]
    found = recorded_metric(rows, str(path)) if any(rows) else None
    notes += [note.replace("--metric", "--correct-field") for note in recorded_notes(path.name, found)]
    return (
        found.metric if found is not None and all(row.get(found.metric) in (0, 1) for row in rows) else None
    )
