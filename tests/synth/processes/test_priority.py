"""Processes that give way."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from synth.processes.priority import give_way

_COUNT = """
import time
end, passes = time.process_time() + 60, 0
print("on", flush=True)
while time.process_time() < end:
    passes += 1
"""


def _spinning(core: int) -> "subprocess.Popen[bytes]":
    process = subprocess.Popen(
        [sys.executable, "-c", f"import os\nos.sched_setaffinity(0, {{{core}}})\n{_COUNT}"],
        stdout=subprocess.PIPE,
        start_new_session=True,
    )
    assert process.stdout is not None
    process.stdout.readline()
    return process


def _ticks(process: "subprocess.Popen[bytes]") -> int:
    fields = Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()
    return int(fields[11]) + int(fields[12])


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="needs Linux's control of cores")
def test_a_polite_process_leaves_the_core_to_one_of_another_session() -> None:
    core = min(os.sched_getaffinity(0))
    polite, other = _spinning(core), _spinning(core)
    try:
        give_way(polite.pid, 15)
        assert os.getpriority(os.PRIO_PROCESS, polite.pid) == 15
        before = _ticks(polite), _ticks(other)
        time.sleep(2)
        after = _ticks(polite), _ticks(other)
    finally:
        for process in (polite, other):
            process.kill()
            process.communicate()
    assert after[1] - before[1] > 3 * (after[0] - before[0])


def test_a_process_that_has_ended_is_no_error() -> None:
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    give_way(process.pid, 10)


@pytest.mark.skipif(not hasattr(os, "getpriority"), reason="needs priorities")
def test_0_changes_nothing() -> None:
    before = os.getpriority(os.PRIO_PROCESS, os.getpid())
    give_way(os.getpid(), 0)
    assert os.getpriority(os.PRIO_PROCESS, os.getpid()) == before
