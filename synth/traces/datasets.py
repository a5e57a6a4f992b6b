"""Trace data sets: one Parquet file an arm, with a manifest and a data card.

    out/hc/train.parquet  out/hc/manifest.json  out/hc/README.md

``datasets.load_dataset("parquet", data_files="out/hc/train.parquet")`` opens it as it is. Rows are written as
they come, so that a million need no more memory than a thousand.
"""

import bisect
import contextlib
import dataclasses
import hashlib
import itertools
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from pydantic import ConfigDict

from synth.errors import StylerepError
from synth.files.replace_folder import check_replaceable, refuse_within, replace_folder
from synth.privacy.home_folders import without_home
from synth.schema import Schema, read_as, read_json
from synth.traces.arms import TraceRow
from synth.traces.trace_rows import batches
from synth.traces.unsolved import sampling_in_words, unsolved_in_words

FORMAT = 2
_GROUP = 1024
_MESSAGE = pa.struct([("role", pa.string()), ("content", pa.string())])
_STAGE = pa.struct([("stage", pa.string()), ("start", pa.int32()), ("end", pa.int32())])
_PIVOT = pa.struct(
    [("kind", pa.string()), ("phrase", pa.string()), ("start", pa.int32()), ("end", pa.int32())]
)
_TURN = pa.struct([("start", pa.int32()), ("end", pa.int32())])
_SPECIAL = {
    "prompt": pa.list_(_MESSAGE),
    "is_correct": pa.bool_(),
    "stages": pa.list_(_STAGE),
    "pivots": pa.list_(_PIVOT),
    "seed": pa.int64(),
    "wrong_turns": pa.list_(_TURN),
}


class DatasetManifest(Schema):
    """The manifest of a data set, as far as it is read back."""

    model_config = ConfigDict(extra="ignore")
    arm: str
    fingerprint: str
    problem_ids_sha256: str


SCHEMA = pa.schema(
    [(field.name, _SPECIAL.get(field.name, pa.string())) for field in dataclasses.fields(TraceRow)]
)


def check_outputs(folders: Iterable[Path], inputs: Iterable[str | Path] = ()) -> None:
    """Raise StylerepError, before the work begins, for a folder in which no data set can be written, that
    holds something else, or is or lies within one of the *inputs*.

    A data set that is named by its file of rows is that folder too.
    """
    read = [Path(one).parent if Path(one).name == "train.parquet" else one for one in inputs]
    for folder in folders:
        refuse_within(folder, read)
        check_replaceable(folder, "train.parquet", "a trace data set", read)


def write_datasets(
    out: Path, arms: Sequence[str], rows: Iterable[Mapping[str, TraceRow]], shared: Mapping[str, Any]
) -> dict[str, Path]:
    """Write one data set an arm below *out*, all with the same problems in the same order;
    return their folders.

    *shared* goes into every manifest; its values may be functions, which are called when all rows have been
    written. Old data sets of the same arms are replaced when all new ones are whole, or not at all. Raises
    StylerepError if there is no row.
    """
    folders = {arm: out / arm for arm in arms}
    with contextlib.ExitStack() as stack:
        writers = {arm: stack.enter_context(_writer(folder, arm)) for arm, folder in folders.items()}
        for batch in batches(rows, _GROUP):
            for arm, writer in writers.items():
                writer.write([row[arm] for row in batch])
        for writer in writers.values():
            writer.describe(shared)
    return folders


def write_dataset(folder: Path, arm: str, rows: Iterable[TraceRow], shared: Mapping[str, Any]) -> Path:
    """Write the rows of one arm as a data set; see `write_datasets`."""
    with _writer(folder, arm) as writer:
        for batch in batches(rows, _GROUP):
            writer.write(batch)
        writer.describe(shared)
    return folder


@contextlib.contextmanager
def _writer(folder: Path, arm: str) -> Iterator["_Writer"]:
    with replace_folder(folder) as fresh:
        writer = _Writer(fresh, arm)
        try:
            yield writer
        finally:
            writer.close()


class _Writer:
    """One data set in the making: rows so far, and what is counted of them."""

    def __init__(self, folder: Path, arm: str) -> None:
        self._folder, self._arm = folder, arm
        self._file = pq.ParquetWriter(folder / "train.parquet", SCHEMA, compression="zstd")
        self._ids = hashlib.sha256()
        self._rows = self._right = 0
        self._words: Counter[int] = Counter()
        self._last: TraceRow | None = None

    def write(self, rows: Sequence[TraceRow]) -> None:
        """Append rows."""
        columns = [pa.array([getattr(row, field.name) for row in rows], type=field.type) for field in SCHEMA]
        self._file.write_table(pa.Table.from_arrays(columns, schema=SCHEMA))
        for row in rows:
            self._ids.update(f"{row.id}\n".encode())
            self._words[len(row.trace.split())] += 1
            self._right += row.is_correct
        self._rows += len(rows)
        self._last = rows[-1]

    def close(self) -> None:
        """End the file of rows."""
        self._file.close()

    def describe(self, shared: Mapping[str, Any]) -> None:
        """Write manifest and data card."""
        self.close()
        if self._last is None:
            raise StylerepError(f"There is no row to write for the arm {self._arm}: {_reasons(shared)}")
        manifest = {
            "format": FORMAT,
            "arm": self._arm,
            "n": self._rows,
            "problem_ids_sha256": self._ids.hexdigest(),
            **{name: value() if callable(value) else value for name, value in shared.items()},
            "fingerprint": _file_digest(self._folder / "train.parquet"),
            "template_hash": self._last.template_hash,
            "lexicon_version": self._last.lexicon_version,
            "versions": {name: version(name) for name in ("stylerep", "pyarrow")},
        }
        (self._folder / "manifest.json").write_text(json.dumps(manifest, indent=2) + "\n", encoding="utf-8")
        (self._folder / "README.md").write_text(without_home(self._card(manifest)), encoding="utf-8")

    def _median(self) -> int:
        lengths = sorted(self._words)
        before = list(itertools.accumulate(self._words[length] for length in lengths))
        return lengths[bisect.bisect_right(before, self._rows // 2)]

    def _card(self, manifest: Mapping[str, Any]) -> str:
        lines = [
            f"# Traces of arm `{manifest['arm']}`",
            "",
            (
                f"{self._rows} responses to problems of `{manifest.get('problems', 'unknown')}`; templates"
                f" and style {manifest['template_hash']}, lexicon {manifest['lexicon_version']}."
            ),
            "",
            f"- Stated answers that are right: {self._right} of {self._rows}.",
            (
                f"- Length of a trace in words: median {self._median()}, from {min(self._words)} to"
                f" {max(self._words)}."
            ),
            "- Every arm made by the same command holds the same problem ids in the same order.",
            (
                "- The problems keep the licence of their source; what a model wrote is under the terms of"
                " that model; the rest of the text comes from templates."
            ),
            *_sampling(manifest),
            *_contamination(manifest),
            "",
        ]
        return "\n".join(lines)


def check_dataset(folder: Path) -> None:
    """Raise StylerepError for a folder that holds no data set."""
    if not (folder / "manifest.json").is_file() or not (folder / "train.parquet").is_file():
        raise StylerepError(
            f"{folder}: this is not a trace data set (it needs train.parquet and manifest.json); make one"
            " with stylerep synth."
        )


def read_dataset(folder: Path) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """Return the rows and the manifest of a data set; raise StylerepError if it is none."""
    check_dataset(folder)
    manifest_path, data_path = folder / "manifest.json", folder / "train.parquet"
    manifest = read_json(manifest_path)
    read_as(DatasetManifest, manifest, manifest_path)
    try:
        table = pq.read_table(data_path)
        _check_table(table, data_path)
        rows: list[dict[str, Any]] = table.to_pylist()
    except (pa.ArrowException, ValueError, OSError) as error:
        raise StylerepError(
            f"{data_path}: the rows cannot be read ({(str(error).splitlines() or ['damaged'])[0]})."
        ) from error
    return rows, manifest


def _check_table(table: pa.Table, path: Path) -> None:
    """Raise StylerepError for a table without rows, or in which a column is missing, of another type,
    or has no value somewhere.
    """
    for field in SCHEMA:
        if field.name not in table.column_names:
            raise StylerepError(
                f"{path}: the column {field.name!r} is missing; make the data set anew with stylerep synth."
            )
        column = table[field.name]
        if column.type != field.type and not (field.type == pa.string() and column.type == pa.large_string()):
            raise StylerepError(
                f"{path}: the column {field.name!r} must be of the type {field.type}, found {column.type}."
            )
        if column.null_count:
            raise StylerepError(
                f"{path}: the column {field.name!r} has no value in {column.null_count:,} rows; make the data"
                " set anew with stylerep synth."
            )
    if table.num_rows == 0:
        raise StylerepError(f"{path}: the data set holds no rows.")


def dataset_column(folder: Path, name: str) -> list[str]:
    """Return a column of text of a data set (``id``, ``source``) in its order; raise StylerepError if it is
    none.
    """
    path = folder / "train.parquet"
    if not path.is_file():
        raise StylerepError(f"{folder}: this is not a trace data set (it needs train.parquet).")
    try:
        values: list[str] = pq.read_table(path, columns=[name]).column(name).to_pylist()
    except (pa.ArrowException, OSError, ValueError) as error:
        raise StylerepError(
            f"{path}: its column {name!r} cannot be read ({str(error).splitlines()[0]})."
        ) from error
    return values


def _file_digest(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def _reasons(shared: Mapping[str, Any]) -> str:
    left_out = shared.get("left_out")
    counts = left_out() if callable(left_out) else left_out
    return (
        ", ".join(f"{n} times {reason}" for reason, n in counts.items()) + "."
        if counts
        else "nothing was read."
    )


def _sampling(manifest: Mapping[str, Any]) -> list[str]:
    report = manifest.get("sampled")
    return [f"- {unsolved_in_words(report)[:-1]}; {sampling_in_words(report)}."] if report else []


def _contamination(manifest: Mapping[str, Any]) -> list[str]:
    report = manifest.get("decontamination")
    if not report:
        return ["- Problems were not held against the test questions of the tasks."]
    checked = ", ".join(
        f"`{task}` ({counts['questions']} questions, {counts['dropped']} problems dropped)"
        for task, counts in report["tasks"].items()
    )
    lines = [
        f"- Held against the test questions of {checked or 'no task'}: by {report['words_in_a_row']} words in"
        " a row, those that are generated as a whole."
    ]
    return lines + [
        f"- Not held against `{task}`: {reason}" for task, reason in report["not_checked"].items()
    ]
