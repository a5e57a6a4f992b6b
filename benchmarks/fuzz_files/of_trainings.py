"""The files of data sets, trainings and studies, and journals, as they are read back."""

import dataclasses
import io
import json
import os
from collections.abc import Callable, Iterator
from contextlib import redirect_stderr
from functools import partial
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pyarrow as pa
import pyarrow.parquet as pq
import torch
from hypothesis import strategies as st
from safetensors.torch import save, save_file

from benchmarks.fuzz_files.changes import any_bytes, json_file, json_lines, json_text
from benchmarks.fuzz_files.trial import Kind, command
from distill.experimental.scratch.names import listed
from distill.select import read_ids
from distill.training.unfinished import open_unfinished
from harness_ext.backends.style_hf.journal import Journal
from harness_ext.backends.style_hf.sequence import TokenSequence
from harness_ext.backends.style_hf.steering import load_direction
from harness_ext.pipelines.study import worker
from harness_ext.pipelines.study.cells import study_cells
from harness_ext.pipelines.study.file import load_study
from harness_ext.pipelines.study.worker import STATE
from harness_ext.pipelines.teach.journal import TeachJournal
from harness_ext.pipelines.teach.tally import describe, tally_of
from harness_ext.runs.run_folder import read_manifest
from synth.errors import StylerepError
from synth.traces.datasets import dataset_column, read_dataset
from synth.traces.synthesis import synth
from tests.harness_ext.pipelines.study.files import write_study


def of_datasets(folder: Path) -> Iterator[Kind]:
    """Yield the files of data sets of traces."""
    folder.mkdir(parents=True)
    data = synth("arith:train", ["hc"], folder / "data", 6)["hc"]

    def dataset() -> None:
        rows, manifest = read_dataset(data)
        assert dataset_column(data, "id") == [row["id"] for row in rows]
        assert all(
            isinstance(row["response"], str) and isinstance(message["content"], str)
            for row in rows
            for message in row["prompt"]
        )
        assert isinstance(manifest["arm"], str)

    described = json.loads((data / "manifest.json").read_text(encoding="utf-8"))
    yield Kind("manifest of a data set", folder, data / "manifest.json", json_file(described), dataset)
    yield Kind(
        "rows of a data set",
        folder,
        data / "train.parquet",
        any_bytes((data / "train.parquet").read_bytes()),
        dataset,
    )
    yield Kind(
        "rows of a data set: columns",
        folder,
        data / "train.parquet",
        _tables(data / "train.parquet"),
        dataset,
    )


def of_journals(folder: Path) -> Iterator[Kind]:
    """Yield what is written while responses come, so that a run can go on."""
    folder.mkdir(parents=True)

    def journal() -> None:
        found = Journal(folder / "responses.jsonl")
        try:
            row = TokenSequence(0, [1, 2], 2, 10)
            if found.restore("k1", row):
                json.dumps([row.ids, row.ended, row.forced])
        finally:
            found.close()

    records = [
        {
            "key": f"k{n}",
            "text": "a",
            "tokens": 3,
            "ended": "end",
            "forced": [[0, 1, "wait"]],
            "taken_back": 0,
            "ids": [5, 6, 7],
        }
        for n in range(3)
    ]
    yield _file("responses of style-hf", folder, "responses.jsonl", json_lines(records), records, journal)
    settings = {"teacher": "m", "n": 3, "sampling": {"temperature": 0.6}}

    def teaching() -> None:
        TeachJournal(folder / "st.partial", settings).close()

    (folder / "st.partial").mkdir()
    answers = [
        {"settings": settings},
        *({"attempt": n, "ids": ["a", "b"], "responses": ["x", "y"]} for n in range(2)),
    ]
    yield _file(
        "journal of teach", folder, "st.partial/journal.jsonl", json_lines(answers), answers, teaching
    )
    share = {"count": 2, "of": 3, "rate": 0.67, "wilson_95": [0.2, 0.9]}
    counts = {
        "asked": 3,
        "responses": 4,
        "kept": 2,
        "pass_at_first": share,
        "pass_within_attempts": share,
        "refused_responses": {"wrong": 2},
    }
    taught = {"arm": "st", "teaching": {**counts, "unsolved": {"one": "wrong"}}}

    def finished() -> None:
        describe(tally_of(read_manifest(folder / "st").get("teaching") or {}, folder / "st"))

    (folder / "st").mkdir()
    yield _file("counts of teach", folder, "st/manifest.json", json_file(taught), taught, finished)


def of_trainings(folder: Path) -> Iterator[Kind]:
    """Yield what trainings leave."""
    folder.mkdir(parents=True)
    scores = [
        {
            "id": f"r{n}",
            "loss": 1.5,
            "tokens": 3,
            "outlier": None,
            "cosine": 0.1,
            "norm": 2.0,
            "adapted_loss": 1.0,
            "dropped": n < 2,
        }
        for n in range(4)
    ]
    yield _file(
        "scores of a selection",
        folder,
        "scores.jsonl",
        json_lines(scores),
        scores,
        partial(read_ids, folder / "scores.jsonl"),
    )
    (folder / "a.unfinished/checkpoint-3").mkdir(parents=True)
    (folder / "a.unfinished/checkpoint-3/stylerep_checkpoint_is_whole").touch()
    wanted = {"model": "m", "data set": "f" * 64, "recipe": {"epochs": 1, "learning_rate": 0.001}}
    unfinished = partial(open_unfinished, folder / "a", wanted, False, main=False)
    yield _file(
        "settings of an unfinished training",
        folder,
        "a.unfinished/training.json",
        json_file(wanted),
        wanted,
        unfinished,
    )
    yield from _directions(folder)
    made = folder / "cache/models/scratch/llama-2m-0123456789ab/stylerep_model.json"
    made.parent.mkdir(parents=True)
    named = {"name": "scratch:llama-2m:seed=3", "recipe": {"seed": 3}, "sha256": "0" * 64}

    def models() -> None:
        with patch.dict(os.environ, STYLEREP_CACHE=str(folder / "cache")):
            list(listed())

    yield _file(
        "model trained from nothing", folder, str(made.relative_to(folder)), json_file(named), named, models
    )


def of_studies(folder: Path) -> Iterator[Kind]:
    """Yield what a study keeps of its cells."""
    (folder / "out" / STATE).mkdir(parents=True)
    study = write_study(folder, "smollm2-135m-instruct")
    cell = study_cells(load_study(study))[0]
    record = {"key": cell.key, "command": list(cell.command), "seconds": 3.5}
    dry = command("reproduce", study, "--out", folder / "out", "--dry-run")
    yield _file("record of a cell", folder, f"out/{STATE}/{cell.slug}.json", json_file(record), record, dry)
    given = dataclasses.asdict(cell)

    def work() -> None:
        with (
            patch.object(worker, "run_cell", lambda *_: 0),
            patch("sys.argv", ["x", str(folder / "out"), cell.slug]),
            redirect_stderr(io.StringIO()),
        ):
            try:
                worker.main()
            except SystemExit as end:
                if end.code == 2:
                    raise StylerepError("told on standard error") from end
                if end.code != 0:
                    raise

    given = {**given, "command": list(cell.command), "after": list(cell.after)}
    yield _file(
        "cell handed to a worker", folder, f"out/{STATE}/{cell.slug}.cell", json_file(given), given, work
    )


def _file(
    name: str, folder: Path, path: str, strategy: st.SearchStrategy[Any], content: Any, act: Callable[[], Any]
) -> Kind:
    """Write a file, of JSON lines where it holds a list, and return its kind."""
    text = (
        "".join(json.dumps(one) + "\n" for one in content)
        if isinstance(content, list)
        else json.dumps(content)
    )
    (folder / path).write_text(text, encoding="utf-8")
    return Kind(name, folder, folder / path, strategy, act)


def _directions(folder: Path) -> Iterator[Kind]:
    path = folder / "steer.safetensors"
    about = {
        "layers": 2,
        "rows": 3,
        "seed": 0,
        "kinds": {
            "verification": {"places": 30, "others": 40, "layer": 1, "auc": 0.9, "auc_95": [0.8, 0.95]}
        },
    }
    tensors = {"verification": torch.ones(2, 4)}
    save_file(tensors, path, metadata={"stylerep": json.dumps(about)})
    act = partial(load_direction, path, "verification", None)
    written = json_text(about).map(
        lambda text: save(tensors, metadata={"stylerep": text.encode("utf-8", "replace").decode()})
    )
    yield Kind("directions: what they say of themselves", folder, path, written, act)
    yield Kind("directions", folder, path, any_bytes(path.read_bytes()), act)


@st.composite
def _tables(draw: st.DrawFn, path: Path) -> bytes:
    """Draw the bytes of a Parquet file in which a column is missing, of another type, or without values."""
    table = pq.read_table(path)
    name = draw(st.sampled_from(table.column_names))
    place, n = table.column_names.index(name), table.num_rows
    values = draw(
        st.sampled_from(
            (
                [None] * n,
                [3] * n,
                [1.5] * n,
                ["x"] * n,
                [[1]] * n,
                [{"a": 1}] * n,
                [b"\xff"] * n,
                [True] * n,
                None,
                "empty",
            )
        )
    )
    if values is None:
        table = table.drop_columns([name])
    elif values == "empty":
        table = table.slice(0, 0)
    else:
        column = pa.array(values)
        invalid = pa.Array.from_buffers(pa.string(), n, pa.array([b"\xff\xfe"] * n).buffers())
        table = table.set_column(place, name, invalid if values[0] == b"\xff" else column)
    output = io.BytesIO()
    pq.write_table(table, output)
    return output.getvalue()
