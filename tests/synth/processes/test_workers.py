import os
import signal
import subprocess
import sys

import numpy
import pytest
import threadpoolctl

from synth.errors import StylerepError
from synth.privacy.secrets import SECRETS
from synth.processes.workers import Workers


def double(piece: int) -> int:
    if piece == 3:
        raise StylerepError("three is refused")
    return 2 * piece


def here(_piece: int) -> int:
    return os.getpid()


def end(_piece: int) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def masked(text: str) -> str:
    return SECRETS.text(text)


def threads(_piece: int) -> list[int]:
    numpy.ones(1)
    return [one["num_threads"] for one in threadpoolctl.threadpool_info()]


def test_each_process_multiplies_matrices_in_one_thread():
    with Workers(2) as workers:
        assert list(workers.each(threads, [1])) == [[1]]


@pytest.mark.parametrize("n", [0, 1, 2])
def test_what_is_made_comes_in_the_order_of_the_pieces_up_to_the_first_that_is_refused(n):
    with Workers(n) as workers:
        assert list(workers.each(double, [9, 8, *range(3)])) == [18, 16, 0, 2, 4]
        made = workers.each(double, iter([5, 4, 3, 3, 7]))
        assert [next(made), next(made)] == [10, 8]
        with pytest.raises(StylerepError, match="three is refused"):
            next(made)
        assert list(workers.each(double, [])) == []


def test_no_process_is_started_for_one():
    with Workers(1) as workers:
        assert list(workers.each(here, [1])) == [os.getpid()]
    with Workers(2) as workers:
        assert os.getpid() not in list(workers.each(here, [1, 2]))


def test_a_process_that_was_ended_from_outside_is_told_in_a_sentence():
    with Workers(2) as workers, pytest.raises(StylerepError, match="was ended from outside"):
        list(workers.each(end, [1, 2]))


def test_processes_mask_the_secrets_that_are_known():
    SECRETS.know("s3cret-of-this-test", "[key]")
    with Workers(2) as workers:
        assert list(workers.each(masked, ["a s3cret-of-this-test b"])) == ["a [key] b"]


def test_a_program_that_does_not_ask_whether_it_is_the_main_one_is_not_run_again(tmp_path):
    program = tmp_path / "program.py"
    program.write_text(
        "print('run')\nfrom synth.processes.workers import Workers\nwith Workers(2) as workers:"
        " print(list(workers.each(abs, [-1, 2])))\n"
    )
    said = subprocess.run(
        [sys.executable, str(program)],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert said.stdout.split("\n") == ["run", "[1, 2]", ""]
