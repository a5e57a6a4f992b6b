"""What each ``style_*`` task asks: generated sets with levels of difficulty, and published sets.

A generated set takes its levels in turn, so that whatever a run is limited to has all of them equally often.
Each level has a seed of its own, and the id of an item says which: ``chain-1-test-1-17-level3`` is item 17 of
``chain:test:min_hops=3:max_hops=3:…`` with seed 1. All items belong to the test split, which nothing is
trained on. There are 2,000 by default, so that equivalence can be shown within a few points.

The levels reach from what a model of 135M parameters now and then gets right to what one of 32B now and then
gets wrong. The first asks for the least that the source knows: one operation, two hops. With the hops grows
what has to be left aside, since a long way through few facts is found by elimination; with the operations,
at last, grow the numbers.
"""

import itertools
import warnings
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from synth.errors import StylerepError
from synth.problems import (
    SOURCES,
    Problem,
    iter_problems,
    read_aime,
    read_gpqa,
    read_gsm8k,
    read_math,
    read_svamp,
)
from synth.problems.local_files import benchmark_file

ENDLESS = 2000
"""How many items are asked for of a source without end, unless it is said."""


@dataclass(frozen=True, slots=True)
class EvaluationSet:
    """What one task asks.

    `spec` names the problem source. `levels` has for each level the options that follow the spec; it is empty
    where the problems are as published. `n` is the number of problems asked for, None for all. `files` are
    the local files that they may come from, in order of preference, none for a generated set, and `published`
    is the number of problems that these should hold.
    """

    spec: str
    levels: Mapping[str, str] = field(default_factory=dict)
    n: int | None = None
    files: tuple[str, ...] = ()
    published: int | None = None


def _hops(*hops: int, beside: str, each: int) -> dict[str, str]:
    """Return levels by the number of hops; the option *beside* grows with it."""
    return {str(n): f"min_hops={n}:max_hops={n}:{beside}={each * n}" for n in hops}


def _gym(dataset: str, *levels: str) -> EvaluationSet:
    return EvaluationSet(
        f"gym:{dataset}:split=test",
        {str(number): options for number, options in enumerate(levels, 1)},
        ENDLESS,
    )


def _just(name: str, *counts: int) -> tuple[str, ...]:
    """Return options that set the least and the greatest of something to the same."""
    return tuple(f"min_{name}={n}:max_{name}={n}" for n in counts)


_ARITH = {"1": 50, "2": 50, "4": 50, "6": 1000, "8": 10_000}

# Twelve data sets of reasoning-gym whose judges run nothing, whose items are the same in every process and on
# every day, and which make 2,000 in seconds. Left out are, among others: knights_knaves and zebra_puzzles
# (slow); number_sequence (some items square numbers without end); the times of time_intervals (they hold the
# day on which they are made) and its dates with times (one in nine has a wrong stored answer); word_sorting
# (words in Markdown's underscores); complex division (rounded, and judged by what is not).
_GYM = (
    _gym("base_conversion", *(f"min_value={10**n}:max_value={10 ** (n + 1) - 1}" for n in (1, 2, 3, 4))),
    _gym("leg_counting", *_just("animals", 2, 4, 8, 16)),
    _gym(
        "complex_arithmetic",
        *(
            f"operations={symbols}:operations_weights={weights}:min_real=-{most}:max_real={most}:min_imag=-{most}:max_imag={most}"
            for symbols, weights, most in (
                ("['+', '-']", "[0.5, 0.5]", 10),
                ("['+', '-']", "[0.5, 0.5]", 1000),
                ("['*']", "[1.0]", 10),
                ("['*']", "[1.0]", 100),
            )
        ),
    ),
    _gym("circuit_logic", *_just("terms", 2, 3, 4, 6)),
    _gym(
        "course_schedule",
        *(
            f"{counts}:max_cycle_length={min(n, 5)}"
            for n, counts in zip((4, 6, 10, 16), _just("num_courses", 4, 6, 10, 16), strict=True)
        ),
    ),
    _gym(
        "shortest_path",
        *(
            f"{rows}:min_cols={n}:max_cols={n}:p_blocked=0.3"
            for n, rows in zip((3, 4, 6, 8), _just("rows", 3, 4, 6, 8), strict=True)
        ),
    ),
    _gym(
        "largest_island",
        *(
            f"{rows}:min_cols={n}:max_cols={n}"
            for n, rows in zip((5, 7, 9, 12), _just("rows", 5, 7, 9, 12), strict=True)
        ),
    ),
    _gym("letter_counting", *_just("words", 5, 10, 20, 40)),
    _gym(
        "string_manipulation",
        *(
            f"{length}:{rules}"
            for length, rules in zip(
                _just("string_length", 5, 10, 15, 20), _just("num_rules", 3, 5, 8, 12), strict=True
            )
        ),
    ),
    _gym(
        "time_intervals",
        *(f"task_types=[date]:max_date_difference_days={days}" for days in (10, 100, 1000, 10_000)),
    ),
    _gym("color_cube_rotation", *_just("rotations", 1, 2, 4, 8)),
    _gym(
        "arc_1d",
        *(f"min_size={least}:max_size={most}" for least, most in ((8, 10), (12, 16), (20, 24), (30, 36))),
    ),
)

EVALUATION_SETS: dict[str, EvaluationSet] = {
    "arith": EvaluationSet(
        "arith:test",
        {n: f"min_steps={n}:max_steps={n}:max_number={most}" for n, most in _ARITH.items()},
        ENDLESS,
    ),
    "chain": EvaluationSet("chain:test", _hops(2, 3, 4, 6, 8, beside="distractors", each=3), ENDLESS),
    "kinship": EvaluationSet("kinship:test", _hops(2, 3, 4, 5, 6, beside="distractors", each=2), ENDLESS),
    "kg": EvaluationSet("kg:test", _hops(2, 3, 4, 5, 6, beside="facts", each=5), ENDLESS),
    "claims": EvaluationSet("claims:test", _hops(2, 3, 4, 5, beside="facts", each=5), ENDLESS),
    "countdown": EvaluationSet(
        "countdown:test", {str(n): f"min_numbers={n}:max_numbers={n}" for n in (3, 4, 5, 6)}, ENDLESS
    ),
    "arith_short": EvaluationSet(
        "arith:test", {str(n): f"min_steps={n}:max_steps={n}:max_number=50" for n in (1, 2, 3)}, ENDLESS
    ),
    **{f"gym_{one.spec.split(':')[1]}": one for one in _GYM},
    "gsm8k": EvaluationSet("gsm8k:test", files=("gsm8k_test.jsonl",), published=1319),
    "math500": EvaluationSet("math:test", files=("math500.jsonl",), published=500),
    "aime24": EvaluationSet("aime:2024", files=("aime24.jsonl",), published=30),
    "aime25": EvaluationSet("aime:2025", files=("aime25.jsonl",), published=30),
    "gpqa_diamond": EvaluationSet(
        "gpqa:diamond", files=("gpqa_diamond.jsonl", "gpqa_diamond.csv"), published=198
    ),
    "svamp": EvaluationSet("svamp:test", files=("svamp.jsonl",), published=1000),
}
"""The sets by name; the task of a set is called ``style_`` and its name."""

_READERS = {"gsm8k": read_gsm8k, "math": read_math, "aime": read_aime, "gpqa": read_gpqa, "svamp": read_svamp}
# What a problem's meta calls its difficulty, or its kind.
_LEVELS = {
    "gsm8k": "steps",
    "math": "level",
    "svamp": "type",
    "gpqa": "subject",
    "arith": "steps",
    "chain": "hops",
    "kinship": "hops",
    "kg": "hops",
    "claims": "hops",
}


def evaluation_problems(
    name: str, n: int | None = None, seed: int = 0, folder: str | Path | None = None
) -> list[Problem]:
    """Return the problems of the set *name*, the same ones forever; their meta says the ``level``,
    as text, where there is one.

    The first *n* of them, all of a published set at most. Another *seed* gives other items of a generated set
    (of a level with few, some of the same). A published set is in its published order whatever the seed, from
    the local file in *folder* or wherever `synth.problems.local_files` finds it, else from the Hub. Raises
    StylerepError for an unknown set, or one that cannot be read.
    """
    return list(iter_evaluation_problems(name, n, seed, folder))


def problems_of(
    spec: str, n: int | None = None, seed: int = 0, folder: str | Path | None = None
) -> list[Problem]:
    """Return the problems of any source as a test: published ones in their order, a file's by its rows,
    2,000 items of what has no end.

    *spec* is as `synth.problems.iter_problems` takes it. Raises StylerepError as that does.
    """
    return list(iter_problems_of(spec, n, seed, folder))


def iter_evaluation_problems(
    name: str, n: int | None = None, seed: int = 0, folder: str | Path | None = None
) -> Iterator[Problem]:
    """Yield what `evaluation_problems` returns, each item generated when it is asked for."""
    if name not in EVALUATION_SETS:
        raise StylerepError(f"There is no evaluation set {name!r}; choose from {', '.join(EVALUATION_SETS)}.")
    asked = EVALUATION_SETS[name]
    if asked.levels:
        return _in_turn(asked, _checked(n) or asked.n or ENDLESS, seed)
    return iter_problems_of(asked.spec, n or asked.n, seed, folder)


def iter_problems_of(
    spec: str, n: int | None = None, seed: int = 0, folder: str | Path | None = None
) -> Iterator[Problem]:
    """Yield what `problems_of` returns, each item generated when it is asked for."""
    _checked(n)
    source, _, split = spec.partition(":")
    if source in _READERS:
        found: Iterable[Problem] = _published(source, split or "train", folder)[:n]
    elif is_endless(spec):
        found = iter_problems(spec, n or ENDLESS, seed)
    else:
        found = itertools.islice(iter_problems(spec, seed=seed), n)
    return map(_with_level, found)


def is_endless(spec: str) -> bool:
    """Say whether a source generates as many problems as are asked for."""
    name = spec.partition(":")[0]
    return name in SOURCES and SOURCES[name].endless


def _checked(n: int | None) -> int | None:
    if n is not None and n < 1:
        raise StylerepError(f"The number of problems must be at least 1, got {n}.")
    return n


def _published(source: str, split: str, folder: str | Path | None) -> list[Problem]:
    """Return a published split in its order; warn if it is one of our sets and has another number of
    problems.
    """
    asked = next((one for one in EVALUATION_SETS.values() if one.spec == f"{source}:{split}"), None)
    path = benchmark_file(asked.files, folder) if asked else None
    problems = _READERS[source](split, path)
    if asked and asked.published and len(problems) != asked.published:
        warnings.warn(
            f"{path or source} has {len(problems)} problems where the published set has {asked.published}.",
            stacklevel=4,
        )
    return problems


def _in_turn(asked: EvaluationSet, n: int, seed: int) -> Iterator[Problem]:
    """Yield *n* problems, of each level in turn, no question twice and none that has nothing for an
    answer.
    """
    seen: set[str] = set()
    count = len(asked.levels)
    levels = [
        (
            level,
            iter_problems(
                f"{asked.spec}:{options}",
                -(-n // count),
                seed * count + number,
                lambda one: one.question not in seen and bool(one.answer),
            ),
        )
        for number, (level, options) in enumerate(asked.levels.items())
    ]
    for level, problems in itertools.islice(itertools.cycle(levels), n):
        problem = next(problems)
        seen.add(problem.question)
        yield replace(problem, id=f"{problem.id}-level{level}", meta={**problem.meta, "level": level})


def _with_level(problem: Problem) -> Problem:
    """Return the problem with its level as text, where its meta has one."""
    level = problem.meta.get(_LEVELS.get(problem.source, "level"))
    return problem if level is None else replace(problem, meta={**problem.meta, "level": str(level)})
