"""``stylerep learnability`` as it is typed, killed, and read."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from distill.models.adapter_base import weights_digest
from harness_ext.compare.equal_learnability import overlap
from harness_ext.pipelines.learnability import learnability
from harness_ext.pipelines.learnability.report import report_of
from harness_ext.pipelines.learnability.run import SCHEMA
from synth.errors import StylerepError
from synth.traces.datasets import read_dataset
from synth.traces.synthesis import synth
from tests.conftest import one_sentence

Run = Callable[..., Any]
ARMS = ["sbs", "hc", "hc_w", "nt"]


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("data")
    return synth("arith:train", ARMS, folder, n=24, dials={"trace_words": 40}, decontaminate=False)


def test_each_row_of_each_arm_is_measured(
    stylerep_here: Run, tiny_model: Path, data: dict[str, Path], tmp_path: Path
) -> None:
    done = stylerep_here(
        *("learnability", *data.values(), "--model", tiny_model, "--out", "rows.parquet"),
        *("--json", "all.json", "--n", 20),
    )
    assert done.returncode == 0, done.stderr
    assert "Against sbs, on the same problems" in done.stdout
    table = pq.read_table(tmp_path / "rows.parquet")
    assert table.schema.names == SCHEMA.names
    rows = table.to_pylist()
    assert [row["arm"] for row in rows[:8]] == ARMS * 2  # in the order of the problems
    assert len(rows) == 80
    assert len({row["fingerprint"] for row in rows}) == 4
    said = json.loads((tmp_path / "all.json").read_text())
    assert [one["arm"] for one in said["arms"]] == ARMS
    hc, hc_w = ([row for row in rows if row["arm"] == arm] for arm in ("hc", "hc_w"))
    for one, other in zip(hc, hc_w, strict=True):  # they differ in the conclusion alone
        assert one["surprisal_step"] == pytest.approx(other["surprisal_step"], abs=1e-4)
        assert one["tokens_step"] == other["tokens_step"]
    assert said["differences"][2]["signature"].startswith("test:paired-t|n:20|")
    assert not (tmp_path / "rows.parquet.unfinished.jsonl").exists()


def test_a_killed_measurement_goes_on(
    tiny_model: Path, data: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from harness_ext.pipelines.learnability import run

    monkeypatch.setattr(run, "_BLOCK", 16)
    whole, out = tmp_path / "whole.parquet", tmp_path / "rows.parquet"
    learnability(str(tiny_model), list(data.values()), whole)
    blocks = 0

    def killed(*arguments: Any) -> Any:
        nonlocal blocks
        blocks += 1
        if blocks == 3:
            raise KeyboardInterrupt
        return measure(*arguments)

    measure = run.measure
    with monkeypatch.context() as patch:
        patch.setattr(run, "measure", killed)
        with pytest.raises(KeyboardInterrupt):
            learnability(str(tiny_model), list(data.values()), out)
    assert not out.exists()
    with pytest.raises(StylerepError, match="rows of each arm None, not 5"):
        learnability(str(tiny_model), list(data.values()), out, n=5)
    said: list[str] = []
    learnability(str(tiny_model), list(data.values()), out, say=said.append)
    assert said[:1] == ["Going on after 32 of 96 rows."]
    assert pq.read_table(out).equals(pq.read_table(whole))


def test_what_was_found_is_recorded_in_the_manifest(tiny_model: Path, tmp_path: Path) -> None:
    made = synth("arith:train", ["nt"], tmp_path / "d", n=5, decontaminate=False)["nt"]
    before = json.loads((made / "manifest.json").read_text())
    report = learnability(str(tiny_model), [made], tmp_path / "rows.parquet", record=True)
    after = json.loads((made / "manifest.json").read_text())
    ((student, found),) = after.pop("learnability").items()
    assert after == before
    assert student == weights_digest(tiny_model)
    assert found["surprisal"] == report.arms[0].surprisal.estimate
    assert found["parts"]["step"] is None
    assert len(read_dataset(made)[0]) == 5


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["missing", "--model", "MODEL", "--out", "o"], "this is not a trace data set"),
        (["DATA", "--model", "nowhere", "--out", "o"], "There is no model 'nowhere'"),
        (["DATA", "--model", "MODEL", "--adapter", "no", "--out", "o"], "there is no adapter here"),
        (["DATA", "DATA", "--model", "MODEL", "--out", "o"], "Two of the data sets are the same"),
        (["DATA", "--model", "MODEL", "--out", "no/o"], "--out no/o: there is no folder no"),
        (["DATA", "--model", "MODEL", "--out", "DATA/train.parquet"], "this is also what is read"),
        (["DATA", "--model", "MODEL", "--out", "o", "--json", "o"], "--out and --json both name o"),
    ],
)
def test_a_mistake_is_told_in_a_sentence(
    stylerep_here: Run,
    tiny_model: Path,
    data: dict[str, Path],
    tmp_path: Path,
    arguments: list[str],
    says: str,
) -> None:
    given = [one.replace("DATA", str(data["hc"])).replace("MODEL", str(tiny_model)) for one in arguments]
    assert says in one_sentence(stylerep_here("learnability", *given))
    assert not list(tmp_path.iterdir())


def test_arms_that_have_nothing_in_common_do_not_overlap() -> None:
    assert overlap(range(100), range(100)) == pytest.approx(0.9, abs=0.02)
    assert overlap(range(100), range(200, 300)) == 0
    row = {f"surprisal_{part}": None for part in ("pivot", "framing", "step", "check", "wrong_turn")}
    rows = [
        {
            **row,
            "model": "m",
            "arm": arm,
            "data": arm,
            "id": str(i),
            "tokens": 4,
            "rank": 2.0,
            "surprisal": base + i / 100,
            "surprisal_conclusion": 1.0,
        }
        for arm, base in (("sbs", 1.0), ("hc", 5.0), ("sbs", 9.0))
        for i in range(10)
        if (arm, base) != ("sbs", 9.0)
    ]
    report = report_of(rows)
    assert not report.differences[0].overlaps
    assert report.differences[0].difference is not None
    assert report.differences[0].difference.estimate == pytest.approx(4.0)
    assert report.arms[0].rank_surprisal_ratio == pytest.approx(2.0 / 1.045)
