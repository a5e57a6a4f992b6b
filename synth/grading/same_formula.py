r"""Whether two LaTeX formulas are equal, by math-verify in a process of its own.

What a model writes may take sympy forever (``9^{9^{9^9}}``) or more memory than there is, and no signal ends
a power that Python computes. So formulas that are too large to be computed are refused by their looks, and
the others are compared in a process that has 2 seconds of processor time, 3 GB of memory, and is ended after
6 seconds: the same in any thread, and after a fork.
"""

import functools
import json
import math
import os
import queue
import re
import signal
import subprocess
import sys
import threading
from types import FrameType

from synth.processes.python_start import module_command, safe_environment

LONGEST, DEEPEST = 400, 10
_SECONDS, _PROCESSOR_SECONDS, _SECONDS_TO_START = 6.0, 2.0, 120.0
_BYTES = 3 << 30

_LARGEST_EXPONENT, _LARGEST_NESTED, _LARGEST_PRODUCT = 10_000, 12, 100_000
_LARGEST_FACTORIAL, _MOST_DIGITS, _MOST_ROOTS = 5_000, 100, 6
_EXPONENT = re.compile(r"(?:\^|\*\*)\s*(?P<token>\\[A-Za-z]+|-?\d+|\S)")
_STACKED = re.compile(r"\s*(?:\^|\*\*)")
_DIGITS = re.compile(r"\d[\d,]*")
_FACTORIAL = re.compile(r"(?P<before>\d+|\([^()!^]*\)|\S)\s*!")
_LENGTHY, _FIVE_DIGITS = (
    re.compile(r"\\(?:[dt]?binom|sum|prod|i*int|lim|gcd|lcm|sqrt\s*\[)"),
    re.compile(r"\d{5}|\d\s*\^"),
)
# No formula: characters that are none, and what only keeps a parser busy.
_SENSELESS = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\uf8ff\U000f0000-\U0010ffff]|(?:[{(\\[]\\s*){5}|[-+]{4}|[A-Za-z]{40}"
)
# An interval without one of its ends, [24, 8): with them in the wrong order it is the empty set,
# which takes a parser 50 ms to find.
_HALF_OPEN = re.compile(
    r"\[(?P<low>-?[0-9]{1,9}), ?(?P<high>-?[0-9]{1,9})\)|\((?P<above>-?[0-9]{1,9}), ?(?P<most>-?[0-9]{1,9})\]"
)
_FLOAT = re.compile(r"[\d.]\s*[eE]\s*\{?[-+]?\d{3}")


@functools.lru_cache(maxsize=20_000)
def same_formula(stated: str, gold: str) -> bool:
    """Say whether math-verify finds *stated* equal to *gold*.

    No for a formula of over 400 characters, and for one that takes more than 2 seconds of computing or looks
    as if it would.
    """
    if not (is_computable(stated) and is_computable(gold)):
        return False
    if _is_empty_interval(stated) and _is_empty_interval(gold):
        return True
    with _lock:
        return _judge.compare(stated, gold)


def _is_empty_interval(formula: str) -> bool:
    found = _HALF_OPEN.fullmatch(formula)
    return found is not None and int(found["low"] or found["above"]) >= int(found["high"] or found["most"])


def is_computable(formula: str) -> bool:
    """Say whether a formula has a size that sympy can be shown: by its length, its depth,
    and how large its powers and factorials are.
    """
    if len(formula) > LONGEST or bracket_depth(formula) > DEEPEST or _SENSELESS.search(formula):
        return False
    if (
        any(len(digits) > _MOST_DIGITS for digits in _DIGITS.findall(formula))
        or _FLOAT.search(formula)
        or formula.count("\\sqrt") > _MOST_ROOTS
    ):
        return False
    if any(_is_large_factorial(found["before"]) for found in _FACTORIAL.finditer(formula)) or (
        _LENGTHY.search(formula) and _FIVE_DIGITS.search(formula)
    ):
        return False
    return _has_small_powers(formula)


def bracket_depth(formula: str) -> int:
    """Return how many brackets are open at most at one place."""
    depth = deepest = 0
    for character in formula:
        depth += (character in "{([") - (character in "})]")
        deepest = max(deepest, depth)
    return deepest


def _is_large_factorial(before: str) -> bool:
    """Say so by what stands before its sign: a large number or one within parentheses, a factorial,
    a power; a letter's is never computed.
    """
    return before in ("!", ")", "]", "}") or any(
        int(digits.replace(",", "")) > _LARGEST_FACTORIAL for digits in _DIGITS.findall(before)
    )


def _has_small_powers(formula: str) -> bool:
    """Say whether powers are no towers, and powers of powers stay small when multiplied out.

    An exponent may hold one power itself, of small numbers: ``x^{n^2}``. Stacked exponents, ``9^9^9``,
    are no LaTeX.
    """
    product = largest = 1
    for found in _EXPONENT.finditer(formula):
        exponent, end = _exponent(formula, found)
        numbers = [int(digits.replace(",", "")) for digits in _DIGITS.findall(exponent)]
        if _STACKED.match(formula, end) or not _is_small_exponent(exponent, numbers):
            return False
        size = min(_LARGEST_PRODUCT + 1, math.prod(number or 1 for number in numbers))
        if formula[: found.start()].rstrip().endswith((")", "}", "]", "|")):
            product *= size
        else:
            largest = max(largest, size)
    return product * largest <= _LARGEST_PRODUCT


def _is_small_exponent(exponent: str, numbers: list[int]) -> bool:
    powers, largest = exponent.count("^") + exponent.count("**"), max(numbers, default=0)
    if "!" in exponent and largest > _LARGEST_NESTED // 2:
        return False
    if not powers:
        return largest <= _LARGEST_EXPONENT
    if powers > 1 or len(numbers) > 2 or largest > _LARGEST_NESTED:
        return False
    return len(numbers) < 2 or numbers[0] ** numbers[1] <= _LARGEST_EXPONENT


def _exponent(formula: str, found: re.Match[str]) -> tuple[str, int]:
    """Return an exponent without the brackets around it, and where it ends; all the rest if they never
    close.
    """
    start = found.end() - 1
    if formula[start] not in "{(":
        return found["token"], found.end()
    depth = 0
    for i in range(start, len(formula)):
        depth += (formula[i] in "{(") - (formula[i] in "})")
        if depth == 0:
            return formula[start + 1 : i], i + 1
    return formula[start + 1 :], len(formula)


class _Judge:
    """The process that compares: started when first needed, again after it had to be ended."""

    def __init__(self) -> None:
        self.process: subprocess.Popen[str] | None = None
        self.lines: queue.SimpleQueue[str] = queue.SimpleQueue()
        self.ready = False

    def compare(self, stated: str, gold: str) -> bool:
        process = self.start()
        self.wait()
        if process.stdin is None:
            raise AssertionError("the process was started with a pipe")
        try:
            process.stdin.write(json.dumps([stated, gold]) + "\n")
            process.stdin.flush()
            answer = self.lines.get(timeout=_SECONDS)
        except (queue.Empty, BrokenPipeError):
            answer = ""
        if not answer:  # it took too long, or the formula ended the process
            self.end()
        return answer == "true\n"

    def start(self) -> subprocess.Popen[str]:
        """Return the process, begun now if there is none that runs."""
        if self.process is not None and self.process.poll() is None:
            return self.process
        process = subprocess.Popen(
            module_command("synth.grading.same_formula"),
            env=safe_environment(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            encoding="utf-8",
            errors="replace",
        )
        self.process, self.lines, self.ready = process, queue.SimpleQueue(), False
        threading.Thread(target=_pass_on, args=(process, self.lines), daemon=True).start()
        return process

    def wait(self) -> None:
        """Wait until the process has imported what it needs."""
        if self.ready:
            return
        try:
            ready = self.lines.get(timeout=_SECONDS_TO_START)
        except queue.Empty:
            ready = ""
        if ready != "ready\n":
            self.end()
            raise RuntimeError("math-verify, which compares formulas, could not be started.")
        self.ready = True

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


def warm_up() -> None:
    """Begin to start the process, which takes a second or two, without waiting for it."""
    with _lock:
        _judge.start()


def _forget() -> None:
    """Begin anew: a forked process has no part in its parent's judge."""
    global _lock, _judge
    _lock, _judge = threading.Lock(), _Judge()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget)


class _TakesTooLong(BaseException):
    """No Exception, so that no library takes it for an error of its own."""


def _serve() -> None:
    """Compare the pairs that come in line by line, until there are no more."""
    from math_verify import parse, verify
    from math_verify.errors import TimeoutException

    answers = os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # a library's messages are no answers
    _limit_memory()
    timed = hasattr(signal, "setitimer")
    if timed:
        signal.signal(signal.SIGPROF, _give_up)
    for formula in ("\\frac{1}{2}", "x^2"):  # what is made when it is first needed
        verify(parse(f"${formula}$"), parse("$x$"))
    answers.write("ready\n")
    answers.flush()
    limit = None if timed else int(_PROCESSOR_SECONDS)
    for line in sys.stdin:
        stated, gold = json.loads(line)
        same = False
        try:
            try:
                # Of processor time, so that a verdict does not hang on what else runs; again and again,
                # should a handler in a library swallow it.
                if timed:
                    signal.setitimer(signal.ITIMER_PROF, _PROCESSOR_SECONDS, 0.2)
                one, other = (parse(f"${formula}$", parsing_timeout=limit) for formula in (gold, stated))
                same = bool(verify(one, other, timeout_seconds=limit))
            finally:
                if timed:
                    signal.setitimer(signal.ITIMER_PROF, 0)
        # Whatever sympy raises, such a formula equals nothing.
        except (Exception, TimeoutException, _TakesTooLong):  # noqa: BLE001
            same = False
        answers.write(json.dumps(same) + "\n")
        answers.flush()


def _give_up(_number: int, _frame: FrameType | None) -> None:
    raise _TakesTooLong


def _limit_memory() -> None:
    try:
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (_BYTES, _BYTES))
    except (ImportError, ValueError, OSError):
        return  # a system without such limits


if __name__ == "__main__":
    _serve()
