"""Of two commands at one output the second waits or is refused, and no lock stays."""

import multiprocessing
import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from synth.errors import StylerepError
from synth.files.lock import hold, lock

_HOLDER = (
    "import sys; from pathlib import Path; from synth.files.lock import hold\nwith hold(Path(sys.argv[1])):"
    " print('in', flush=True); sys.stdin.read()"
)


def holder(output: Path) -> "subprocess.Popen[str]":
    process = subprocess.Popen(
        [sys.executable, "-c", _HOLDER, str(output)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "in\n"
    return process


def end(process: "subprocess.Popen[str]") -> None:
    process.communicate("")


def test_the_second_is_told_who_is_there_or_waits(tmp_path: Path) -> None:
    process = holder(tmp_path / "out")
    with (
        pytest.raises(
            StylerepError,
            match=rf"out: .* \(process {process.pid} on .+, since \d{{4}}-.*\) is writing here; wait until",
        ),
        hold(tmp_path / "out"),
    ):
        pass
    told: list[str] = []
    timer = threading.Timer(0.5, end, [process])
    timer.start()
    began = time.monotonic()
    with hold(tmp_path / "out", told.append):
        assert time.monotonic() - began > 0.3
    assert len(told) == 1
    assert told[0].endswith("this command waits for its end.")
    timer.join()
    assert os.listdir(tmp_path) == []


def test_a_killed_holder_keeps_nobody_out(tmp_path: Path) -> None:
    process = holder(tmp_path / "out")
    process.kill()
    process.communicate()
    with hold(tmp_path / "out"):
        assert os.listdir(tmp_path) == [".out.lock"]
    assert os.listdir(tmp_path) == []


def test_one_thread_may_hold_it_twice_and_another_not(tmp_path: Path) -> None:
    refused: list[str] = []

    def other() -> None:
        try:
            with hold(tmp_path / "out"):
                refused.append("no")
        except StylerepError as error:
            refused.append(str(error))

    with hold(tmp_path / "out"), hold(tmp_path / "out"):
        thread = threading.Thread(target=other)
        thread.start()
        thread.join()
    assert "is writing here" in refused[0]
    assert os.listdir(tmp_path) == []


def test_a_link_and_what_it_leads_to_are_one_output(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    process = holder(tmp_path / "link")
    with pytest.raises(StylerepError, match="is writing here"), hold(tmp_path / "real"):
        pass
    end(process)


def test_a_link_in_the_place_of_a_lock_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("mine")
    (tmp_path / ".out.lock").symlink_to("mine")
    with pytest.raises(StylerepError, match="cannot be written"), hold(tmp_path / "out"):
        pass
    assert (tmp_path / "mine").read_text() == "mine"


def _add_one(output: Path) -> None:
    for _ in range(20):
        with hold(output, lambda _: None):
            number = int(output.read_text())
            time.sleep(0.0005)
            output.write_text(str(number + 1))


def test_nothing_is_lost_of_what_four_processes_write(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("0")
    context = multiprocessing.get_context("fork")
    workers = [context.Process(target=_add_one, args=(tmp_path / "out",)) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert (tmp_path / "out").read_text() == "80"
    assert os.listdir(tmp_path) == ["out"]


def test_a_file_system_without_locks_is_no_reason_to_refuse(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def none(*_: object) -> None:
        raise OSError(38, "Function not implemented")

    monkeypatch.setattr("fcntl.flock", none)
    with hold(tmp_path / "out") as works, (tmp_path / "file").open("w") as file:
        assert not works
        assert lock(file)
