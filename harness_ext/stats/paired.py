"""Two proportions on the same items.

The counts are those of the 2×2 table of items by outcome in two runs:

|             | second right | second wrong |
|-------------|--------------|--------------|
| first right | ``both``     | ``first``    |
| first wrong | ``second``   | ``neither``  |

A difference is always *first minus second*.
"""

from dataclasses import dataclass
from math import sqrt

from scipy.stats import binom

from harness_ext.stats.proportion import Interval, wilson_interval


@dataclass(frozen=True, slots=True)
class PairedCounts:
    """How many items both runs, only the first, only the second, and neither run got right."""

    both: int
    first: int
    second: int
    neither: int

    def __post_init__(self) -> None:
        if min(self.both, self.first, self.second, self.neither) < 0 or self.n < 1:
            raise ValueError(f"counts are 0 or more and sum to at least 1, got {self}")

    @property
    def n(self) -> int:
        """The number of items."""
        return self.both + self.first + self.second + self.neither

    @property
    def difference(self) -> float:
        """Accuracy of the first run minus that of the second."""
        return (self.first - self.second) / self.n


def mcnemar_exact(counts: PairedCounts) -> float:
    """Return the two-sided exact conditional p of equal accuracies (McNemar 1947; binomial, 1/2).

    1 where no item is discordant.
    """
    fewer, discordant = min(counts.first, counts.second), counts.first + counts.second
    return min(1.0, 2 * float(binom.cdf(fewer, discordant, 0.5))) if discordant else 1.0


def mcnemar_midp(counts: PairedCounts) -> float:
    """Return the two-sided mid-p value of McNemar's test (Fagerland, Lydersen & Laake 2013, BMC Med Res Methodol 13:91).

    The exact p less the probability of the observed table; 1 where first and second are equal.
    """
    if counts.first == counts.second:
        return 1.0
    fewer, discordant = min(counts.first, counts.second), counts.first + counts.second
    return 2 * float(binom.cdf(fewer, discordant, 0.5)) - float(binom.pmf(fewer, discordant, 0.5))


def newcombe_interval(counts: PairedCounts, level: float = 0.95) -> Interval:
    """Return the square-and-add interval of the difference, Newcombe's method 10 (1998, Stat Med 17:2635).

    Combines the Wilson intervals of the two accuracies with their correlation, the latter corrected
    for continuity where it is positive.
    """
    a, b, c, d, n = counts.both, counts.first, counts.second, counts.neither, counts.n
    one, two = wilson_interval(a + b, n, level), wilson_interval(a + c, n, level)
    p1, p2 = (a + b) / n, (a + c) / n
    margins = (a + b) * (c + d) * (a + c) * (b + d)
    excess: float = a * d - b * c
    if excess > 0:
        excess = max(excess - n / 2, 0.0)
    phi = excess / sqrt(margins) if margins else 0.0
    down, up = _combined(p1 - one.low, two.high - p2, phi), _combined(one.high - p1, p2 - two.low, phi)
    return Interval(p1 - p2 - down, p1 - p2 + up, level)


def _combined(x: float, y: float, phi: float) -> float:
    return sqrt(max(x * x - 2 * phi * x * y + y * y, 0.0))
