"""Symbolic chains: follow pairs of symbols from a start to where they lead.

    Each pair leads from its first symbol to its second: D8 -> K2, T5 -> M3, A9 -> D8, K2 -> R4.
    Start at A9. Which symbol do you reach after 2 steps?                                  answer: K2

After the multi-step reasoning task of Wang et al. (2024, arXiv:2405.15302, buffer mechanism), whose test
pairs are held out as well: a pair of symbols, whatever its direction, belongs to one split, and an item is
made of pairs of its split only. Its content for `synth.problems.splits` is the chain that is walked.
"""

import functools
import itertools
import random
from collections.abc import Iterator
from dataclasses import dataclass

from synth.errors import StylerepError
from synth.problems.problem import Problem, Step, WrongTurn
from synth.problems.splits import belongs, generate

VERSION = 1

# 216 symbols: each has 21 partners or so in the smallest split, enough for chains of 12.
SYMBOLS = tuple(letter + digit for letter in "ABCDEFGHJKLMNPQRSTUVWXYZ" for digit in "123456789")

_NOTATIONS = ("{} -> {}", "{} => {}", "({}, {})", "{}:{}", "{} --> {}", "{} > {}")
_SEPARATORS = (", ", "; ", " | ")
_OPENINGS = (
    "Each pair leads from its first symbol to its second: {}.",
    "Here are some pairs of symbols, each to be read from left to right: {}.",
    "The pairs {} say which symbol follows which.",
    "A machine turns the first symbol of a pair into the second. Its pairs are {}.",
    "You can move from the first symbol of a pair to the second. The pairs: {}.",
    "In this code every pair sends its left symbol to its right symbol. The code is {}.",
    "A map has one-way roads between places. Written as pairs of from and to, they are {}.",
    "Follow the links from left to right. The links are {}.",
    "The list {} gives for each left symbol the one that comes after it.",
    "Messages are passed on from the first name of a pair to the second: {}.",
)
_AFTER_STEPS = (
    "Start at {a}. Which symbol do you reach after {k}?",
    "Where are you after {k} if you begin at {a}?",
    "Which symbol is reached from {a} in exactly {k}?",
    "Beginning with {a}, which symbol comes after {k}?",
    "Someone starts from {a} and makes {k}. At which symbol do they stand?",
    "Take {k} from {a}. Where does that lead?",
    "After {k} starting at {a}, what is the symbol?",
)
_AT_THE_END = (
    "Start at {a}. Which symbol is at the end of its chain?",
    "Where does the chain that begins at {a} end?",
    "Follow the chain from {a} until no pair leads on. Which symbol is the last?",
    "Beginning with {a}, which symbol is reached when nothing follows any more?",
    "Which symbol is the last one in the chain from {a}?",
    "Someone starts from {a} and goes on as far as possible. At which symbol do they stop?",
)
_UNITS = ("step", "move", "hop", "jump")

_READ = (
    "The pair {pair} leads from {a} to {b}.",
    "At {a}, the pair {pair} gives {b} as the next symbol.",
    "Among the pairs, {pair} starts with {a}, so {b} comes next.",
    "Number {i} on the way is {pair}, and it reaches {b}.",
    "{a} stands on the left of {pair}, which takes us on to {b}.",
    "We are at {a}, and {pair} moves us to {b}.",
)
_STOP = (
    "No pair starts with {b}, so the chain ends at {b}.",
    "{b} stands on the left of no pair, so nothing follows it.",
    "The list has no pair that leads on from {b}, which makes it the last symbol.",
)
_CHECKS = (
    "Read backwards, {pair} brings us from {b} to {a} again.",
    "Of the {n} pairs, only {pair} has {a} on its left.",
    "The symbol {a} is on the left of {pair} and of no other pair.",
    "The right side of {pair} is {b}, and its left side is {a}.",
)
_STOP_CHECKS = (
    "None of the {n} left symbols is {b}.",
    "The symbol {b} is found on the right of {pair} and on no left side.",
)


@dataclass(frozen=True, slots=True)
class ChainConfig:
    """How hard the items are.

    `min_hops` and `max_hops` bound the pairs on the way to the answer (1 to 12); `distractors` (2 to 40) is
    the number of other pairs, which form chains of their own,
    go on behind the answer or run into the chain that is asked for.
    """

    min_hops: int = 2
    max_hops: int = 4
    distractors: int = 6

    def validate(self) -> None:
        """Raise StylerepError if the bounds make no sense."""
        if not 1 <= self.min_hops <= self.max_hops <= 12:
            raise StylerepError(
                f"chain: hops must satisfy 1 <= min <= max <= 12, got {self.min_hops} and {self.max_hops}."
            )
        if not 2 <= self.distractors <= 40:
            raise StylerepError(f"chain: distractors must be between 2 and 40, got {self.distractors}.")


@dataclass(frozen=True, slots=True)
class _ChainDraft:
    """A walk through `symbols`; the answer is the one after `hops` pairs,
    and what follows it is a distractor.
    """

    symbols: tuple[str, ...]
    hops: int


def chain(split: str, seed: int = 0, config: ChainConfig | None = None) -> Iterator[Problem]:
    """Return the items of a split without end, item *i* always the same for one seed.

    *split* is ``train``, ``validation`` or ``test``.
    """
    config = config or ChainConfig()
    config.validate()
    return generate(
        "chain",
        VERSION,
        split,
        seed,
        lambda rng: _draft(rng, split, config),
        lambda draft: (*draft.symbols, draft.hops),
        lambda draft, item_id, rng: _problem(draft, item_id, rng, split, config),
    )


@functools.cache
def _partners(split: str, symbol: str) -> tuple[str, ...]:
    return tuple(
        other
        for other in SYMBOLS
        if other != symbol and belongs(split, "chain", VERSION, *sorted((symbol, other)))
    )


def _walk(rng: random.Random, split: str, length: int, used: set[str]) -> list[str]:
    """Return a path of at most *length* pairs over symbols not yet used, and mark them as used."""
    path = [rng.choice(SYMBOLS)]
    while path[0] in used:
        path = [rng.choice(SYMBOLS)]
    used.add(path[0])
    while len(path) <= length:
        options = [symbol for symbol in _partners(split, path[-1]) if symbol not in used]
        if not options:
            break
        path.append(rng.choice(options))
        used.add(path[-1])
    return path


def _draft(rng: random.Random, split: str, config: ChainConfig) -> _ChainDraft:
    hops = rng.randint(config.min_hops, config.max_hops)
    beyond = rng.choice((0, 0, 1, 2))
    path: list[str] = []
    while len(path) <= hops + beyond:
        path = _walk(rng, split, hops + beyond, set())
    return _ChainDraft(tuple(path), hops)


def _distractors(draft: _ChainDraft, rng: random.Random, split: str, count: int) -> list[tuple[str, str]]:
    """Return other chains of one to three pairs, one in three running into the chain that is asked for."""
    used = set(draft.symbols)
    pairs: list[tuple[str, str]] = []
    while len(pairs) < count:
        path = _walk(rng, split, min(count - len(pairs), rng.randint(1, 3)), used)
        joints = [
            symbol for symbol in draft.symbols if len(path) > 1 and symbol in _partners(split, path[-2])
        ]
        if joints and rng.random() < 0.33:
            path[-1] = rng.choice(joints)
        pairs += itertools.pairwise(path)
    return pairs


def _problem(
    draft: _ChainDraft, item_id: str, rng: random.Random, split: str, config: ChainConfig
) -> Problem:
    way = list(itertools.pairwise(draft.symbols))
    to_the_end = len(way) == draft.hops and rng.random() < 0.5
    others = way[draft.hops :]
    others += _distractors(draft, rng, split, config.distractors - len(others))
    pairs = way[: draft.hops] + others
    rng.shuffle(pairs)
    notation, unit = rng.choice(_NOTATIONS), rng.choice(_UNITS)
    listed = rng.choice(_SEPARATORS).join(notation.format(*pair) for pair in pairs)
    ask = rng.choice(_AT_THE_END if to_the_end else _AFTER_STEPS)
    parts = [
        rng.choice(_OPENINGS).format(listed),
        ask.format(a=draft.symbols[0], k=f"{draft.hops} {unit}{'s' * (draft.hops > 1)}"),
    ]
    steps = [_read(i, draft, pairs, notation, rng) for i in range(draft.hops)]
    if to_the_end:
        steps.append(_stop(draft, pairs, notation, rng))
    answer = draft.symbols[draft.hops]
    wrong = [
        *reversed(draft.symbols[: draft.hops]),
        *draft.symbols[draft.hops + 1 :],
        *(right for _, right in others),
        *(left for left, _ in others),
    ]
    return Problem(
        id=item_id,
        source="chain",
        question=" ".join(parts if rng.random() < 0.7 else parts[::-1]),
        answer=answer,
        answer_type="text",
        steps=tuple(steps),
        meta={
            "hops": draft.hops,
            "pairs": len(pairs),
            "asks": "end" if to_the_end else "steps",
            "split": split,
            "proof": [[a, "leads to", b] for a, b in way[: draft.hops]],
            "facts_stated": [[a, "leads to", b] for a, b in pairs],
        },
        wrong_answers=tuple(dict.fromkeys(symbol for symbol in wrong if symbol != answer))[:5],
    )


def _read(
    i: int, draft: _ChainDraft, pairs: list[tuple[str, str]], notation: str, rng: random.Random
) -> Step:
    """Return the step over pair *i* of the walk, with the ways in which one may take another pair for it."""
    a, b = draft.symbols[i], draft.symbols[i + 1]
    pair = notation.format(a, b)
    turns = []
    if into := [left for left, right in pairs if right == a]:
        back = notation.format(into[0], a)
        turns.append(
            WrongTurn(
                f"The pair {back} takes us from {a} to {into[0]}.",
                f"In {back} the symbol {a} is on the right, so nothing leads from it there.",
            )
        )
    if i + 1 < draft.hops:
        c = draft.symbols[i + 2]
        skipped = notation.format(b, c)
        turns.append(
            WrongTurn(
                f"From {a} the very next symbol is {c}.",
                f"{c} follows {b} in {skipped}, while {a} leads to {b}.",
            )
        )
    if others := [other for other in pairs if a not in other and other[1] != b]:
        left, right = rng.choice(others)
        why = (
            f"{right} is the partner of {left} in {notation.format(left, right)}, and {pair} starts with {a}."
        )
        turns.append(WrongTurn(f"From {a} the very next symbol is {right}.", why))
    rng.shuffle(turns)
    checks = rng.sample(_CHECKS, 2)
    words = {"a": a, "b": b, "pair": pair, "n": len(pairs), "i": i + 1}
    return Step(
        rng.choice(_READ).format(**words),
        (),
        tuple(check.format(**words) for check in checks),
        tuple(turns[:2]),
    )


def _stop(draft: _ChainDraft, pairs: list[tuple[str, str]], notation: str, rng: random.Random) -> Step:
    a, b = draft.symbols[draft.hops - 1], draft.symbols[draft.hops]
    words = {"b": b, "n": len(pairs), "pair": notation.format(a, b)}
    early = WrongTurn(
        f"The chain already ends at the symbol {a}.",
        f"The pair {words['pair']} still leads on from {a} to {b}.",
    )
    return Step(
        rng.choice(_STOP).format(**words),
        (),
        tuple(check.format(**words) for check in _STOP_CHECKS),
        (early,),
    )
