"""A study goes on from an outcomes file in an empty folder, and comes to the same."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
import yaml

from harness_ext.pipelines import study as module
from harness_ext.pipelines.study import StudyOutcome, cells, plan, plan_lines, reproduce
from harness_ext.pipelines.study.worker import read_journal
from harness_ext.runs.outcomes import OutcomesFile, is_restored
from harness_ext.runs.run_folder import read_manifest
from synth.errors import StylerepError
from tests.harness_ext.pipelines.study.finished_cells import MadeUp

MODEL, ITEMS = "smollm2-135m-instruct", 40
ARMS = {"base": 10, "nt": 12, "hc": 30}
RIGHT = {(MODEL, arm): [1.0] * count + [0.0] * (ITEMS - count) for arm, count in ARMS.items()}
Run = Callable[..., tuple[StudyOutcome, list[str], list[str]]]


def write(folder: Path, **changes: Any) -> Path:
    content = {
        "name": "lost",
        "models": [MODEL],
        "problems": "arith:train",
        "n": 8,
        "arms": ["nt", "hc"],
        "seeds": [0],
        "train": {},
        "evaluate": {"model": "style-hf", "tasks": "style_arith", "limit": ITEMS},
        "margin": 0.05,
        "claims": [{"name": "style helps", "better": ["hc", "base"]}],
    }
    path = folder / "lost.yaml"
    path.write_text(yaml.safe_dump({**content, **changes}), encoding="utf-8")
    return path


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs a study whose cells are made up: how it ended, which it started, what it said."""

    def made_up(file: Path, out: Path, **options: Any) -> tuple[StudyOutcome, list[str], list[str]]:
        engine = MadeUp(RIGHT, **{name: options.pop(name) for name in ("most",) if name in options})
        monkeypatch.setattr(module, "make_engine", lambda *_: engine)
        monkeypatch.setattr("harness_ext.pipelines.study.cell_schedule._POLL", 0)
        monkeypatch.setattr("harness_ext.pipelines.study.estimate.matrix_rate", lambda: 1e11)
        said: list[str] = []
        return reproduce(file, out, 1, say=said.append, **options), engine.started, said

    return made_up


def verdicts(folder: Path) -> Any:
    return json.loads((folder / "verdicts.json").read_text(encoding="utf-8"))


def names(file: Path) -> list[str]:
    return sorted(one.label.run for one in OutcomesFile(file).runs().values())


def test_a_study_whose_machine_was_lost_goes_on_elsewhere_to_the_same_verdicts(
    tmp_path: Path, run: Run
) -> None:
    study, file = write(tmp_path), tmp_path / "found.parquet"
    whole, _, _ = run(study, tmp_path / "whole")
    with pytest.raises(KeyboardInterrupt):  # before the arm hc is trained
        run(study, tmp_path / "lost", outcomes=file, most=5)
    assert names(file) == [f"{MODEL}/base", f"{MODEL}/nt-0"]
    ended, started, said = run(study, tmp_path / "new", outcomes=file)
    # neither the arm nt is trained, nor what was evaluated before is again
    left = ["traces", f"model {MODEL}", f"distill {MODEL} hc 0", f"evaluate {MODEL} hc 0"]
    assert started == left
    assert f"{file} holds 2 of the study's 3 runs, of which 2 are taken now." in said
    assert names(file) == [f"{MODEL}/base", f"{MODEL}/hc-0", f"{MODEL}/nt-0"]
    assert verdicts(tmp_path / "new") == verdicts(tmp_path / "whole")
    assert not ended.not_added
    assert whole.report is not None
    report = (tmp_path / "new/report.md").read_text(encoding="utf-8")
    assert "2 of 3 runs were taken from an outcomes file" in report


def test_a_file_with_all_runs_gives_verdicts_and_board_without_a_cell(tmp_path: Path, run: Run) -> None:
    study, file = write(tmp_path), tmp_path / "found.parquet"
    run(study, tmp_path / "whole", outcomes=file)
    before = file.read_bytes()
    _, started, _ = run(study, tmp_path / "new", outcomes=file)
    assert started == []  # no model is pulled, nothing rendered
    assert verdicts(tmp_path / "new") == verdicts(tmp_path / "whole")
    assert (tmp_path / "new/board/table.csv").read_text() == (tmp_path / "whole/board/table.csv").read_text()
    assert file.read_bytes() == before
    events = {(one["cell"], one["event"]) for one in read_journal(tmp_path / "new")}
    assert events == {(f"evaluate {MODEL} {one}", "taken") for one in ("base", "nt 0", "hc 0")}
    # without the file too, the runs that stand there need no training
    assert run(study, tmp_path / "new")[1] == []
    # and can be brought into another file
    run(study, tmp_path / "new", outcomes=tmp_path / "other.parquet")
    assert (tmp_path / "other.parquet").read_bytes() == before


def test_runs_that_were_done_without_a_file_are_added_to_it(tmp_path: Path, run: Run) -> None:
    study, file = write(tmp_path), tmp_path / "found.parquet"
    run(study, tmp_path / "s")
    plan(study, tmp_path / "s", outcomes=file)
    assert not file.exists()  # a plan writes nothing
    _, started, said = run(study, tmp_path / "s", outcomes=file)
    assert started == []
    assert said[0].endswith("there is no such file yet; each run that ends is added to it.")
    assert len(names(file)) == 3


def test_a_plan_counts_runs_of_the_file_as_done(tmp_path: Path, run: Run) -> None:
    study, file = write(tmp_path), tmp_path / "found.parquet"
    with pytest.raises(KeyboardInterrupt):
        run(study, tmp_path / "lost", outcomes=file, most=5)
    planned = plan(study, tmp_path / "new", outcomes=file)
    assert {one.cell.name for one in planned if one.done} == {
        f"evaluate {MODEL} {a}" for a in ("base", "nt 0")
    }
    assert [one.cell.name for one in planned if one.unneeded] == [f"distill {MODEL} nt 0"]
    lines = plan_lines(planned, 1)
    assert sum(line.startswith("unneeded") for line in lines) == 1
    assert "7 cells, 2 done, 1 not needed, since what needs them is there; about" in lines[-1]
    assert not (tmp_path / "new").exists()


def test_runs_of_another_version_and_study_stay_and_are_told(
    tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "found.parquet"
    run(write(tmp_path, name="other", claims=[], margin=0.1, n=9), tmp_path / "o", outcomes=file)
    run(write(tmp_path), tmp_path / "s", outcomes=file)
    kept = OutcomesFile(file).runs().keys()
    assert len(kept) == 5  # base is the same run in both
    monkeypatch.setattr(cells, "version", lambda _: "9.9")
    _, started, said = run(write(tmp_path), tmp_path / "new", outcomes=file)
    assert f"{file} holds 0 of the study's 3 runs." in said
    (stale,) = (line for line in said if "another version of stylerep, command or input" in line)
    assert stale.startswith("2 of its runs have the names of this study's")
    assert any(line.startswith("3 of its runs are of other studies") for line in said)
    assert len(started) == 7
    assert kept < OutcomesFile(file).runs().keys()


def test_a_probe_has_its_runs_trained_and_evaluated_although_they_stand_in_the_file(
    tmp_path: Path, run: Run
) -> None:
    file = tmp_path / "found.parquet"
    run(write(tmp_path), tmp_path / "whole", outcomes=file)
    run(write(tmp_path), tmp_path / "new", outcomes=file)
    probing = write(tmp_path, probes={"n": 4})
    assert is_restored(read_manifest(tmp_path / f"new/runs/{MODEL}/hc-0"))
    read = [f"model {MODEL}", "traces", f"distill {MODEL} hc 0", f"evaluate {MODEL} hc 0", f"probe {MODEL}"]
    for folder in ("fresh", "new"):
        left = [
            one for one in plan(probing, tmp_path / folder, outcomes=file) if not (one.done or one.unneeded)
        ]
        assert {one.cell.name for one in left} == set(read)
    with pytest.raises(KeyboardInterrupt):
        run(probing, tmp_path / "fresh", outcomes=file, most=4)
    with pytest.raises(KeyboardInterrupt):
        run(probing, tmp_path / "new", outcomes=file, most=4)
    for folder in ("fresh", "new"):
        assert not is_restored(read_manifest(tmp_path / f"{folder}/runs/{MODEL}/hc-0"))
        assert is_restored(read_manifest(tmp_path / f"{folder}/runs/{MODEL}/nt-0"))


def test_learnability_needs_data_and_a_model_and_no_training(tmp_path: Path, run: Run) -> None:
    file = tmp_path / "found.parquet"
    run(write(tmp_path), tmp_path / "whole", outcomes=file)
    planned = plan(write(tmp_path, learnability={}), tmp_path / "new", outcomes=file)
    left = [one.cell.name for one in planned if not (one.done or one.unneeded)]
    assert left == ["traces", f"model {MODEL}", f"learnability {MODEL}"]


def test_a_study_with_a_stopping_rule_leaves_out_the_same_from_a_file(tmp_path: Path, run: Run) -> None:
    evaluate = {"model": "style-hf", "tasks": "style_arith", "limit": ITEMS, "stop": "settled"}
    study, file = write(tmp_path, evaluate=evaluate, arms=["hc", "nt"]), tmp_path / "found.parquet"
    run(study, tmp_path / "whole", outcomes=file)
    plan(study, tmp_path / "new", outcomes=file)
    ended, started, _ = run(study, tmp_path / "new", outcomes=file)
    assert (started, dict(ended.state.left_out)) == ([], {})
    assert verdicts(tmp_path / "new") == verdicts(tmp_path / "whole")


def test_what_cannot_be_added_is_told_and_the_study_ends(tmp_path: Path, run: Run) -> None:
    study, file = write(tmp_path), tmp_path / "found.parquet"
    original = OutcomesFile.add
    calls: list[int] = []

    def add(self: OutcomesFile, runs: Sequence[Any]) -> None:
        calls.append(len(runs))
        if len(calls) == 2:  # somebody puts another file in its place
            file.write_bytes(b"not mine")
        original(self, runs)

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(OutcomesFile, "add", add)
        ended, _, said = run(study, tmp_path / "s", outcomes=file)
    assert calls == [1, 1, 1, 2, 2]  # those that could not be added are tried again as cells end
    assert set(ended.not_added) == {f"evaluate {MODEL} nt 0", f"evaluate {MODEL} hc 0"}
    assert sum("could not be added" in line for line in said) == 2
    assert file.read_bytes() == b"not mine"
    assert ended.report is not None
    with pytest.raises(StylerepError, match="no Parquet"):
        run(study, tmp_path / "s", outcomes=file)
    file.unlink()
    assert not run(study, tmp_path / "s", outcomes=file)[0].not_added
    assert len(names(file)) == 3


def test_a_run_that_cannot_be_read_is_told(tmp_path: Path, run: Run) -> None:
    study, file = write(tmp_path), tmp_path / "found.parquet"
    run(study, tmp_path / "s")
    (samples,) = (tmp_path / f"s/runs/{MODEL}/nt-0").rglob("samples_*.jsonl")
    samples.write_text("{", encoding="utf-8")
    ended, _, said = run(study, tmp_path / "s", outcomes=file)
    assert set(ended.not_added) == {f"evaluate {MODEL} nt 0"}
    assert any(f"evaluate {MODEL} nt 0 is done, and could not be added" in line for line in said)
    assert len(names(file)) == 2


def test_a_cut_off_file_changes_nothing(tmp_path: Path, run: Run) -> None:
    study, file = write(tmp_path), tmp_path / "found.parquet"
    run(study, tmp_path / "s", outcomes=file)
    file.write_bytes(file.read_bytes()[:-100])
    before = file.read_bytes()
    with pytest.raises(StylerepError, match=r"found\.parquet: .* cut off"):
        run(study, tmp_path / "new", outcomes=file)
    assert file.read_bytes() == before
    assert not (tmp_path / "new").exists()


def test_a_file_lists_a_run_once_after_it_was_run_again(tmp_path: Path, run: Run) -> None:
    study, file = write(tmp_path), tmp_path / "found.parquet"
    run(study, tmp_path / "s", outcomes=file)
    (tmp_path / f"s/.cells/evaluate-{MODEL}-hc-0.json").unlink()
    (tmp_path / f"s/runs/{MODEL}/hc-0/manifest.json").unlink()
    _, started, _ = run(study, tmp_path / "s", outcomes=file)
    assert started == []  # it's taken from the file
    assert pq.read_table(file).num_rows == 3 * ITEMS
