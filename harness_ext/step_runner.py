"""Runs the steps of a study as processes, several at a time, and remembers which are done."""

import os
import shlex
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from synth.errors import StylerepError

_HEARTBEAT = 30.0
_POLL = 0.2


@dataclass(frozen=True, slots=True)
class Step:
    """One stylerep command (without the word ``stylerep``), the file it leaves last, and what it waits for."""

    name: str
    command: list[str]
    leaves: Path
    after: tuple[str, ...]


@dataclass(slots=True)
class _Running:
    step: Step
    process: subprocess.Popen[bytes]
    log: Path
    began: float


def run_steps(steps: Sequence[Step], state: Path, keys: Mapping[str, str], jobs: int, say: Callable[[str], None]) -> None:
    """Run every step that is not done, at most *jobs* at a time, each after those it waits for.

    A step is done when *state* holds its key and its file is there. Output goes to a log per step in
    *state*; what runs and how far it is, is said every 30 s. The first failure or an interruption
    ends the others and raises.
    """
    state.mkdir(parents=True, exist_ok=True)
    clock = time.monotonic()
    done = {step.name for step in steps if _is_done(step, state, keys)}
    for step in steps:
        if step.name in done:
            say(f"{_since(clock)}  {step.name}: done before")
    waiting = [step for step in steps if step.name not in done]
    running: list[_Running] = []
    spoken = clock
    try:
        while waiting or running:
            for step in [item for item in waiting if set(item.after) <= done][: jobs - len(running)]:
                waiting.remove(step)
                say(f"{_since(clock)}  $ stylerep {shlex.join(step.command)}")
                running.append(_start(step, state, max(1, (os.cpu_count() or 1) // jobs)))
            time.sleep(_POLL)
            for item in [item for item in running if item.process.poll() is not None]:
                running.remove(item)
                if item.process.returncode:
                    raise StylerepError(f"The step {item.step.name!r} failed: {_last_line(item.log)} (all it wrote: {item.log})")
                (state / f"{_file_name(item.step)}.key").write_text(keys[item.step.name], encoding="utf-8")
                done.add(item.step.name)
                say(f"{_since(clock)}  {item.step.name}: done in {time.monotonic() - item.began:.0f} s")
            if running and time.monotonic() - spoken >= _HEARTBEAT:
                spoken = time.monotonic()
                say(f"{_since(clock)}  " + " | ".join(f"{item.step.name} {_last_line(item.log)[:70]}" for item in running))
    finally:
        for item in running:
            item.process.terminate()
        for item in running:
            item.process.wait()


def _start(step: Step, state: Path, threads: int) -> _Running:
    key = state / f"{_file_name(step)}.key"
    if key.is_file() and step.command[0] == "eval":
        # Evaluated before with another command: lm_eval would add the new result to the old one.
        shutil.rmtree(step.leaves.parent, ignore_errors=True)
    log = state / f"{_file_name(step)}.log"
    environment = {**os.environ, "OMP_NUM_THREADS": str(threads), "PYTHONUNBUFFERED": "1"}
    with log.open("wb") as output:
        process = subprocess.Popen([sys.executable, "-m", "harness_ext", *step.command], stdout=output, stderr=subprocess.STDOUT, env=environment)
    return _Running(step, process, log, time.monotonic())


def _is_done(step: Step, state: Path, keys: Mapping[str, str]) -> bool:
    key = state / f"{_file_name(step)}.key"
    return key.is_file() and key.read_text(encoding="utf-8") == keys[step.name] and step.leaves.is_file()


def _file_name(step: Step) -> str:
    return step.name.replace(" ", "-")


def _since(clock: float) -> str:
    minutes, seconds = divmod(int(time.monotonic() - clock), 60)
    return f"{minutes:3d}:{seconds:02d}"


def _last_line(log: Path) -> str:
    # Progress bars return to the line's start; only what stands there now counts.
    lines = log.read_text(encoding="utf-8", errors="replace").replace("\r", "\n").split("\n")
    return next((line.strip() for line in reversed(lines) if line.strip()), "(it wrote nothing)")
