"""Arithmetic word problems of two to four operations.

    Nora has 3 bags of 4 marbles each. Nora buys 9 more. Nora gives 6 of them to Ben.
    How many marbles does Nora have now?                                            answer: 15

Every item is drawn from a generator seeded by (source, version, split, seed, index): the same item
forever, none depending on another. Its content for `synth.problems.splits` is its arithmetic, all operations
with their numbers.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass

from synth.errors import StylerepError
from synth.problems.problem import Claim, Problem, Step
from synth.problems.splits import generate

VERSION = 1

_NAMES = (
    "Nora Ben Ava Liam Mia Noah Zoe Omar Ivy Kofi Lena Raj Sara Theo Yuki Hugo Elif Finn Gita Ines "
    "Jack Kira Leo Maya Nils Olga Pia Quinn Rosa Sam Tara Uma Vera Will Xena Yara Ada Carl Dana Emil"
).split()


@dataclass(frozen=True, slots=True)
class _Setting:
    """The surface of one kind of story: what is counted, and how each operation is told.

    ``{a}`` and ``{b}`` are people, ``{n}`` the noun, ``{x}`` a first number, ``{k}`` an operand,
    ``{g}`` a number of groups. An operation that a setting does not tell never happens in it.
    """

    nouns: tuple[str, ...]
    opening: tuple[str, ...]
    question: tuple[str, ...]
    add: tuple[str, ...]
    subtract: tuple[str, ...]
    groups: tuple[str, ...]
    multiply: tuple[str, ...] = ()
    divide: tuple[str, ...] = ()
    compare: bool = False


_SETTINGS = (
    _Setting(
        nouns=tuple("marbles stickers stamps shells cards beads buttons badges".split()),
        opening=("{a} has {x} {n}.", "{a} keeps {x} {n} in a box.", "{a} starts with {x} {n}."),
        question=("How many {n} does {a} have now?", "How many {n} does {a} end up with?"),
        add=(
            "{a} buys {k} more.",
            "{b} gives {a} {k} {n}.",
            "Then {a} finds {k} {n}.",
            "{a} wins {k} {n} at a fair.",
        ),
        subtract=("{a} gives {k} of them to {b}.", "Then {a} loses {k} {n}.", "{a} sells {k} of the {n}."),
        groups=("{a} has {g} bags of {k} {n} each.", "{a} starts with {g} packs with {k} {n} in each."),
        multiply=(
            "Within a year {a} has {k} times as many.",
            "After a month, the number of {n} is {k} times as large.",
        ),
        divide=("{a} splits the {n} equally among {k} people and keeps one share.",),
        compare=True,
    ),
    _Setting(
        nouns=tuple("apples plums muffins cookies pears lemons rolls pies".split()),
        opening=(
            "{a} brings {x} {n} to the market.",
            "There are {x} {n} on {a}'s table.",
            "{a} collects {x} {n}.",
        ),
        question=("How many {n} does {a} have left?", "How many {n} are there in the end?"),
        add=("{b} adds {k} more.", "{a} fetches another {k} {n}.", "Later {k} {n} are delivered."),
        subtract=("{b} eats {k} of them.", "{a} sells {k} {n}.", "{k} of the {n} turn out to be bad."),
        groups=("{a} brings {g} trays with {k} {n} each.", "{a} fills {g} baskets with {k} {n} each."),
        divide=("{a} deals the {n} out onto {k} equal plates and keeps one plate.",),
        compare=True,
    ),
    _Setting(
        nouns=("dollars", "euros", "pounds", "crowns"),
        opening=("{a} has {x} {n}.", "{a} has saved {x} {n}.", "There are {x} {n} in {a}'s wallet."),
        question=("How many {n} does {a} have now?", "How many {n} are left for {a}?"),
        add=(
            "{a} earns {k} {n} by mowing a lawn.",
            "{b} pays {a} back {k} {n}.",
            "{a} gets {k} {n} as a present.",
        ),
        subtract=("{a} spends {k} {n} on a book.", "{a} lends {b} {k} {n}.", "A ticket costs {a} {k} {n}."),
        groups=("{a} works {g} hours for {k} {n} an hour.", "{a} washes {g} cars for {k} {n} each."),
        multiply=("After a year of saving, {a} has {k} times as much.",),
        compare=True,
    ),
    _Setting(
        nouns=("litres of water", "litres of paint", "litres of milk"),
        opening=("A tank holds {x} {n}.", "{a} fills a barrel with {x} {n}."),
        question=("How many {n} are in it now?", "How many {n} does it hold at the end?"),
        add=("{a} pours in {k} litres.", "Another {k} litres are added."),
        subtract=("{k} litres leak out.", "{a} takes out {k} litres.", "{b} uses {k} litres."),
        groups=(
            "{a} empties {g} buckets of {k} litres each into a tank.",
            "{a} pours {g} cans of {k} litres each into a barrel.",
        ),
        multiply=("By the evening it holds {k} times as much.",),
    ),
    _Setting(
        nouns=("passengers", "people", "children"),
        opening=("A bus leaves with {x} {n}.", "There are {x} {n} on {a}'s train."),
        question=("How many {n} are on board now?", "How many {n} ride on?"),
        add=("{k} more get on.", "At the next stop {k} {n} get on."),
        subtract=("{k} of them get off.", "At the station {k} {n} get off."),
        groups=("A bus leaves with {g} groups of {k} {n} each.",),
    ),
)


@dataclass(frozen=True, slots=True)
class ArithConfig:
    """How hard the items are.

    `min_steps` and `max_steps` bound the number of operations (1 to 8); `max_number` bounds every
    amount told before a final comparison (20 to 10,000).
    """

    min_steps: int = 2
    max_steps: int = 4
    max_number: int = 50

    def validate(self) -> None:
        """Raise StylerepError if the bounds make no sense."""
        if not 1 <= self.min_steps <= self.max_steps <= 8:
            raise StylerepError(
                f"arith: steps must satisfy 1 <= min <= max <= 8, got {self.min_steps} and {self.max_steps}."
            )
        if not 20 <= self.max_number <= 10_000:
            raise StylerepError(f"arith: max_number must be between 20 and 10000, got {self.max_number}.")


def arith(split: str, seed: int = 0, config: ArithConfig | None = None) -> Iterator[Problem]:
    """Return the items of a split without end, item *i* always the same for one seed.

    *split* is ``train``, ``validation`` or ``test``.
    """
    config = config or ArithConfig()
    config.validate()
    return generate(
        "arith",
        VERSION,
        split,
        seed,
        lambda rng: _Story(rng, config),
        _content,
        lambda story, item_id, _: _problem(story, item_id, split),
    )


def _content(story: "_Story") -> tuple[str, ...]:
    return tuple(claim.expression for step in story.steps for claim in step.claims)


def _problem(story: "_Story", item_id: str, split: str) -> Problem:
    return Problem(
        id=item_id,
        source="arith",
        question=" ".join(story.sentences),
        answer=str(story.value),
        answer_type="number",
        steps=tuple(story.steps),
        meta={"steps": len(story.steps), "split": split},
    )


class _Story:
    """One problem in the making: sentences told so far, the steps that solve them, the value reached."""

    def __init__(self, rng: random.Random, config: ArithConfig) -> None:
        self._rng, self._limit = rng, config.max_number
        self._setting = rng.choice(_SETTINGS)
        self._words = dict(
            zip(("a", "b"), rng.sample(_NAMES, 2), strict=True), n=rng.choice(self._setting.nouns)
        )
        self.sentences: list[str] = []
        self.steps: list[Step] = []
        self.value = 0
        self._open()

        total = rng.randint(config.min_steps, config.max_steps)
        compare = self._setting.compare and total - len(self.steps) >= 2 and rng.random() < 0.2
        while len(self.steps) < total - 2 * compare:
            self._event()
        if compare:
            self._compare()
        else:
            self._tell(self._setting.question)

    def _tell(self, forms: tuple[str, ...], **numbers: int) -> str:
        """Add a sentence to the question and return it without its full stop."""
        self.sentences.append(self._rng.choice(forms).format(**self._words, **numbers))
        return self.sentences[-1].removesuffix(".").removeprefix("Then ")

    def _calculate(self, symbol: str, operand: int, reason: str, left: int | None = None) -> int:
        """Add the step ``left symbol operand`` (left: the value so far), led in by its reason;
        return its result.
        """
        left = self.value if left is None else left
        result = {"+": left + operand, "-": left - operand, "*": left * operand, "/": left // operand}[symbol]
        expression = f"{left} {symbol} {operand}"
        text = f"{reason} {expression} = {result} {self._words['n']}."
        self.steps.append(Step(text, (Claim(expression, str(result)),)))
        return result

    def _open(self) -> None:
        """Tell the first number, or the groups whose product it is: no operation, or one."""
        rng, half = self._rng, self._limit // 2
        if rng.random() < 0.35:
            groups = rng.randint(2, min(6, half // 2))
            operand = rng.randint(2, min(9, half // groups))
            told = self._tell(self._setting.groups, g=groups, k=operand)
            self.value = self._calculate("*", operand, f"{told}:", left=groups)
        else:
            self.value = rng.randint(3, half)
            self._tell(self._setting.opening, x=self.value)

    def _event(self) -> None:
        """Tell one event that keeps the value between 1 and the limit."""
        rng, setting, value = self._rng, self._setting, self.value
        divisors = [k for k in range(2, 7) if value % k == 0 and value > k]
        possible = ["add"] * (value + 2 <= self._limit) * 2 + ["subtract"] * (value > 2) * 2
        possible += ["multiply"] * (bool(setting.multiply) and value * 2 <= self._limit)
        possible += ["divide"] * bool(setting.divide and divisors)
        kind = rng.choice(possible)
        match kind:
            case "add":
                symbol, forms, operand = (
                    "+",
                    setting.add,
                    rng.randint(2, min(self._limit - value, max(2, self._limit // 4))),
                )
            case "subtract":
                symbol, forms, operand = (
                    "-",
                    setting.subtract,
                    rng.randint(2, min(value - 1, self._limit // 4)),
                )
            case "multiply":
                symbol, forms, operand = "*", setting.multiply, rng.randint(2, min(5, self._limit // value))
            case _:
                symbol, forms, operand = "/", setting.divide, rng.choice(divisors)
        self.value = self._calculate(symbol, operand, f"{self._tell(forms, k=operand)}:")

    def _compare(self) -> None:
        """End by asking for the sum of two people's amounts: two operations."""
        first, operand = self.value, self._rng.randint(2, 12)
        told = self._tell(("{b} has {k} more {n} than {a} has now.",), k=operand)
        self._tell(("How many {n} do {a} and {b} have together?",))
        second = self._calculate("+", operand, f"{told}:")
        self.value = self._calculate("+", second, "Together they have", left=first)
