"""What a comparison of runs comes to: conditions, their differences, families, notes."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from harness_ext.compare.between_seeds import PooledSeeds
from harness_ext.compare.hypotheses import Judgement
from harness_ext.compare.shares import Share
from harness_ext.compare.style import StyleEffect
from harness_ext.runs.accuracy import DEFAULT
from harness_ext.stats import (
    Interval,
    RandomEffects,
    Result,
    Settlement,
    VarianceSplit,
    Verdict,
)

if TYPE_CHECKING:
    from harness_ext.compare.equal_learnability import EqualLearnability


@dataclass(frozen=True, slots=True)
class ConditionOnTask:
    """One condition on one task: its accuracy, which is the mean of `metric`, with an interval (Wilson's for
    one run), and the means of its style scores. `draws` says of how many responses to each item, None for
    one.
    """

    run: str
    model: str
    family: str
    arm: str
    seeds: int
    task: str
    n: int
    accuracy: float
    interval: Interval | None
    style: dict[str, float]
    metric: str = DEFAULT
    draws: int | None = None


@dataclass(frozen=True, slots=True)
class Comparison:
    """One condition against its baseline on one task, or over all tasks.

    `result` is the difference of accuracies with its interval of level 1 - alpha and p; `equivalence` the
    interval of level 1 - 2 alpha that must lie inside ± `margin`; `p_adjusted` is p adjusted by `correction`
    over `tests` comparisons. `beside` holds other methods' answers to the same questions. `settlement` says
    how many items would settle an inconclusive verdict. `metric` is what accuracy is,
    several over tasks joined by +.
    """

    run: str
    baseline: str
    model: str
    family: str
    arm: str
    task: str
    result: Result
    equivalence: Interval | None
    p_adjusted: float
    correction: str
    tests: int
    margin: float
    verdict: Verdict
    left_out: int = 0
    beside: tuple[Result, ...] = ()
    settlement: Settlement | None = None
    variance: VarianceSplit | None = None
    style: tuple[StyleEffect, ...] = ()
    metric: str = DEFAULT

    @property
    def signature(self) -> str:
        """The result's signature, with what the verdict depends on."""
        return _signature(self.result, self.metric, self.margin, self.correction, self.tests)


@dataclass(frozen=True, slots=True)
class AcrossFamilies:
    """One arm against the baseline arm on one task, over families as draws from many (random effects);
    `signs` is the sign test beside.
    """

    arm: str
    task: str
    families: tuple[str, ...]
    summary: RandomEffects
    equivalence: Interval | None
    p_adjusted: float
    correction: str
    tests: int
    margin: float
    verdict: Verdict
    signs: Result
    metric: str = DEFAULT

    @property
    def signature(self) -> str:
        """The summary's signature, with what the verdict depends on."""
        return _signature(self.summary.result, self.metric, self.margin, self.correction, self.tests)


@dataclass(frozen=True, slots=True)
class Report:
    """All that a comparison found; see the classes of its parts. `omnibus` tests, task by task, whether the
    arms of a model differ at all. `learnability` tells differences at equal learnability, where that was
    measured. `between_seeds` says where the spread between seeds was taken from, and `seed_pools`, task by
    task, what it came to where it was pooled.
    """

    cells: list[ConditionOnTask]
    comparisons: list[Comparison]
    families: list[AcrossFamilies] = field(default_factory=list)
    shares: list[Share] = field(default_factory=list)
    omnibus: list[tuple[str, str, Result]] = field(default_factory=list)
    judgement: Judgement | None = None
    notes: list[str] = field(default_factory=list)
    learnability: "list[EqualLearnability]" = field(default_factory=list)
    between_seeds: str = "each"
    seed_pools: list[PooledSeeds] = field(default_factory=list)

    def __str__(self) -> str:
        """All tables and notes, as Markdown."""
        from harness_ext.compare.to_text import report_markdown  # which reads reports

        return report_markdown(self)


def _signature(result: Result, metric: str, margin: float, correction: str, tests: int) -> str:
    before, _, version = result.signature.rpartition("|")
    return f"{before}|metric:{metric}|margin:{margin:g}|{correction}:{tests}|{version}"
