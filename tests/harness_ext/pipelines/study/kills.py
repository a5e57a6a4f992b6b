"""Kills a study again and again, and goes on with it until it has ended."""

import os
import random
import signal
import subprocess
import sys
from pathlib import Path

import psutil


def run_killed(study: Path, out: Path, kills: int, seed: int, longest: float, jobs: int = 2) -> int:
    """Run a study, killing it (SIGKILL) at random moments, up to *longest* seconds after each start; return
    how often it was killed before it ended.

    Every other time its workers are killed with it; else they are left to themselves,
    as after a crash of the main process alone.
    """
    rng, killed = random.Random(seed), 0
    command = [
        sys.executable,
        "-m",
        "harness_ext",
        "reproduce",
        str(study),
        "--out",
        str(out),
        "--jobs",
        str(jobs),
    ]
    while True:
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        try:
            _, errors = process.communicate(timeout=rng.uniform(0.2, longest) if killed < kills else None)
        except subprocess.TimeoutExpired:
            workers = _started_by(process.pid) if killed % 2 == 0 else []
            process.kill()
            for worker in workers:
                _kill_group(worker)
            process.communicate()
            killed += 1
            continue
        if process.returncode:
            raise AssertionError(errors[-2000:])
        return killed


def words_of(process: psutil.Process) -> list[str]:
    """Return the words that a process was started with, none for one that has ended."""
    try:
        return process.cmdline()
    except psutil.Error:
        return []


def _started_by(pid: int) -> list[int]:
    """Return all processes that one has started, and those that these have started."""
    try:
        return [one.pid for one in psutil.Process(pid).children(recursive=True)]
    except psutil.Error:
        return []


def _kill_group(pid: int) -> None:
    try:
        os.killpg(pid, signal.SIGKILL)
    except ProcessLookupError:
        return
