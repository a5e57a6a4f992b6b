"""What every analysis returns."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.metadata import version

from harness_ext.stats.proportion import Interval


@dataclass(frozen=True, slots=True)
class Result:
    """An estimate, its interval, a p-value, the number of items, and how they were made.

    `interval` and `p` are None where the question has none, or where the data do not settle it: then `note`
    says why. `n` counts independent units (items, clusters, families: the method says which). `settings`
    holds all else that the numbers depend on (margin, seed, draws, discordant counts, …),
    in the order in which the signature shows it.
    """

    estimate: float
    interval: Interval | None
    p: float | None
    n: int
    method: str
    settings: Mapping[str, object] = field(default_factory=dict)
    note: str = ""

    @property
    def signature(self) -> str:
        """One line from which the numbers can be made again:
        ``test:mcnemar-midp|n:500|b:61|c:40|level:0.95|stylerep:0.1.0``.
        """
        level = {} if self.interval is None or "level" in self.settings else {"level": self.interval.level}
        parts = {"test": self.method, "n": self.n, **self.settings, **level, "stylerep": version("stylerep")}
        return "|".join(
            f"{name}:{value:g}" if isinstance(value, float) else f"{name}:{value}"
            for name, value in parts.items()
        )
