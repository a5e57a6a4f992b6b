"""Loads torch, transformers, peft and lm_eval once, and forks for each cell of a study: ``python -m
harness_ext.pipelines.study.warm STUDY_FOLDER MODULE…``.

Loading these libraries is most of what a small cell takes. What a cell does is the same: a worker in a
session of its own, which runs the cell's command in a process of its own and records it. Requests are lines
on stdin, a cell's slug each; answers are lines on stdout: slug, process, and, once it has ended, exit code.
It ends when stdin does; workers go on.
"""

import atexit
import importlib
import io
import os
import runpy
import select
import sys
import warnings
from pathlib import Path
from typing import IO, NoReturn

from harness_ext.pipelines.study.cells import Cell
from harness_ext.pipelines.study.worker import begin
from synth.privacy.masked_output import mask_output
from synth.privacy.secrets import SECRETS
from synth.processes.openmp import share_cores

_LOOK = 0.1
"""Seconds between looks at what has ended."""


def main() -> None:
    """Serve requests until stdin ends."""
    folder, working = Path(sys.argv[1]), dict[int, str]()
    # This process has no threads of its own; those that a matrix library keeps know of forks.
    warnings.filterwarnings("ignore", message=".*fork.*", category=DeprecationWarning)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace", line_buffering=True, write_through=True)
    SECRETS.know_environment()
    mask_output()  # before libraries take the streams that there are for their logs
    share_cores()
    for name in sys.argv[2:]:
        importlib.import_module(name)
    waiting = b""
    while True:
        if select.select([0], [], [], _LOOK)[0]:
            read = os.read(0, 65536)
            if not read:
                return
            *lines, waiting = (waiting + read).split(b"\n")
            for line in lines:
                slug = line.decode()
                working[process := _fork(folder, slug)] = slug
                _answer(f"{slug} {process}")
        for process in list(working):
            ended, status = os.waitpid(process, os.WNOHANG)
            if ended:
                _answer(f"{working.pop(process)} {process} {os.waitstatus_to_exitcode(status)}")


def _answer(line: str) -> None:
    os.write(1, line.encode() + b"\n")


def _fork(folder: Path, slug: str) -> int:
    """Fork a worker for a cell and return its process, once that leads a session."""
    ready, tell = os.pipe()
    process = os.fork()
    if process:
        os.close(tell)
        os.read(ready, 1)
        os.close(ready)
        return process
    try:
        os.setsid()
        os.close(ready)
        os.close(tell)
        _use_nothing_of_the_server()
        os._exit(begin(folder, slug, run_command))
    except BaseException:  # noqa: BLE001 (nothing of a fork may go on as the server)
        sys.excepthook(*sys.exc_info())
    os._exit(1)


def _use_nothing_of_the_server() -> None:
    nothing = os.open(os.devnull, os.O_RDWR)
    os.dup2(nothing, 0)
    os.dup2(nothing, 1)
    os.close(nothing)


def run_command(cell: Cell, command: list[str], folder: Path, output: IO[bytes]) -> int:
    """Run a command of stylerep in a fork of this process, in *folder*, with *output* as its stdout and
    stderr; return its exit code, below 0 if it was killed.
    """
    process = os.fork()
    if not process:
        _become(command, folder, output)
    return os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])


def _become(command: list[str], folder: Path, output: IO[bytes]) -> NoReturn:
    code: object = 1
    try:
        os.dup2(output.fileno(), 1)
        os.dup2(output.fileno(), 2)
        os.chdir(folder)
        sys.argv = ["stylerep", *command]
        runpy.run_module("harness_ext", run_name="__main__", alter_sys=True)
    except SystemExit as ended:
        code = ended.code
    except BaseException:  # noqa: BLE001 (as Python does with what is not caught)
        sys.excepthook(*sys.exc_info())
    finally:
        atexit._run_exitfuncs()
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code if isinstance(code, int) else 0 if code is None else 1)


if __name__ == "__main__":
    main()
