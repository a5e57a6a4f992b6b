"""How learnable the analyzed rows of data sets are: what ``stylerep learnability`` found of them."""

import hashlib
import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from harness_ext.pages.analyze.scored import ScoredResponse
from synth.errors import StylerepError
from synth.schema import open_regular

LEARNABILITY = ("surprisal", "surprisal_pivot", "surprisal_step", "surprisal_conclusion", "rank")
"""Columns of its tables that are shown: nats a token, of all of a response and of its parts; and mean rank in
the vocabulary, from 1.
"""
LEARNABILITY_TITLES = ("all", "pivots", "steps", "conclusion", "rank")
Known = dict[tuple[str, int], dict[str, float | None]]


def read_tables(paths: Sequence[Path]) -> tuple[str, Known]:
    """Return the student of tables of ``stylerep learnability``, and what it found of each row, by its data
    set's fingerprint and its number.

    Raises StylerepError for what is no such table, and for tables of several students.
    """
    import pyarrow as pa  # takes a while to import
    import pyarrow.parquet as pq

    students, known, counts = set[tuple[str, str, str]](), Known(), dict[str, int]()
    for path in paths:
        open_regular(path, "table of stylerep learnability").close()
        try:
            names = ["model", "base_sha256", "adapter", "fingerprint", *LEARNABILITY]
            rows = pq.read_table(path, columns=names).to_pylist()
        except (pa.ArrowException, OSError, ValueError) as error:
            raise StylerepError(
                f"{path}: this is no table of stylerep learnability"
                f" ({(str(error).splitlines() or ['damaged'])[0]})."
            ) from error
        counts.clear()
        for row in rows:
            students.add((str(row["model"]), str(row["base_sha256"]), str(row["adapter"])))
            fingerprint = str(row["fingerprint"])
            number = counts[fingerprint] = counts.get(fingerprint, -1) + 1
            known[fingerprint, number] = {name: _value(row[name]) for name in LEARNABILITY}
    if len(students) > 1:
        raise StylerepError(
            "The tables of --learnability are of several students"
            f" ({', '.join(sorted(model for model, _, _ in students))}); give those of one."
        )
    if not known:
        raise StylerepError(f"{paths[0]}: there is no row in it.")
    return next(iter(students))[0], known


def with_learnability(
    scored: Sequence[ScoredResponse],
    student: str,
    known: Mapping[tuple[str, int], Mapping[str, float | None]],
) -> tuple[list[ScoredResponse], str]:
    """Add to the metrics of each response what *student* finds of it (None of one that isn't in the tables),
    and return with them a sentence that says how many are.

    Raises StylerepError where none is: the tables are of other data sets.
    """
    fingerprints: dict[str, str] = {}
    found, missing = [], dict.fromkeys(LEARNABILITY)
    count = 0
    for one in scored:
        file = one.response.file
        if file not in fingerprints:
            fingerprints[file] = _fingerprint(Path(file))
        own = known.get((fingerprints[file], one.response.row))
        count += own is not None
        found.append(replace(one, metrics={**one.metrics, **(own or missing)}))
    if not count:
        raise StylerepError(
            "None of these responses is a row of the data sets that --learnability was measured on; name"
            " those, as data/hc."
        )
    return (
        found,
        f"Learnability is {student}'s, before any training; {count} of {len(found)} responses have it.",
    )


def _fingerprint(file: Path) -> str:
    """Return the digest of a file of rows, which is its data set's fingerprint; empty for what's no file."""
    if not file.is_file():
        return ""  # rows of the Hub
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


def _value(value: object) -> float | None:
    return float(value) if isinstance(value, (int, float)) and math.isfinite(value) else None
