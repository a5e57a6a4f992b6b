"""Scores of training rows: which are the most suspicious, and the files that say so."""

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from operator import attrgetter
from pathlib import Path
from typing import Any, TypeVar

from synth.errors import StylerepError
from synth.files.replace_file import write_text
from synth.schema import parse_json, read_regular

Row = TypeVar("Row", bound=Mapping[str, Any])
_LARGEST = 1_000_000_000

METHODS = {
    "outlier-gradient": "outlier",
    "gradient-cosine": "cosine",
    "gradient-norm": "norm",
    "loss": "loss",
}
"""Ways to rank rows, and the field of `RowScore` that each ranks by."""


@dataclass(frozen=True, slots=True)
class RowScore:
    """How suspicious one training row is; in every score higher is more so.

    `outlier` is the isolation forest's (0 to 1, about 0.5 where nothing stands out), `cosine` is 1 minus the
    cosine between the row's gradient and the mean direction of all others (0 to 2), `norm` the Euclidean norm
    of the gradient of the row's mean loss. `loss` is the mean loss under the model before any training, in
    nats a token, `adapted_loss` the same under the adapter whose gradients were taken. `tokens` counts the
    tokens of the response, end of turn included; `norm` times `tokens` is the norm of the summed gradient.
    What needs gradients is None where rows were scored by loss alone.
    """

    id: str
    loss: float
    tokens: int
    outlier: float | None = None
    cosine: float | None = None
    norm: float | None = None
    adapted_loss: float | None = None


def check_selection(method: str, fraction: float) -> None:
    """Raise StylerepError for a method that there is not, or a fraction outside 0 (included) to 1
    (excluded).
    """
    if method not in METHODS:
        raise StylerepError(f"There is no way {method!r} to select rows; choose from: {', '.join(METHODS)}.")
    if not 0 <= fraction < 1:
        raise StylerepError(f"The fraction of rows to drop must be at least 0 and below 1, got {fraction}.")


def suspicious(scores: Sequence[RowScore], fraction: float, method: str = "outlier-gradient") -> set[str]:
    """Return the ids of the most suspicious *fraction* of rows, to the nearest whole row;
    of equal scores the earlier row is taken.

    Raises StylerepError for an unknown method, a fraction outside 0 to 1,
    and scores that were not made by such a method.
    """
    check_selection(method, fraction)
    by = attrgetter(METHODS[method])
    if any(by(score) is None for score in scores):
        raise StylerepError(f"These rows were scored by loss alone, so they cannot be selected by {method}.")
    ranked = sorted(scores, key=by, reverse=True)
    return {score.id for score in ranked[: int(fraction * len(scores) + 0.5)]}


def write_scores(path: Path, scores: Sequence[RowScore], dropped: Collection[str] = ()) -> None:
    """Write one JSON object a row (the fields of `RowScore`, and whether it is in *dropped*),
    replacing the file in one step.
    """
    write_text(
        path,
        "".join(json.dumps({**asdict(score), "dropped": score.id in dropped}) + "\n" for score in scores),
    )


def read_ids(path: Path) -> set[str]:
    """Return the row ids that a file lists: one a line as they are, or JSONL with a field ``id``,
    such as `write_scores` writes.

    Of JSON rows with a field ``dropped`` only those are meant where it is true. Raises StylerepError, naming
    the line, for what is neither, and for a file that lists none.
    """
    try:
        lines = read_regular(path, "list of row ids", _LARGEST).decode("utf-8-sig").split("\n")
    except UnicodeDecodeError as error:
        raise StylerepError(f"{path}: this is not UTF-8 (byte {error.start + 1:,}).") from error
    filled = [(number, line.strip()) for number, line in enumerate(lines, 1) if line.strip()]
    if filled and filled[0][1].startswith("{"):
        ids = {
            row["id"]
            for row in (_json_row(path, number, line) for number, line in filled)
            if row.get("dropped", True)
        }
    else:
        ids = {line for _, line in filled}
        if number := next((number for number, line in filled if line.startswith(("{", "["))), 0):
            raise StylerepError(
                f"{path}, line {number}: expected a row id, as in the lines before, found JSON."
            )
    if not ids:
        why = "no row in it is marked as dropped" if filled else "it is empty"
        raise StylerepError(f"{path}: this file lists no row to leave out ({why}).")
    return ids


def leave_out(rows: Sequence[Row], ids: Collection[str], path: Path) -> list[Row]:
    """Return the rows of a data set (each with an ``id``) whose ids are not listed in the file *path*,
    in their order.

    Raises StylerepError where an id is of no row, which would leave arms with different problems,
    and where no row remains.
    """
    unknown = sorted(set(ids) - {row["id"] for row in rows})
    if unknown:
        raise StylerepError(
            f"{path}: the data set has no row {unknown[0]!r} ({len(unknown)} of {len(ids)} ids are not in"
            " it); was the file made for other problems?"
        )
    kept = [row for row in rows if row["id"] not in ids]
    if not kept:
        raise StylerepError(
            f"{path}: every row of the data set is listed in it, so none is left to train on."
        )
    return kept


def _json_row(path: Path, number: int, line: str) -> dict[str, Any]:
    row = parse_json(line, f"{path}, line {number}")
    if not isinstance(row, dict) or not isinstance(row.get("id"), str):
        raise StylerepError(
            f"{path}, line {number}: expected an object with a field 'id' that holds a row's id."
        )
    if not isinstance(row.get("dropped", True), bool):
        raise StylerepError(f"{path}, line {number}: the field 'dropped' must be true or false.")
    return row
