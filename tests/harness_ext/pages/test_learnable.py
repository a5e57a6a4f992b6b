"""`stylerep analyze --learnability`: what a student found of the rows stands beside their style."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import stylerep
from synth.traces.synthesis import synth
from tests.conftest import one_sentence

Run = Callable[..., Any]


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    folder = tmp_path_factory.mktemp("data")
    made = synth("arith:train", ["hc", "sbs"], folder, n=4, dials={"trace_words": 40}, decontaminate=False)
    return list(made.values())


def table(data: list[Path], path: Path, **changed: object) -> Path:
    """Write what a student may have found: 1 to 4 nats in rows of the first arm, 5 to 8 in the second's."""
    rows = []
    for place in range(4):  # rows of one problem stand together
        for arm, folder in enumerate(data):
            manifest = json.loads((folder / "manifest.json").read_text())
            nats = 1.0 + place + 4 * arm
            rows.append(
                {
                    "model": "student",
                    "base_sha256": "0" * 64,
                    "adapter": None,
                    "fingerprint": manifest["fingerprint"],
                    "surprisal": nats,
                    "surprisal_pivot": nats + 10 if arm == 0 else None,
                    "surprisal_step": nats + 20,
                    "surprisal_conclusion": nats + 30,
                    "rank": 2.0,
                    **changed,
                }
            )
    pq.write_table(pa.Table.from_pylist(rows), path)
    return path


def test_each_row_has_its_own_numbers_and_each_arm_its_means(
    data: list[Path], stylerep_here: Run, tmp_path: Path
) -> None:
    found = table(data, tmp_path / "found.parquet")
    done = stylerep_here(
        "analyze", *data, "--learnability", found, "--json", "all.json", "--html", "report.html"
    )
    assert done.returncode == 0, done.stderr
    said = json.loads((tmp_path / "all.json").read_text())
    assert [row["surprisal"] for row in said["responses"]] == [1, 2, 3, 4, 5, 6, 7, 8]
    assert [row["surprisal_pivot"] for row in said["responses"]][:5] == [11, 12, 13, 14, None]
    (hc, sbs) = (group["means"] for group in said["groups"] if group["outcome"] == "all")
    assert (hc["surprisal"], hc["surprisal_pivot"], hc["rank"]) == (2.5, 12.5, 2.0)
    assert (sbs["surprisal_step"], sbs["surprisal_pivot"]) == (26.5, None)
    assert ["hc", "2.50", "12.50", "22.50", "32.50", "2.00"] in [
        line.replace("│", " ").replace("|", " ").split() for line in done.stdout.splitlines()
    ]
    assert "Learnability is student's, before any training; 8 of 8 responses have it." in done.stderr
    page = (tmp_path / "report.html").read_text()
    assert "How surprising to the student" in page
    assert "<td>12.50</td>" in page


def test_without_tables_nothing_of_it_is_said(data: list[Path], stylerep_here: Run, tmp_path: Path) -> None:
    done = stylerep_here("analyze", data[0], "--html", "report.html")
    assert done.returncode == 0, done.stderr
    assert "surprising" not in done.stdout + (tmp_path / "report.html").read_text()


def test_rows_beyond_those_that_were_read_have_none(data: list[Path], tmp_path: Path) -> None:
    whole = pq.read_table(table(data, tmp_path / "found.parquet"))
    pq.write_table(whole.slice(0, 4), tmp_path / "two.parquet")  # --n 2
    found = stylerep.analyze(data, learnability=tmp_path / "two.parquet")
    assert [one.metrics["surprisal"] for one in found.scored] == [1, 2, None, None, 5, 6, None, None]
    assert "4 of 8 responses have it." in found.notes[-1]


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"fingerprint": "f" * 64}, "None of these responses is a row of the data sets"),
        ({"rank": "second"}, None),
    ],
)
def test_what_fits_no_row_is_told(
    change: dict[str, object], sentence: str | None, data: list[Path], stylerep_here: Run, tmp_path: Path
) -> None:
    found = table(data, tmp_path / "found.parquet", **change)
    done = stylerep_here("analyze", *data, "--learnability", found)
    if sentence is None:  # what's no number is missing
        assert done.returncode == 0
        assert "second" not in done.stdout
    else:
        assert sentence in one_sentence(done)


def test_tables_of_several_students_and_what_is_no_table_are_told(
    data: list[Path], stylerep_here: Run, tmp_path: Path
) -> None:
    one = table(data, tmp_path / "one.parquet")
    other = table(data, tmp_path / "other.parquet", model="another")
    done = stylerep_here("analyze", *data, "--learnability", one, "--learnability", other)
    assert "of several students (another, student)" in one_sentence(done)
    pq.write_table(pa.table({"model": ["student"]}), tmp_path / "none.parquet")
    (tmp_path / "text.parquet").write_text("none")
    for name in ("none.parquet", "text.parquet"):
        done = stylerep_here("analyze", *data, "--learnability", tmp_path / name)
        assert "this is no table of stylerep learnability" in one_sentence(done)
    done = stylerep_here("analyze", *data, "--learnability", tmp_path / "nowhere.parquet")
    assert "nowhere.parquet" in one_sentence(done)
