"""Which cell runs next in a study whose runs stop once they are settled, and which needn't."""

import contextlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import yaml

from harness_ext.compare import Outcome
from harness_ext.compare.claims_so_far import SoFar
from harness_ext.compare.hypotheses import Finding
from harness_ext.pipelines import study as module
from harness_ext.pipelines.study import StudyOutcome, plan, plan_lines, reproduce
from harness_ext.pipelines.study.cells import study_cells
from harness_ext.pipelines.study.file import load_study
from harness_ext.pipelines.study.next_cell import RULE, ByClaims
from tests.harness_ext.pipelines.study.finished_cells import MadeUp, finish

ITEMS = 100
ONE, TWO = "smollm2-135m-instruct", "gemma3-270m"


def right(count: int) -> list[float]:
    """Right answers to the first *count* of the items."""
    return [1.0] * count + [0.0] * (ITEMS - count)


def write(folder: Path, claims: Sequence[Any], **changes: Any) -> Path:
    content = {
        "name": "watched",
        "models": [ONE],
        "problems": "arith:train",
        "n": 8,
        "arms": ["nt", "sbs", "hc", "hc_w"],
        "seeds": [0],
        "train": {},
        "evaluate": {"model": "style-hf", "tasks": "style_arith", "limit": ITEMS, "stop": "settled"},
        "margin": 0.05,
        "claims": list(claims),
    }
    path = folder / "watched.yaml"
    path.write_text(yaml.safe_dump({**content, **changes}), encoding="utf-8")
    return path


def run(
    file: Path, out: Path, engine: MadeUp, monkeypatch: pytest.MonkeyPatch, **options: Any
) -> tuple[StudyOutcome, list[str]]:
    monkeypatch.setattr(module, "make_engine", lambda *_: engine)
    monkeypatch.setattr("harness_ext.pipelines.study.cell_schedule._POLL", 0)
    monkeypatch.setattr("harness_ext.pipelines.study.estimate.matrix_rate", lambda: 1e11)
    told: list[str] = []
    return reproduce(file, out, 1, say=told.append, **options), told


def evaluated(engine: MadeUp) -> list[str]:
    return [name.removeprefix("evaluate ") for name in engine.started if name.startswith("evaluate")]


def outcomes(**arms: int) -> dict[tuple[str, str], list[float]]:
    """Outcomes of the first model."""
    return {(ONE, arm): right(count) for arm, count in arms.items()}


def test_the_arms_that_most_claims_need_come_first_and_unclaimed_ones_last(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    claims = [
        {"name": "one", "better": ["hc_w", "base"]},
        {"name": "two", "better": ["hc", "base"]},
        {"name": "three", "better": ["hc", "nt"]},
    ]
    engine = MadeUp(outcomes(base=10, nt=20, sbs=30, hc=60, hc_w=40))
    _, told = run(write(tmp_path, claims), tmp_path / "s", engine, monkeypatch)
    # base serves three claims and hc two of them, so that each pays a part; nt is shorter than hc_w
    assert evaluated(engine) == [f"{ONE} {arm}" for arm in ("base", "hc 0", "nt 0", "hc_w 0", "sbs 0")]
    report = (tmp_path / "s/report.md").read_text(encoding="utf-8")
    assert RULE.partition("(")[0].strip() in report
    assert not any("not run" in line for line in told)


def test_the_claim_whose_cells_cost_least_comes_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    claims = [{"better": ["nt", "base"]}, {"better": ["sbs", "base"]}, {"better": ["hc", "base"]}]
    file = write(tmp_path, claims)
    engine = MadeUp(outcomes(base=10, nt=20, sbs=30, hc=60, hc_w=40))
    for cell in study_cells(load_study(file)):
        if cell.name in ("traces", f"distill {ONE} hc 0"):  # an earlier command got so far
            finish(tmp_path / "s", cell, {}, 10.0)
    run(file, tmp_path / "s", engine, monkeypatch)
    assert evaluated(engine) == [f"{ONE} {arm}" for arm in ("base", "hc 0", "nt 0", "sbs 0", "hc_w 0")]


def test_evidence_for_a_claim_brings_its_next_model_forward() -> None:
    def so_far(*p_values: tuple[float, float]) -> SoFar:
        findings = tuple(Finding("c", "m", p, contrary, "", "") for p, contrary in p_values)
        return SoFar(findings, False, 0.05, 10)

    shares = [so_far((p, 0.9)).share for p in (0.001, 0.02, 0.2)]
    assert shares[0] == 1.0
    assert 0.5 < shares[1] < 1.0
    assert shares[2] == 0.05  # it can't be met any more, and nothing speaks for its contrary
    assert so_far().share == 0.5
    assert so_far((0.9, 0.06)).share == pytest.approx(0.939, abs=0.001)
    assert so_far((0.0001, 1.0), (0.02, 1.0)).share == shares[1]  # the weakest counts
    assert so_far((0.0001, 1.0)).outcome is None  # another model is to come
    assert SoFar(so_far((0.005, 1.0)).findings, True, 0.05, 10).outcome is Outcome.MET
    assert SoFar(so_far((0.006, 1.0)).findings, True, 0.05, 10).outcome is None
    assert so_far((1.0, 0.05)).outcome is Outcome.NOT_MET


REFUTED = [
    {"name": "styled traces help", "better": ["hc", "base"]},
    {"name": "both", "all": [{"better": ["sbs", "base"]}, {"better": ["hc_w", "base"]}]},
]


def two_models(**arms: int) -> dict[tuple[str, str], list[float]]:
    return {(model, arm): right(count) for model in (ONE, TWO) for arm, count in arms.items()}


def test_cells_that_settled_claims_alone_need_are_not_run_unless_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # hc is worse than base, sbs too: neither claim can be met, whatever the rest would show
    found = two_models(base=60, sbs=10, hc=10, hc_w=95)
    file = write(tmp_path, REFUTED, models=[ONE, TWO], arms=["sbs", "hc", "hc_w"])
    engine, out = MadeUp(found), tmp_path / "s"
    ended, told = run(file, out, engine, monkeypatch)
    ran = evaluated(engine)
    assert len(ran) == 3  # base, and each of the two arms, of one model
    assert f"{TWO} base" not in ran
    assert not any("hc_w" in name for name in engine.started)
    assert f"evaluate {TWO} hc 0" in ended.state.left_out
    assert f"distill {ONE} hc_w 0" in ended.state.left_out
    assert any(line.endswith("not run, since what needs it is settled: 'both' (not met)") for line in told)
    assert ended.report is not None
    assert ended.report.judgement is not None
    assert [one.outcome for one in ended.report.judgement.results] == [Outcome.NOT_MET] * 2
    report = (out / "report.md").read_text(encoding="utf-8")
    assert "hc\\_w was not run" in report
    assert f"evaluate {TWO} hc 0: not run, since what needs it is settled" in report

    again = MadeUp(found)
    run(file, out, again, monkeypatch)
    assert again.started == []
    planned = plan(file, out)
    assert sum(one.left_out for one in planned) == len(ended.state.left_out)
    assert (
        f"{len(ended.state.left_out)} left out, since what needs them is settled"
        in plan_lines(planned, 1)[-1]
    )
    assert not any(one.left_out for one in plan(file, out, also_settled=True))
    asked, _ = run(file, out, again, monkeypatch, also_settled=True)
    assert set(again.started) == set(ended.state.left_out)
    assert asked.state.left_out == {}
    assert {cell.name for cell in asked.state.cells} == asked.state.finished


def test_a_study_that_was_ended_goes_on_in_the_order_of_one_that_was_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    claims = [
        {"better": ["hc", "base"]},
        {"noninferior": ["sbs", "hc"]},
        {"better": ["hc", "hc_w"]},
        {"name": "against", "better": ["nt", "hc"]},
    ]
    found = two_models(base=10, nt=20, sbs=58, hc=60, hc_w=40)
    seconds = {("evaluate", "hc"): 300.0, ("distill", "sbs"): 200.0, ("evaluate", "nt"): 3.0}
    file = write(tmp_path, claims, models=[ONE, TWO])
    whole = MadeUp(found, seconds)
    run(file, tmp_path / "whole", whole, monkeypatch)
    started: list[str] = []
    for _ in range(len(whole.started)):  # one that ends after each cell
        part = MadeUp(found, seconds, most=1)
        with contextlib.suppress(KeyboardInterrupt):
            run(file, tmp_path / "parts", part, monkeypatch)
        started += part.started
    assert started == whole.started


def test_claims_that_a_failed_cell_holds_up_leave_nothing_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    claims = [{"better": ["hc", "base"]}, {"better": ["hc", "nt"]}, {"better": ["sbs", "base"]}]
    engine = MadeUp(outcomes(base=10, nt=20, sbs=60, hc_w=40), fails=f"distill {ONE} hc 0")
    ended, _ = run(write(tmp_path, claims), tmp_path / "s", engine, monkeypatch)
    assert ended.state.left_out == {}
    # what can be settled comes first, what no claim needs last
    assert evaluated(engine) == [f"{ONE} base", f"{ONE} sbs 0", f"{ONE} hc_w 0"]
    assert f"evaluate {ONE} nt 0" in ended.state.blocked  # it would have been compared with hc


def test_probes_keep_the_runs_that_they_read(tmp_path: Path) -> None:
    file = write(tmp_path, REFUTED, models=[ONE, TWO], arms=["sbs", "hc", "hc_w"], probes={"n": 5})
    study = load_study(file)
    cells = study_cells(study)
    found = two_models(base=60, sbs=10, hc=10, hc_w=95)
    done = [f"evaluate {ONE} {arm}" for arm in ("base", "hc 0", "sbs 0")]
    for cell in cells:
        if cell.name in done:
            finish(tmp_path / "s", cell, found, 10.0)
    assert ByClaims(study, cells, tmp_path / "s").left_out(done) == {}


def test_without_claims_or_stopping_cells_run_in_the_order_of_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = outcomes(base=60, nt=20, sbs=30, hc=10, hc_w=40)
    whole = {"tasks": "style_arith", "limit": ITEMS, "max_gen_toks": 8}
    for number, (claims, changes) in enumerate(
        [([], {}), ([{"better": ["hc_w", "nt"]}], {"evaluate": whole})]
    ):
        engine = MadeUp(found)
        file = write(tmp_path, claims, **changes)
        run(file, tmp_path / str(number), engine, monkeypatch)
        assert engine.started == [cell.name for cell in study_cells(load_study(file))]
        assert RULE.partition("(")[0].strip() not in (tmp_path / str(number) / "report.md").read_text()
