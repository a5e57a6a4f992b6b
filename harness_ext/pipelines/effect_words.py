"""Effects of 0 to 1 in the words of tables: points, intervals, p."""

from harness_ext.stats import Result

_ALMOST_NONE = 0.001


def points(result: Result) -> str:
    """Return an estimate in percentage points, with its sign."""
    return f"{100 * result.estimate:+.1f}".replace("-", "\u2212")


def points_interval(result: Result) -> str:
    """Return an interval in percentage points; empty where there is none."""
    if result.interval is None:
        return ""
    low, high = result.interval.low, result.interval.high
    return f"[{100 * low:.1f}, {100 * high:.1f}]".replace("-", "\u2212")


def p_words(value: float | None) -> str:
    """Return a p to three places; empty for None."""
    if value is None:
        return ""
    return "< .001" if value < _ALMOST_NONE else f"{value:.3f}".removeprefix("0")
