"""How the threads of matrix products wait."""

import os
import subprocess
import sys

from synth.processes.openmp import share_cores


def test_waiting_threads_sleep_soon() -> None:
    environment: dict[str, str] = {}
    share_cores(environment)
    assert environment == {"GOMP_SPINCOUNT": "1000"}


def test_what_the_user_says_stays() -> None:
    for said in ({"GOMP_SPINCOUNT": "7"}, {"OMP_WAIT_POLICY": "ACTIVE"}):
        environment = dict(said)
        share_cores(environment)
        assert environment == said


def test_the_command_sets_it_before_torch_is_there() -> None:
    program = (
        "import os, sys\n"
        "import harness_ext.__main__ as command\n"
        "command._run = lambda code: sys.exit(f\"{os.environ['GOMP_SPINCOUNT']} {'torch' in sys.modules}\")\n"
        "command.main()\n"
    )
    environment = {
        name: value for name, value in os.environ.items() if name not in ("GOMP_SPINCOUNT", "OMP_WAIT_POLICY")
    }
    done = subprocess.run(
        [sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=False
    )
    assert done.stderr.split() == ["1000", "False"]
