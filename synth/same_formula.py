r"""Whether two LaTeX formulas are equal, by math-verify in a process of its own.

What a model writes may take sympy forever (``9^{9^{9^9}}``) or more memory than there is, and no signal ends a power that Python
computes. So formulas are compared in a process that is ended after a time limit: the same in any thread, and after a fork.
"""

import functools
import json
import os
import queue
import subprocess
import sys
import threading
from pathlib import Path

LONGEST, DEEPEST = 400, 20
_SECONDS, _SECONDS_INSIDE, _SECONDS_TO_START = 6.0, 3, 120.0
_BYTES = 3 << 30


@functools.lru_cache(maxsize=20_000)
def same_formula(stated: str, gold: str) -> bool:
    """Say whether math-verify finds *stated* equal to *gold*; a comparison that takes over 6 seconds says no, and so does a formula of over 400 characters."""
    if max(len(stated), len(gold)) > LONGEST or max(_depth(stated), _depth(gold)) > DEEPEST:
        return False
    with _lock:
        return _judge.compare(stated, gold)


def _depth(formula: str) -> int:
    depth = deepest = 0
    for character in formula:
        depth += (character in "{([") - (character in "})]")
        deepest = max(deepest, depth)
    return deepest


class _Judge:
    """The process that compares: started when first needed, again after it had to be ended."""

    def __init__(self) -> None:
        self.process: subprocess.Popen[str] | None = None
        self.lines: queue.SimpleQueue[str] = queue.SimpleQueue()

    def compare(self, stated: str, gold: str) -> bool:
        process = self.process if self.process is not None and self.process.poll() is None else self.start()
        if process.stdin is None:
            raise AssertionError("the process was started with a pipe")
        try:
            process.stdin.write(json.dumps([stated, gold]) + "\n")
            process.stdin.flush()
            return self.lines.get(timeout=_SECONDS) == "true\n"
        except (queue.Empty, BrokenPipeError):
            self.end()
            return False

    def start(self) -> subprocess.Popen[str]:
        # The folder of the package, so that -m finds it wherever the command was started.
        command = [sys.executable, "-m", "synth.same_formula"]
        folder = Path(__file__).resolve().parents[1]
        process = subprocess.Popen(
            command, cwd=folder, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, encoding="utf-8", errors="replace"
        )
        self.process, self.lines = process, queue.SimpleQueue()
        threading.Thread(target=_pass_on, args=(process, self.lines), daemon=True).start()
        try:
            ready = self.lines.get(timeout=_SECONDS_TO_START)
        except queue.Empty:
            ready = ""
        if ready != "ready\n":
            self.end()
            raise RuntimeError("math-verify, which compares formulas, could not be started.")
        return process

    def end(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None


def _pass_on(process: "subprocess.Popen[str]", lines: "queue.SimpleQueue[str]") -> None:
    """Hand on what the process writes; an empty line when it has ended."""
    for line in process.stdout or ():
        lines.put(line)
    lines.put("")


_lock, _judge = threading.Lock(), _Judge()


def _forget() -> None:
    """Begin anew: a forked process has no part in its parent's judge."""
    global _lock, _judge
    _lock, _judge = threading.Lock(), _Judge()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget)


def _serve() -> None:
    """Compare the pairs that come in line by line, until there are no more."""
    from math_verify import parse, verify
    from math_verify.errors import TimeoutException

    answers = os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8")
    sys.stdout = sys.stderr  # a library's messages are no answers
    _limit_memory()
    answers.write("ready\n")
    answers.flush()
    for line in sys.stdin:
        stated, gold = json.loads(line)
        try:
            # Its own time limit spares most of the starts that ending the process costs.
            one, other = (parse(f"${formula}$", parsing_timeout=_SECONDS_INSIDE) for formula in (gold, stated))
            same = bool(verify(one, other, timeout_seconds=_SECONDS_INSIDE))
        except (Exception, TimeoutException):  # noqa: BLE001 - whatever sympy raises, such a formula equals nothing
            same = False
        answers.write(json.dumps(same) + "\n")
        answers.flush()


def _limit_memory() -> None:
    try:
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (_BYTES, _BYTES))
    except (ImportError, ValueError, OSError):
        return  # a system without such limits


if __name__ == "__main__":
    _serve()
