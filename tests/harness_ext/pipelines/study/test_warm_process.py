"""Cells that run as forks of a process that has the libraries loaded."""

import contextlib
import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from harness_ext.pipelines.study import warm_process
from harness_ext.pipelines.study.cell_schedule import State, run_cells
from harness_ext.pipelines.study.cells import Cell
from harness_ext.pipelines.study.engines import Processes
from harness_ext.pipelines.study.warm_process import WarmProcess, can_be_forked
from harness_ext.pipelines.study.worker import log_file, read_record
from tests.harness_ext.pipelines.study.kills import words_of

SMALL = ("synth", "--problems", "arith:train", "--arms", "nt", "--n", "20", "--out")
LARGE = ("synth", "--problems", "arith:train", "--n", "200000", "--out")

pytestmark = pytest.mark.skipif(not Path("/proc/self").exists(), reason="cells are forked on Linux alone")


def cell(name: str, command: tuple[str, ...] = SMALL) -> Cell:
    return Cell(name, "evaluate", (*command, name), f"{name}/nt/manifest.json", (), "1")


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Load next to nothing beforehand."""
    monkeypatch.setattr(warm_process, "LIBRARIES", ("harness_ext.cli",))


def run(
    cells: list[Cell], folder: Path, tell: Callable[[State, str], None] = lambda *_: None
) -> tuple[State, Processes]:
    engine = Processes(2)
    return run_cells(cells, folder, engine, 2, tell), engine


def wait_until(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.05)


@pytest.fixture
def at_work(tmp_path: Path) -> Iterator[Callable[[], list[psutil.Process]]]:
    """Give the processes that were started for the test's folder; end those that it leaves."""

    def found() -> list[psutil.Process]:
        return [
            one
            for one in psutil.process_iter()
            if str(tmp_path) in words_of(one) and "harness_ext.pipelines.study.warm" in words_of(one)
        ]

    yield found
    for one in found():
        one.kill()


@pytest.mark.usefixtures("quick")
def test_cells_are_forks_with_logs_and_records_of_their_own(
    tmp_path: Path, at_work: Callable[[], list[psutil.Process]]
) -> None:
    parents = set[int]()

    def tell(state: State, _: str) -> None:
        for one in state.working.values():
            if process := getattr(one.job, "_process", None):
                with contextlib.suppress(psutil.NoSuchProcess, ProcessLookupError):  # it may have ended
                    parents.add(psutil.Process(process).ppid())
                    assert os.getsid(process) == process

    wrong = cell("wrong", ("synth", "--problems", "arith:nowhere", "--out"))
    cells = [cell("a"), wrong, cell("b")]
    state, _ = run(cells, tmp_path, tell)
    assert set(state.done) == {"a", "b"}
    assert "there is no split 'nowhere'" in state.failed["wrong"]
    assert len(parents) == 1
    for one in (cells[0], cells[2]):
        assert read_record(tmp_path, one)["key"] == "1"
        assert f"{one.name}/nt" in log_file(tmp_path, one).read_text()
        assert (tmp_path / one.output).is_file()
    assert not at_work()


@pytest.mark.usefixtures("quick")
def test_a_worker_that_is_killed_and_a_server_that_is_killed_are_started_again(
    tmp_path: Path, at_work: Callable[[], list[psutil.Process]]
) -> None:
    killed = list[str]()

    def tell(state: State, event: str) -> None:
        for name, one in state.working.items():
            process = getattr(one.job, "_process", None)
            if process and name not in killed:
                killed.append(name)
                server = psutil.Process(process).ppid()
                os.killpg(process, signal.SIGKILL)
                if name == "b":
                    os.kill(server, signal.SIGKILL)

    told = list[str]()
    state, _ = run(
        [cell("a"), cell("b")], tmp_path, lambda state, event: (told.append(event), tell(state, event))[0]
    )
    assert sorted(killed) == ["a", "b"]
    assert set(state.done) == {"a", "b"}
    assert "b: its worker was killed; started again" in told
    assert not at_work()


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize("when", ["while the libraries are loaded", "at work"])
def test_an_interruption_leaves_nothing_at_work(
    when: str, tmp_path: Path, at_work: Callable[[], list[psutil.Process]]
) -> None:
    def interrupt(state: State, _: str) -> None:
        if state.working and (when != "at work" or (tmp_path / ".cells/slow.begun").is_file()):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run([cell("slow", LARGE)], tmp_path, interrupt)
    assert not read_record(tmp_path, cell("slow", LARGE))
    wait_until(lambda: not at_work())


def test_cells_run_by_themselves_where_a_library_cannot_be_loaded_beforehand(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(warm_process, "LIBRARIES", ("harness_ext.nothing_of_this_name",))
    state, _ = run([cell("a"), cell("b")], tmp_path)
    assert set(state.done) == {"a", "b"}


def test_what_needs_a_gpu_or_no_library_is_not_forked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.which", lambda name: None)
    assert can_be_forked(cell("a"))
    assert not can_be_forked(Cell("a", "data", SMALL, "", (), "1"))
    assert not can_be_forked(Cell("a", "evaluate", ("eval", "--model", "vllm"), "", (), "1"))
    assert not can_be_forked(Cell("a", "distill", ("distill",), "", (), "1", gpus=1))
    monkeypatch.setattr("shutil.which", lambda name: f"/bin/{name}")
    assert not can_be_forked(cell("a"))


def test_a_server_can_be_closed_twice(tmp_path: Path) -> None:
    warm = WarmProcess(tmp_path, dict(os.environ))
    warm.close()
    warm.close()
    assert not warm.alive
