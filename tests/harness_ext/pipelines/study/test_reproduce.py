"""A study runs to its report; killed, it goes on to the same results; on another engine it gives the same."""

import contextlib
import json
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest

from harness_ext.pipelines.study.worker import read_journal
from tests.conftest import one_sentence
from tests.harness_ext.pipelines.study.files import results, write_study
from tests.harness_ext.pipelines.study.kills import run_killed, words_of

Run = Callable[..., subprocess.CompletedProcess[str]]
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory, tiny_model: Path) -> Path:
    """A study of two arms, run without interruption by one process at a time."""
    folder = tmp_path_factory.mktemp("whole")
    run_killed(write_study(folder, tiny_model), folder / "s", 0, 0, 0, jobs=1)
    return folder / "s"


def test_a_study_ends_in_verdicts_a_board_and_a_report(whole: Path) -> None:
    verdicts = json.loads((whole / "verdicts.json").read_text(encoding="utf-8"))
    assert [(one["arm"], one["n"]) for one in verdicts["comparisons"]] == [("nt", 4), ("hc", 4)]
    page = (whole / "report.html").read_text(encoding="utf-8")
    assert "style_arith: accuracy, % [95 %], by arm" in page
    assert verdicts["comparisons"][0]["signature"] in page
    assert (whole / "board/index.html").is_file()
    assert "| model | base | nt | hc |" in (whole / "report.md").read_text(encoding="utf-8")
    assert len(results(whole)) > 10
    # claims were there before the runs
    assert (verdicts["claims"]["recorded_in_runs"], verdicts["claims"]["runs"]) == (3, 3)


def test_a_study_stops_its_runs_once_they_are_settled(tmp_path: Path, tiny_model: Path) -> None:
    evaluate = {"tasks": "style_arith", "limit": 60, "max_gen_toks": 4, "batch-size": 30, "stop": "settled"}
    alike = [{"equivalent": [one, other]} for one, other in (("nt", "base"), ("hc", "base"), ("hc", "nt"))]
    study = write_study(tmp_path, tiny_model, claims=alike, evaluate=evaluate, margin=0.3)
    run_killed(study, tmp_path / "s", 0, 0, 0, jobs=1)
    verdicts = json.loads((tmp_path / "s" / "verdicts.json").read_text(encoding="utf-8"))
    (nt, hc), claims = verdicts["comparisons"], verdicts["claims"]
    assert nt["n"] == 60  # hc is compared with it
    assert hc["n"] < 60
    assert "confidence-sequence" in hc["signature"]
    assert (hc["verdict"], claims["outcome"]) == ("equivalent", "met")
    stopping = json.loads((tmp_path / "s/runs/tiny/hc-0/manifest.json").read_text())["stopping"]
    assert set(stopping["style_arith"]["claims"].values()) == {"shown"}
    report = (tmp_path / "s" / "report.md").read_text(encoding="utf-8")
    assert "There is no board" in report
    assert not (tmp_path / "s" / "board").exists()


def test_done_cells_are_not_run_again_and_a_change_redoes_what_depends_on_it(
    stylerep: Run, whole: Path, tmp_path: Path, tiny_model: Path
) -> None:
    before = results(whole)
    again = stylerep("reproduce", whole.parent / "study.yaml", "--out", whole)
    assert "6 of 6 cells were done before" in again.stdout
    assert results(whole) == before
    dry = stylerep("reproduce", write_study(tmp_path, tiny_model, seeds=[0, 1]), "--out", whole, "--dry-run")
    assert dry.stdout.count("done  stylerep") == 6
    assert "10 cells, 6 done" in dry.stdout
    other = stylerep(
        "reproduce",
        write_study(tmp_path, tiny_model, claims=[{"better": ["nt", "base"]}]),
        "--out",
        whole,
        "--dry-run",
    )
    assert "6 cells, 6 done" in other.stdout  # a claim made afterwards redoes nothing


def test_a_killed_study_goes_on_to_the_same_results(whole: Path, tmp_path: Path) -> None:
    journal = read_journal(whole)
    # of what a machine takes, so that a fast one does not end before the last kill
    longest = (journal[-1]["time"] - journal[0]["time"]) / 4
    killed = run_killed(whole.parent / "study.yaml", tmp_path / "s", 4, 3, longest)
    assert killed == 4
    assert results(tmp_path / "s") == results(whole)
    events = Counter((one["cell"], one["event"]) for one in read_journal(tmp_path / "s"))
    cells = {cell for cell, _ in events}
    assert all(events[cell, "done"] == 1 for cell in cells)  # nothing that was done was done again
    # two were under way at a time
    assert sum(events[cell, "begun"] + events[cell, "continued"] - 1 for cell in cells) <= 2 * killed


def worker_at(word: str, study: psutil.Process) -> psutil.Process | None:
    """Return the worker of a study's engine one of whose processes was started with a word,
    if there is one now.
    """
    # one that ends meanwhile, or has ended and was not waited for, has no words
    with contextlib.suppress(psutil.Error):
        for worker in study.children(recursive=True):
            if "submitit.core._submit" in words_of(worker) and any(
                word in words_of(part) for part in worker.children(recursive=True)
            ):
                return worker
    return None


def test_two_workers_of_an_engine_one_of_them_killed_give_the_results_of_one_process(
    whole: Path, tmp_path: Path
) -> None:
    pytest.importorskip("submitit", reason="submitit is not installed (pip install 'stylerep[cluster]')")
    command = [
        sys.executable,
        "-m",
        "harness_ext",
        "reproduce",
        str(whole.parent / "study.yaml"),
        "--out",
        str(tmp_path / "s"),
        "--engine",
        "submitit-local",
    ]
    with subprocess.Popen(
        [*command, "--jobs", "2"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        at_it = None
        while process.poll() is None and at_it is None:
            time.sleep(0.05)
            at_it = worker_at("adapters/tiny/hc-0", psutil.Process(process.pid))
        assert at_it is not None, "the study ended before its training was seen"
        for one in (at_it, *at_it.children(recursive=True)):
            with contextlib.suppress(psutil.NoSuchProcess):
                one.kill()
        out, errors = process.communicate()
    assert process.returncode == 0, errors[-2000:]
    assert "its worker was killed; started again" in out
    assert results(tmp_path / "s") == results(whole)


def test_arms_under_controls_drawn_twice_are_compared_and_a_killed_evaluation_keeps_its_responses(
    tmp_path: Path, tiny_model: Path
) -> None:
    evaluate: dict[str, Any] = {"tasks": "style_arith", "limit": 4, "max_gen_toks": 8, "model": "style-hf"}
    evaluate |= {"repeats": 2, "temperature": 0.7}
    controls = [{"suppress": "realization"}, {"think_budget": 4}]
    study = write_study(
        tmp_path,
        tiny_model,
        arms=["hc"],
        evaluate=evaluate,
        controls=controls,
        claims=[{"equivalent": ["hc", "hc+budget4"]}],
    )
    run_killed(study, tmp_path / "s", 0, 0, 0, jobs=1)
    verdicts = json.loads((tmp_path / "s/verdicts.json").read_text(encoding="utf-8"))
    arms = ["base+no-realization", "base+budget4", "hc", "hc+no-realization", "hc+budget4"]
    assert [one["arm"] for one in verdicts["comparisons"]] == arms
    assert f"| model | base | {' | '.join(arms)} |" in (tmp_path / "s/report.md").read_text(encoding="utf-8")
    run = tmp_path / "s/runs/tiny/hc+budget4-0"
    responses, before = (run / "responses.jsonl").read_bytes(), results(tmp_path / "s")
    assert responses.count(b"\n") == 4 * 2
    (samples,) = run.rglob("samples_*.jsonl")
    assert all(
        row["draws"] == 2 and len(row["resps"][0]) == 2
        for row in map(json.loads, samples.read_text(encoding="utf-8").splitlines())
    )
    assert "avg@2" in (tmp_path / "s/report.md").read_text(encoding="utf-8")
    # as if it had been killed just before it was recorded
    (tmp_path / "s/.cells/evaluate-tiny-hc+budget4-0.json").unlink()
    run_killed(study, tmp_path / "s", 0, 0, 0, jobs=1)
    assert (run / "responses.jsonl").read_bytes() == responses
    assert results(tmp_path / "s") == before


def test_what_fails_is_listed_and_the_rest_is_reported(
    stylerep: Run, tmp_path: Path, tiny_model: Path
) -> None:
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken/config.json").write_text("{}", encoding="utf-8")
    models = [{"name": str(tiny_model), "as": "tiny"}, {"name": str(tmp_path / "broken")}]
    result = stylerep(
        "reproduce", write_study(tmp_path, tiny_model, models=models, arms=["nt"], claims=[]), "--out", "s"
    )
    assert result.returncode == 1
    assert "FAILED  evaluate broken base: " in result.stderr
    assert "not run, since what they need failed: evaluate broken nt 0" in result.stderr
    assert "FAILED" in (tmp_path / "s/report.md").read_text(encoding="utf-8")
    assert [
        one["model"] for one in json.loads((tmp_path / "s/verdicts.json").read_text())["comparisons"]
    ] == [str(tiny_model)]


def test_arms_that_could_not_be_trained_leave_the_others_compared(
    stylerep: Run, tmp_path: Path, tiny_model: Path
) -> None:
    study = write_study(tmp_path, tiny_model)
    (tmp_path / "s/adapters/tiny").mkdir(parents=True)
    (tmp_path / "s/adapters/tiny/hc-0").write_text("in the way", encoding="utf-8")
    result = stylerep("reproduce", study, "--out", "s")
    assert result.returncode == 1
    assert "FAILED  distill tiny hc 0: " in result.stderr
    report = (tmp_path / "s/report.md").read_text(encoding="utf-8")
    assert "THE CLAIMS WERE NOT JUDGED" in report
    assert "| nt-0 |" in report


def test_a_dry_run_leaves_nothing(stylerep: Run, tmp_path: Path) -> None:
    result = stylerep("reproduce", "demo", "--out", "s", "--dry-run")
    assert "stylerep distill --model smollm2-135m-instruct --data data/hc" in result.stdout
    assert not (tmp_path / "s").exists()


def test_a_file_in_the_way_and_a_wrong_option_are_told(stylerep: Run, tmp_path: Path) -> None:
    (tmp_path / "s").write_text("x")
    assert "a file stands where" in one_sentence(stylerep("reproduce", "demo", "--out", "s"))
    assert "--engine takes processes" in one_sentence(
        stylerep("reproduce", "demo", "--out", "t", "--engine", "ray")
    )
    assert "--engine-option takes NAME=VALUE" in one_sentence(
        stylerep("reproduce", "demo", "--out", "t", "--engine-option", "x")
    )
