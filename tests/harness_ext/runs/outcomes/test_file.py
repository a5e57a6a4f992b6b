"""An outcomes file grows without losing what others add to it, and a kill leaves it whole."""

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from harness_ext.runs.outcomes import OutcomesFile, read_outcomes
from harness_ext.runs.outcomes.from_table import runs_of
from synth.errors import StylerepError
from tests.harness_ext.runs.outcomes.files import label, outcomes_file, run_folder

ADDING = """
import sys
from pathlib import Path
from harness_ext.runs.outcomes import OutcomesFile, read_outcomes
from tests.harness_ext.runs.outcomes.files import label
folder, name, count = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
file = OutcomesFile(folder / "found.parquet")
for number in range(count):
    key = f"{name}{number}"
    file.add([read_outcomes(folder / "run", label(key=key, run=f"m/{key}"))])
"""


def adding(folder: Path, name: str, count: int) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-c", ADDING, str(folder), name, str(count)], cwd=os.getcwd())


def test_the_same_runs_are_the_same_bytes_in_whichever_order_they_came(tmp_path: Path) -> None:
    run = run_folder(tmp_path / "run")
    made = [read_outcomes(run, label(key=f"k{number}", seed=number)) for number in range(3)]
    for name, order in (("one", [0, 1, 2]), ("two", [2, 0, 1, 0])):
        file = OutcomesFile(tmp_path / name)
        for number in order:
            file.add([made[number]])
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()


def test_a_run_takes_the_place_of_one_of_its_key(tmp_path: Path) -> None:
    file = OutcomesFile(outcomes_file(tmp_path))
    file.add([read_outcomes(tmp_path / "run", label(seconds=99.0))])
    assert {run.label.seconds for run in runs_of(file.path).values()} == {12.5, 99.0}


def test_two_that_add_at_once_lose_nothing(tmp_path: Path) -> None:
    run_folder(tmp_path / "run")
    processes = [adding(tmp_path, name, 10) for name in ("a", "b")]
    assert [process.wait(timeout=120) for process in processes] == [0, 0]
    assert runs_of(tmp_path / "found.parquet").keys() == {f"{name}{i}" for name in "ab" for i in range(10)}
    assert sorted(path.name for path in tmp_path.iterdir()) == ["found.parquet", "run"]


def test_a_kill_leaves_the_file_whole(tmp_path: Path) -> None:
    file, rng = outcomes_file(tmp_path), random.Random(0)
    process = adding(tmp_path, "c", 10_000)
    while not runs_of(file).keys() - {"k0", "k1"}:
        time.sleep(0.05)
    time.sleep(rng.uniform(0, 0.1))
    process.send_signal(signal.SIGKILL)
    process.wait()
    found = runs_of(file)
    assert {"k0", "k1", "c0"} <= found.keys()
    OutcomesFile(file).add([read_outcomes(tmp_path / "run", label(key="later"))])
    assert runs_of(file).keys() == {*found, "later"}


def test_what_was_found_is_not_lost_with_the_file(tmp_path: Path) -> None:
    file = OutcomesFile(outcomes_file(tmp_path))
    file.runs()
    file.path.unlink()
    file.add([read_outcomes(tmp_path / "run", label(key="later"))])
    assert runs_of(file.path).keys() == {"k0", "k1", "later"}


def test_another_file_in_its_place_is_left_as_it_is(tmp_path: Path) -> None:
    file = OutcomesFile(outcomes_file(tmp_path))
    file.runs()
    file.path.write_text("a table of mine", encoding="utf-8")
    with pytest.raises(StylerepError, match="no Parquet"):
        file.add([read_outcomes(tmp_path / "run", label(key="later"))])
    assert file.path.read_text(encoding="utf-8") == "a table of mine"


def test_where_nothing_can_be_written_is_told_beforehand(tmp_path: Path) -> None:
    with pytest.raises(StylerepError, match=r"--outcomes .*: there is no folder"):
        OutcomesFile(tmp_path / "x/found.parquet").check("--outcomes")
    with pytest.raises(StylerepError, match="this is a folder"):
        OutcomesFile(tmp_path).check("--outcomes")
