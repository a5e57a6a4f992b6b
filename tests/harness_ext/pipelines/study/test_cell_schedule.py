"""Cells run once, as they become ready; what is killed is taken up again,
and what fails holds up only what needs it.
"""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from harness_ext.pipelines.study.cell_schedule import State, run_cells
from harness_ext.pipelines.study.cells import Cell
from harness_ext.pipelines.study.engine_by_name import make_engine
from harness_ext.pipelines.study.engines import Processes
from harness_ext.pipelines.study.worker import is_done, read_record
from synth.errors import StylerepError
from tests.harness_ext.pipelines.study.kills import words_of


def cell(name: str, *after: str, command: Sequence[str] = ("tasks-path",), key: str = "1") -> Cell:
    return Cell(name, "other", tuple(command), "", tuple(after), key)


def run(cells: Sequence[Cell], folder: Path, jobs: int = 2) -> tuple[State, list[str]]:
    told: list[str] = []
    state = run_cells(
        cells, folder, Processes(jobs), jobs, lambda _, event: told.append(event) if event else None
    )
    return state, told


def test_cells_run_after_what_they_wait_for_and_only_once(tmp_path: Path) -> None:
    cells = [cell("a"), cell("b", "a"), cell("c", "a"), cell("d", "b", "c")]
    state, told = run(cells, tmp_path)
    assert set(state.done) == {"a", "b", "c", "d"}
    starts = [event.split(":")[0] for event in told if event.endswith("started")]
    assert (starts[0], starts[-1]) == ("a", "d")
    state, told = run(cells, tmp_path)
    assert (state.before, state.done) == ({"a", "b", "c", "d"}, {})
    changed = [replace(one, key="2") if one.name in "bd" else one for one in cells]
    state, _ = run(changed, tmp_path)
    assert (state.before, set(state.done)) == ({"a", "c"}, {"b", "d"})


def test_a_failure_holds_up_only_what_needs_it(tmp_path: Path) -> None:
    cells = [
        cell("bad", command=("models", "pull", "gpt-7")),
        cell("after", "bad"),
        cell("beyond", "after"),
        cell("good"),
        cell("fine", "good"),
    ]
    state, told = run(cells, tmp_path)
    assert set(state.done) == {"good", "fine"}
    assert list(state.failed) == ["bad"]
    assert "There is no model 'gpt-7' to pull" in state.failed["bad"]
    assert state.blocked == ["after", "beyond"]
    assert not any("bad: its worker was killed" in event for event in told)
    assert not is_done(tmp_path, cells[0])


def test_a_killed_worker_is_started_again(tmp_path: Path) -> None:
    slow = cell("slow", command=("models", "list"))
    killed: list[int] = []

    class Killing(Processes):
        def start(self, folder: Path, one: Cell):  # type: ignore[no-untyped-def]
            job = super().start(folder, one)
            if not killed:
                process = job._process  # type: ignore[attr-defined]
                os.killpg(process.pid, signal.SIGKILL)
                killed.append(process.pid)
            return job

    told: list[str] = []
    state = run_cells([slow], tmp_path, Killing(1), 1, lambda _, event: told.append(event))
    assert set(state.done) == {"slow"}
    assert any("its worker was killed; started again" in event for event in told)


def test_a_cell_that_an_earlier_command_left_at_work_is_waited_for(tmp_path: Path) -> None:
    # A worker whose main process is gone: it holds the lock, and leaves its record when it has ended.
    one = cell("a")
    code = (
        "import sys, time; from pathlib import Path\n"
        "from harness_ext.pipelines.study import worker\nfrom harness_ext.pipelines.study.cells import Cell\n"
        f"folder, cell = Path({str(tmp_path)!r}), Cell('a', 'other', ('tasks-path',), '', (), '1')\n"
        "run = worker._run\n"
        "def slowly(*arguments):\n    print('locked', flush=True); time.sleep(4); return run(*arguments)\n"
        "worker._run = slowly; sys.exit(worker.run_cell(folder, cell))\n"
    )
    orphan = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    assert orphan.stdout is not None
    assert orphan.stdout.readline() == "locked\n"
    state, told = run([one, cell("b", "a")], tmp_path)
    assert set(state.done) == {"a", "b"}
    assert "a: still at work since an earlier command" in told
    assert orphan.wait() == 0


def test_two_commands_do_not_share_a_folder(tmp_path: Path) -> None:
    code = (
        "import time; from pathlib import Path; from synth.files.lock import hold\nwith"
        f" hold(Path({str(tmp_path)!r})): print('in', flush=True); time.sleep(60)"
    )
    other = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    try:
        assert other.stdout is not None
        assert other.stdout.readline() == "in\n"
        with pytest.raises(
            StylerepError, match=r"\(process \d+ on .+\) is writing here; wait until it has ended"
        ):
            run([cell("a")], tmp_path)
    finally:
        other.kill()
        other.wait()
    assert set(run([cell("a")], tmp_path)[0].done) == {"a"}


def test_an_interruption_stops_what_was_started(tmp_path: Path) -> None:
    slow = cell(
        "slow", command=("synth", "--problems", "arith:train", "--n", "200000", "--out", str(tmp_path / "d"))
    )

    def interrupt(state: State, _: str) -> None:
        if state.working and (tmp_path / ".cells/slow.begun").is_file():
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_cells([slow], tmp_path, Processes(1), 1, interrupt)
    assert not read_record(tmp_path, slow)
    deadline = time.monotonic() + 30
    while left := [process for process in psutil.process_iter() if str(tmp_path / "d") in words_of(process)]:
        assert time.monotonic() < deadline, left
        time.sleep(0.05)


def test_submitit_runs_cells_with_several_workers_one_of_them_killed(tmp_path: Path) -> None:
    pytest.importorskip("submitit", reason="submitit is not installed (pip install 'stylerep[cluster]')")
    engine = make_engine("submitit-local", tmp_path, 2, {})
    killed: list[str] = []

    def tell(state: State, _: str) -> None:
        for one in state.working.values():
            begun = tmp_path / f".cells/{one.cell.slug}.begun"
            if not killed and begun.is_file():
                job = one.job._job  # type: ignore[attr-defined]
                os.kill(job._process.pid, signal.SIGKILL)
                subprocess.run(["pkill", "-KILL", "-P", str(job._process.pid)], check=False)
                killed.append(one.cell.name)

    work = ("synth", "--problems", "arith:train", "--n", "50")
    cells = [
        cell(name, command=(*work, "--seed", str(seed), "--out", f"d{seed}"))
        for seed, name in enumerate("abcd")
    ]
    state = run_cells(cells, tmp_path, engine, 2, tell)
    assert set(state.done) == set("abcd")
    assert len(killed) == 1


def test_engines_that_are_not_there_are_named(tmp_path: Path) -> None:
    with pytest.raises(StylerepError, match="--engine takes processes, slurm, submitit-local; found 'ray'"):
        make_engine("ray", tmp_path, 1, {})
    with pytest.raises(StylerepError, match="--engine-option is for clusters"):
        make_engine("processes", tmp_path, 1, {"partition": "x"})
