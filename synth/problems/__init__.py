"""Problem sources by name: one source a file.

A source is named ``NAME[:SPLIT][:OPTION=VALUE…]``: ``arith:train``, ``arith:test:max_steps=6``. In place of a
name stands a file or a Hub data set, whose options say which column holds what: ``mine.csv:question=task``,
``org/name:test`` (see `synth.problems.mapped`). A data set of reasoning-gym is
``gym:DATASET[:split=SPLIT][:OPTION=VALUE…]``.
"""

import dataclasses
import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from synth.bloom_filter import Seen
from synth.errors import StylerepError
from synth.problems.aime import aime, read_aime
from synth.problems.arith import ArithConfig, arith
from synth.problems.chain import ChainConfig, chain
from synth.problems.claims import ClaimsConfig, claims
from synth.problems.countdown import CountdownConfig, countdown
from synth.problems.gpqa import gpqa, read_gpqa
from synth.problems.gsm8k import gsm8k, read_gsm8k
from synth.problems.gym import gym, gym_config
from synth.problems.hendrycks_math import hendrycks_math, read_math
from synth.problems.kg import KgConfig, kg
from synth.problems.kinship import KinshipConfig, kinship
from synth.problems.mapped import MappedConfig, check_place, mapped, mapped_place
from synth.problems.problem import Claim, Problem, Step, WrongTurn, prompt
from synth.problems.svamp import read_svamp, svamp
from synth.rows import SUFFIXES
from synth.schema import shown

__all__ = [
    "SOURCES",
    "ArithConfig",
    "Claim",
    "Problem",
    "Source",
    "Step",
    "WrongTurn",
    "arith",
    "check_number",
    "check_source",
    "gsm8k",
    "iter_problems",
    "load_problems",
    "prompt",
    "read_aime",
    "read_gpqa",
    "read_gsm8k",
    "read_math",
    "read_svamp",
]


@dataclass(frozen=True, slots=True)
class Source:
    """A source that is known by name.

    `items` takes (split, seed), and an instance of `config` as third argument where the source has options.
    An `endless` source generates as many items as are asked for. A source that `read`s what follows its name
    itself gets (what stands in the place of the split,
    options) and returns the split and what `items` takes after the seed.
    """

    items: Callable[..., Iterator[Problem]]
    config: type | None = None
    endless: bool = True
    read: Callable[[str, dict[str, str]], tuple[str, list[Any]]] | None = None


SOURCES = {
    "arith": Source(arith, ArithConfig),
    "chain": Source(chain, ChainConfig),
    "kinship": Source(kinship, KinshipConfig),
    "kg": Source(kg, KgConfig),
    "claims": Source(claims, ClaimsConfig),
    "countdown": Source(countdown, CountdownConfig),
    "gym": Source(gym, read=gym_config),
    "gsm8k": Source(gsm8k, endless=False),
    "math": Source(hendrycks_math, endless=False),
    "aime": Source(aime, endless=False),
    "svamp": Source(svamp, endless=False),
    "gpqa": Source(gpqa, endless=False),
}

# So many repeats, or problems not to be kept, in a row mean that an endless source has no other item.
_MANY_REPEATS = 10_000


def load_problems(spec: str, n: int | None = None, seed: int = 0) -> list[Problem]:
    """Return the first *n* problems of a source; see `iter_problems`."""
    return list(iter_problems(spec, n, seed))


def iter_problems(
    spec: str, n: int | None = None, seed: int = 0, keep: Callable[[Problem], bool] | None = None
) -> Iterator[Problem]:
    """Yield the first *n* problems of a source, none twice and only such as *keep* says to keep.

    *spec* is ``NAME[:SPLIT][:OPTION=VALUE…]`` (split ``train`` when left out) or a file or Hub data set in
    place of the name. Without *n*, all of a file source; a procedural source has no end and needs *n*. Raises
    StylerepError for an unknown name, an unreadable row, or a source with fewer than *n* problems.
    """
    check_number(n)
    name, source, rest = _source(spec)
    if source.endless and n is None:
        raise StylerepError(f"The source {name} has no end: say how many problems you want (--n).")
    place, options = _split_and_options(name, rest)
    split, config = source.read(place, options) if source.read else (place, _config(name, source, options))
    found = _without_repeats(
        source.items(split, seed, *config), keep or (lambda problem: True), source.endless
    )
    count = 0
    for problem in itertools.islice(found, n):
        count += 1
        yield problem
    if n is not None and count < n:
        raise StylerepError(
            f"{spec}: {n} problems were asked for and it has"
            f" {count}{'' if keep is None else ' that may be used'}."
        )


def check_number(n: int | None) -> None:
    """Raise StylerepError for a number of problems, if one is given, below 1 or beyond 64 bits."""
    if n is not None and not 1 <= n < 2**63:
        raise StylerepError(
            f"The number of problems must be at least 1{' and of at most 64 bits' if n > 0 else ''}, got"
            f" {shown(n)}."
        )


def check_source(spec: str, n: int | None = None, seed: int = 0) -> None:
    """Raise StylerepError for a source that there is not, by its name: neither a name of ours, nor a file
    that is here, nor a Hub data set's.

    Of a source that generates problems, options and split are tried as well. Nothing is fetched,
    and no file of problems is read.
    """
    name, source, rest = _source(spec)
    _, options = _split_and_options(name, rest)
    if source.config is MappedConfig:
        check_place(name)
    if not source.read:
        _config(name, source, options)
        if source.endless:
            for _ in iter_problems(spec, min(n or 1, 1), seed):
                pass


def _source(spec: str) -> tuple[str, Source, str]:
    """Return the name of a source, the source, and what is said of it."""
    name, _, rest = spec.partition(":")
    if name in SOURCES:
        return name, SOURCES[name], rest
    if (found := mapped_place(spec)) is not None:
        place, rest = found
        return (
            place,
            Source(lambda split, seed, config: mapped(place, split, config), MappedConfig, endless=False),
            rest,
        )
    raise StylerepError(
        f"There is no problem source {name!r}; choose from {', '.join(SOURCES)}, or name a file"
        f" ({', '.join(SUFFIXES)}) or a Hub data set (org/name)."
    )


def _split_and_options(name: str, rest: str) -> tuple[str, dict[str, str]]:
    split, options = "train", {}
    for position, part in enumerate(part for part in rest.split(":") if part):
        key, equals, value = part.partition("=")
        if equals:
            options[key.strip()] = value.strip()
        elif position == 0:
            split = part
        else:
            raise StylerepError(
                f"{name}: {part!r} is no OPTION=VALUE; a source is written NAME[:SPLIT][:OPTION=VALUE…]."
            )
    return split, options


def _config(name: str, source: Source, options: dict[str, str]) -> list[Any]:
    if source.config is None:
        if options:
            raise StylerepError(f"{name}: this source has no option {next(iter(options))!r}.")
        return []
    defaults = dataclasses.asdict(source.config())
    values = {}
    for key, value in options.items():
        if key not in defaults:
            raise StylerepError(f"{name}: there is no option {key!r}; it has {', '.join(defaults)}.")
        try:
            values[key] = type(defaults[key])(value)
        except ValueError as error:
            kind = "a whole number" if type(defaults[key]) is int else "a number"
            raise StylerepError(f"{name}: {key} must be {kind}, got {value!r}.") from error
    config = source.config(**values)
    config.validate()
    return [config]


def _without_repeats(
    items: Iterator[Problem], keep: Callable[[Problem], bool], endless: bool
) -> Iterator[Problem]:
    seen, passed = Seen(), 0
    for item in items:
        if seen.add(item.question) and keep(item):
            passed = 0
            yield item
        elif (passed := passed + 1) == _MANY_REPEATS and endless:
            return
