"""Countdown: reach a target from given numbers, each used exactly once.

    The numbers on the cards are 12, 2 and 3. Make 30. Use each number exactly once, with +, -, *,
    / and parentheses.
                                                                                      answer: (12 - 2) * 3

Numbers are combined at random until one is left, which is the target; so there is a solution, and its
calculation is the worked steps. All results on the way are whole and positive. Wrong turns are tries with the
numbers left that miss the target. Item content for `synth.problems.splits` is the numbers,
whatever their order, and the target.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from synth.arithmetic import evaluate
from synth.errors import StylerepError
from synth.problems.problem import Claim, Problem, Step, WrongTurn
from synth.problems.splits import generate

VERSION = 1

_OPENINGS = (
    "Here are the numbers {numbers}.",
    "You are given {numbers}.",
    "The numbers on the cards are {numbers}.",
    "In this round the numbers are {numbers}.",
    "A player draws {numbers}.",
    "Take the numbers {numbers}.",
    "The numbers to work with: {numbers}.",
    "On the table lie the numbers {numbers}.",
    "The game deals {numbers}.",
    "Your numbers are {numbers}.",
)
_ASKS = (
    "Reach {target} with them.",
    "Make {target}.",
    "The target is {target}.",
    "Write an expression that equals {target}.",
    "Find a calculation whose result is {target}.",
    "How can they make {target}?",
    "Combine them to get {target}.",
    "Which expression of them has the value {target}?",
    "The result has to be {target}.",
    "Calculate {target} from them.",
)
_RULES = (
    "Use each number exactly once, with +, -, *, / and parentheses.",
    "Every number must be used exactly once, and only +, -, * and / are allowed.",
    "You may add, subtract, multiply and divide, and use each number once and only once.",
    "All of them must be used, none twice, with the operations +, -, * and /.",
    "No number may be left out or used twice; the operations are +, -, *, / with parentheses.",
    "Allowed are +, -, *, / and parentheses, and every number is used exactly once.",
    "Each number appears once in the expression, joined by + - * / as you like.",
    "Each of the numbers has to be used one time. You can use +, -, *, / and brackets.",
)
_STEPS = (
    "We combine {a} and {b}: {claim}{rest}.",
    "{verb} gives {claim}{rest}.",
    "With {a} and {b} we make {claim}{rest}.",
    "Taking {a} and {b}, {claim}{rest}.",
    "Out of {a} and {b} comes {claim}{rest}.",
)
_VERBS = {
    "+": "Adding {b} to {a}",
    "-": "Subtracting {b} from {a}",
    "*": "Multiplying {a} by {b}",
    "/": "Dividing {a} by {b}",
}
_RESTS = (", which leaves {}", ", so {} are left", ", and there remain {}")
_WHOLE = (
    "Written as one expression, this is {claim}.",
    "Put into one expression, that reads {claim}.",
    "As a single expression we have {claim}.",
)
_BINDS = {"+": 1, "-": 1, "*": 2, "/": 2}


@dataclass(frozen=True, slots=True)
class CountdownConfig:
    """How hard the items are.

    `min_numbers` and `max_numbers` bound how many numbers are given (3 to 6), `max_number` each of them (5 to
    100) and `max_target` the target (20 to 10,000).
    """

    min_numbers: int = 3
    max_numbers: int = 4
    max_number: int = 25
    max_target: int = 200

    def validate(self) -> None:
        """Raise StylerepError if the bounds make no sense."""
        if not 3 <= self.min_numbers <= self.max_numbers <= 6:
            raise StylerepError(
                f"countdown: numbers must satisfy 3 <= min <= max <= 6, got {self.min_numbers} and"
                f" {self.max_numbers}."
            )
        if not 5 <= self.max_number <= 100:
            raise StylerepError(f"countdown: max_number must be between 5 and 100, got {self.max_number}.")
        if not 20 <= self.max_target <= 10_000:
            raise StylerepError(f"countdown: max_target must be between 20 and 10000, got {self.max_target}.")


def countdown(split: str, seed: int = 0, config: CountdownConfig | None = None) -> Iterator[Problem]:
    """Return the items of a split without end, item *i* always the same for one seed.

    *split* is ``train``, ``validation`` or ``test``.
    """
    config = config or CountdownConfig()
    config.validate()
    return generate(
        "countdown",
        VERSION,
        split,
        seed,
        lambda rng: _draft(rng, config),
        _content,
        lambda draft, item_id, rng: _problem(draft, item_id, rng, split),
    )


class _Value(NamedTuple):
    """A number that is left, with the expression that made it; `binds` is 3 for a given number."""

    number: int
    text: str
    binds: int = 3


class _Move(NamedTuple):
    """Two values combined into one, and the numbers left before and after."""

    before: tuple[_Value, ...]
    left: _Value
    symbol: str
    right: _Value
    result: _Value
    after: tuple[_Value, ...]


class _CountdownDraft(NamedTuple):
    numbers: tuple[int, ...]
    moves: tuple[_Move, ...]

    @property
    def target(self) -> _Value:
        return self.moves[-1].result


def _draft(rng: random.Random, config: CountdownConfig) -> _CountdownDraft:
    while True:
        numbers = tuple(
            rng.randint(1, config.max_number)
            for _ in range(rng.randint(config.min_numbers, config.max_numbers))
        )
        moves = _play(tuple(_Value(number, str(number)) for number in numbers), rng, config.max_target)
        if (
            moves
            and 10 <= moves[-1].result.number <= config.max_target
            and moves[-1].result.number not in numbers
        ):
            return _CountdownDraft(numbers, moves)


def _content(draft: _CountdownDraft) -> tuple[int, ...]:
    return (draft.target.number, *sorted(draft.numbers))


def _play(values: tuple[_Value, ...], rng: random.Random, limit: int) -> tuple[_Move, ...]:
    """Combine values at random until one is left; return no moves if one grows over ten times the limit."""
    moves = []
    while len(values) > 1:
        i, j = rng.randrange(len(values)), rng.randrange(len(values) - 1)
        j += j >= i
        left, right = (
            (values[i], values[j]) if values[i].number >= values[j].number else (values[j], values[i])
        )
        a, b = left.number, right.number
        symbol = rng.choice(
            ("+-" if a > b else "+") + ("**" if b > 1 else "") + ("//" if b > 1 and a % b == 0 else "")
        )
        number = {"+": a + b, "-": a - b, "*": a * b, "/": a // b}[symbol]
        if number > 10 * limit:
            return ()
        result = _Value(number, _join(left, symbol, right), _BINDS[symbol])
        after = (*(value for k, value in enumerate(values) if k not in (i, j)), result)
        moves.append(_Move(values, left, symbol, right, result, after))
        values = after
    return tuple(moves)


def _join(left: _Value, symbol: str, right: _Value) -> str:
    own = _BINDS[symbol]
    first = f"({left.text})" if left.binds < own else left.text
    second = f"({right.text})" if right.binds < own or (right.binds == own and symbol in "-/") else right.text
    return f"{first} {symbol} {second}"


def _problem(draft: _CountdownDraft, item_id: str, rng: random.Random, split: str) -> Problem:
    target, answer = draft.target.number, draft.target.text
    if evaluate(answer) != target:
        raise AssertionError(f"{item_id}: {answer} is not {target}")
    given = draft.moves[0].before
    opening = rng.choice(_OPENINGS).format(numbers=_listed(draft.numbers))
    ask, rule = rng.choice(_ASKS).format(target=target), rng.choice(_RULES)
    steps = [_step(move, target, rng) for move in draft.moves]
    claim = Claim(answer, str(target))
    steps.append(Step(rng.choice(_WHOLE).format(claim=f"{answer} = {target}"), (claim,)))
    return Problem(
        id=item_id,
        source="countdown",
        question=" ".join((opening, ask, rule) if rng.random() < 0.5 else (opening, rule, ask)),
        answer=answer,
        answer_type="expression",
        steps=tuple(steps),
        meta={
            "numbers": list(draft.numbers),
            "target": target,
            "operations": len(draft.moves),
            "split": split,
        },
        wrong_answers=tuple(value.text for value in _misses(given, target, 3, rng)),
    )


def _listed(numbers: tuple[int, ...]) -> str:
    return f"{', '.join(map(str, numbers[:-1]))} and {numbers[-1]}" if len(numbers) > 1 else str(numbers[0])


def _step(move: _Move, target: int, rng: random.Random) -> Step:
    a, b = move.left.number, move.right.number
    claim = Claim(f"{a} {move.symbol} {b}", str(move.result.number))
    rest = (
        rng.choice(_RESTS).format(_listed(tuple(value.number for value in move.after)))
        if len(move.after) > 1
        else ""
    )
    verb = _VERBS[move.symbol].format(a=a, b=b)
    text = rng.choice(_STEPS).format(
        a=a, b=b, verb=verb, claim=f"{claim.expression} = {claim.result}", rest=rest
    )
    plain = tuple(_Value(value.number, str(value.number)) for value in move.before)
    turns = tuple(
        WrongTurn(
            f"The target {target} is reached by {value.text}.",
            f"{value.text} = {value.number}, and that is not {target}.",
        )
        for value in _misses(plain, target, 2, rng)
    )
    return Step(text, (claim,), (), turns)


def _misses(values: tuple[_Value, ...], target: int, count: int, rng: random.Random) -> list[_Value]:
    """Return tries with all of the values that miss the target, none twice: as many as asked for,
    or what 40 tries find.
    """
    found: dict[str, _Value] = {}
    for _ in range(40):
        moves = _play(values, rng, 10 * target)
        if moves and moves[-1].result.number != target:
            found[moves[-1].result.text] = moves[-1].result
        if len(found) == count:
            break
    return list(found.values())
