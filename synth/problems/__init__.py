"""Problem sources by name: one source a file, each a callable of (split, seed)."""

import itertools
from collections.abc import Callable, Iterator
from pathlib import Path

from synth.errors import StylerepError
from synth.problems.arith import ArithConfig, arith
from synth.problems.gsm8k import gsm8k, read_gsm8k
from synth.problems.problem import Claim, Problem, Step, prompt

SOURCES: dict[str, Callable[[str, int], Iterator[Problem]]] = {"arith": arith, "gsm8k": gsm8k}

__all__ = ["SOURCES", "ArithConfig", "Claim", "Problem", "Step", "arith", "gsm8k", "load_problems", "prompt", "read_gsm8k"]


def load_problems(spec: str, n: int | None = None, seed: int = 0) -> list[Problem]:
    """Return the first *n* problems of a source, none twice.

    *spec* is ``NAME[:SPLIT]`` (split ``train`` when left out) or the path of a JSONL file in GSM8K's
    form. Without *n*, all of a file source; a procedural source has no end and needs *n*. Raises
    StylerepError for an unknown name, an unreadable row, or a source with fewer than *n* problems.
    """
    if n is not None and n < 1:
        raise StylerepError(f"The number of problems must be at least 1, got {n}.")
    if spec.endswith(".jsonl"):
        path = Path(spec).expanduser()
        if not path.is_file():
            raise StylerepError(f"{spec}: there is no such file.")
        items = gsm8k("train", seed, path)
    else:
        name, _, split = spec.partition(":")
        if name not in SOURCES:
            raise StylerepError(f"There is no problem source {name!r}; choose from {', '.join(SOURCES)}, or name a .jsonl file.")
        if name == "arith" and n is None:
            raise StylerepError("The source arith has no end: say how many problems you want.")
        items = SOURCES[name](split or "train", seed)
    unique = _without_repeats(items)
    chosen = list(itertools.islice(unique, n))
    if n is not None and len(chosen) < n:
        raise StylerepError(f"{spec}: {n} problems were asked for and it has {len(chosen)}.")
    return chosen


def _without_repeats(items: Iterator[Problem]) -> Iterator[Problem]:
    seen = set()
    for item in items:
        if item.question not in seen:
            seen.add(item.question)
            yield item
