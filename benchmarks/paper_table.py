"""What a published table of accuracies supports when only its margins are known: every joint table that could
stand behind it is gone through.

    python -m benchmarks.paper_table                          # prints all tables as Markdown (seconds)
    python -m benchmarks.paper_table --write docs/measurements/paper.md    # puts them between the page's
    comments

The figures are those of Lippmann & Yang, Style over Substance (COLM 2025, arXiv:2504.01738), as reported in a
digest of the paper, not read from its PDF. Which items two runs got right together was not reported, so how
often they disagree, their discordance, is unknown within bounds.
"""

import argparse
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from benchmarks.margins_only import (
    ALPHA,
    ASSUMED,
    Reported,
    assumed,
    different,
    discordant,
    equivalent,
    fieller,
    independent,
    mixed,
    nesting,
    points,
    possible,
    under_some,
)
from harness_ext.stats.effect import Verdict, decide, effect_of_counts
from harness_ext.stats.equivalence import tost_counts, tost_level
from harness_ext.stats.multiple import holm
from harness_ext.stats.paired import PairedCounts, mcnemar_midp, newcombe_interval
from harness_ext.stats.planning import items_for_equivalence, items_to_settle
from harness_ext.stats.proportion import Interval

POWER = 0.8
MARGINS = (0.02, 0.05, 0.10)
ARMS = {"base": "base", "sbs": "SBS", "nt": "ST-NT", "hc_w": "ST-HC-W", "hc": "ST-HC", "st": "ST"}

REPORTED = (
    Reported(
        "Llama 3.2 3B",
        "MATH500",
        500,
        {"base": 182, "sbs": 229, "nt": 203, "hc_w": 241, "hc": 321, "st": 342},
    ),
    Reported("Ministral 8B", "MATH500", 500, {"base": 264, "hc_w": 314, "hc": 385, "st": 391}),
    Reported("Qwen2.5 32B", "MATH500", 500, {"base": 384, "hc_w": 401, "hc": 417, "st": 445}),
    Reported("Ministral 8B", "AIME24", 30, {"base": 3, "hc": 10, "st": 10}),
)
"""The accuracies reported, times the number of items: all are whole numbers."""
CLAIMED = ("hc", "st")
OTHERS = (("hc", "base"), ("hc_w", "hc"), ("hc_w", "base"), ("sbs", "base"), ("nt", "base"))
FAMILIES = tuple(row for row in REPORTED if row.task == "MATH500")
"""The claims declared together, over which Holm's correction goes: hc against st in three families."""
_VERDICTS = {
    (True, False): Verdict.DIFFERENT,
    (False, True): Verdict.EQUIVALENT,
    (True, True): Verdict.DIFFERENT_WITHIN_MARGIN,
    (False, False): Verdict.INCONCLUSIVE,
}
"""The verdict by whether a difference and whether equivalence was shown."""


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    return "\n".join(f"| {' | '.join(cells)} |" for cells in [head, ["---"] * len(head), *rows])


def _share(x: float, digits: int = 3) -> str:
    return f"{x:.{digits}f}".removeprefix("0")


def _p(p: float) -> str:
    return "<.001" if p < 0.001 else _share(p) if p < 1 else "1"


def _signed(x: float) -> str:
    return f"{100 * x:+.1f}".replace("-", "−")


def _percent(x: float) -> str:
    return f"{100 * x:.0f}".replace("-", "−")


def _limits(limits: Interval, shown: Callable[[float], str] = _signed) -> str:
    return f"{shown(limits.low)} to {shown(limits.high)}"


def _where(holds: "npt.NDArray[np.bool_]", found: Sequence[PairedCounts]) -> str:
    """Return for which discordances something holds, as ranges."""
    if holds.all():
        return "all"
    ranges, at = [], [discordant(table) / table.n for table in found]
    edges = np.flatnonzero(np.diff(np.concatenate([[0], holds.astype(int), [0]])))
    for start, end in zip(edges[::2], edges[1::2] - 1, strict=True):
        ranges.append(_share(at[start]) if start == end else f"{_share(at[start])} to {_share(at[end])}")
    return ", ".join(ranges) or "none"


def _pairs() -> list[tuple[Reported, str, str]]:
    return [
        (row, first, second)
        for first, second in OTHERS
        for row in REPORTED
        if first in row.right and second in row.right
    ]


def reported() -> str:
    """Return the table as reported, in counts."""
    head = ["model, task", "items", *ARMS.values()]
    return _table(
        head,
        [
            [
                row.name,
                str(row.n),
                *(
                    f"{row.right[arm]} ({100 * row.right[arm] / row.n:.1f})" if arm in row.right else ""
                    for arm in ARMS
                ),
            ]
            for row in REPORTED
        ],
    )


def ranges() -> str:
    """Return how far the discordance of hc and st may lie, and the interval that belongs to it."""
    rows = []
    for row in REPORTED:
        found = possible(row, *CLAIMED)
        least, _, most = (discordant(table) / row.n for table in points(found))
        rows.append(
            [
                row.name,
                _signed(found[0].difference),
                f"{_share(least)} to {_share(most)}",
                _share(independent(row, *CLAIMED)),
            ]
            + [
                f"{_limits(newcombe_interval(table, tost_level(ALPHA)))}; {_p(mcnemar_midp(table))}"
                for table in points(found)
            ]
            + [_where(different(found), found)]
        )
    head = [
        "model, task",
        "difference",
        "possible discordance",
        "if independent",
        "smallest",
        "at .20",
        "greatest",
        "different for",
    ]
    return _table(head, rows)


def verdicts() -> str:
    """Return the verdicts on hc against st at each margin."""
    rows = []
    for row in REPORTED:
        found = possible(row, *CLAIMED)
        for margin in MARGINS:
            said = [_verdict(table, margin).value for table in points(found)]
            held = [
                _where(equivalent(found, margin, interval), found)
                for interval in ("newcombe", "tango", "bonett-price")
            ]
            rows.append([row.name, f"±{100 * margin:.0f}", *said, *held])
    return _table(
        [
            "model, task",
            "margin",
            "smallest",
            "at .20",
            "greatest",
            "equivalent for",
            "by Tango",
            "by Bonett–Price",
        ],
        rows,
    )


def adjusted() -> str:
    """Return p values of hc against st in the families,
    each with Holm's correction over the families in brackets.
    """
    found = [points(possible(row, *CLAIMED)) for row in FAMILIES]
    rows: list[list[str]] = []
    for i, point in enumerate(("smallest", "at .20", "greatest")):
        at = [tables_[i] for tables_ in found]
        values = [[mcnemar_midp(table) for table in at], *(_equivalence_p(at, margin) for margin in MARGINS)]
        columns = [
            [f"{_p(p)} ({_p(q)})" for p, q in zip(column, holm(column), strict=True)] for column in values
        ]
        rows += [[row.name, point, *cells] for row, *cells in zip(FAMILIES, *columns, strict=True)]
    return _table(
        [
            "model, task",
            "discordance",
            "difference",
            *(f"equivalence ±{100 * margin:.0f}" for margin in MARGINS),
        ],
        rows,
    )


def adjusted_verdicts() -> str:
    """Return the verdicts on hc against st in the families with both tests of each adjusted over the
    families.
    """
    rows = []
    for i, point in enumerate(("smallest", "at .20", "greatest")):
        at = [points(possible(row, *CLAIMED))[i] for row in FAMILIES]
        columns = []
        for margin in MARGINS:
            apart = [p <= ALPHA for p in holm([mcnemar_midp(table) for table in at])]
            together = [p <= ALPHA for p in holm(_equivalence_p(at, margin))]
            columns.append([_VERDICTS[pair].value for pair in zip(apart, together, strict=True)])
        rows += [[row.name, point, *cells] for row, *cells in zip(FAMILIES, *columns, strict=True)]
    return _table(["model, task", "discordance", *(f"±{100 * margin:.0f}" for margin in MARGINS)], rows)


def _equivalence_p(found: Sequence[PairedCounts], margin: float) -> list[float]:
    return [1.0 if (p := tost_counts(table, margin, ALPHA).p) is None else p for table in found]


def adjusted_ranges() -> str:
    """Return the discordances at which a family's claim holds whatever the others',
    as Holm's first step asks: at a third of alpha.
    """
    rows = []
    for row in FAMILIES:
        found = possible(row, *CLAIMED)
        rows.append(
            [
                row.name,
                *(
                    _where(equivalent(found, margin, alpha=ALPHA / len(FAMILIES)), found)
                    for margin in MARGINS
                ),
            ]
        )
    return _table(["model, task", *(f"equivalent ±{100 * margin:.0f} for" for margin in MARGINS)], rows)


def others() -> str:
    """Return what the other pairs support: for which discordances they are different,
    and equivalent at each margin.
    """
    rows = []
    for row, first, second in _pairs():
        found = possible(row, first, second)
        span = f"{_share(discordant(found[0]) / row.n)} to {_share(discordant(found[-1]) / row.n)}"
        said = [_said([_verdict(table, margin) for table in points(found)]) for margin in MARGINS]
        where = [
            _where(different(found), found),
            *(_where(equivalent(found, margin), found) for margin in MARGINS[1:]),
        ]
        rows.append(
            [f"{ARMS[first]} − {ARMS[second]}", row.name, _signed(found[0].difference), span, *said, *where]
        )
    head = [
        "pair",
        "model, task",
        "difference",
        "possible discordance",
        *(f"verdict ±{100 * margin:.0f}" for margin in MARGINS),
    ]
    return _table([*head, "different for", "equivalent ±5 for", "equivalent ±10 for"], rows)


def _verdict(table: PairedCounts, margin: float) -> Verdict:
    return decide(effect_of_counts(table), mcnemar_midp(table), margin, ALPHA)


def _said(found: Sequence[Verdict]) -> str:
    return f"{found[0].value}" if len(set(found)) == 1 else " / ".join(verdict.value for verdict in found)


def shares() -> str:
    """Return the shares of gains with their intervals."""
    rows = []
    for label, part, whole in (
        ("ST gain recovered by ST-HC", "hc", "st"),
        ("ST-HC gain kept by ST-HC-W", "hc_w", "hc"),
    ):
        for row in REPORTED:
            if part not in row.right:
                continue
            arms = ("base", part, whole)
            estimate = (row.right[part] - row.right["base"]) / (row.right[whole] - row.right["base"])
            likely = nesting(row, arms)
            intervals = [
                *(fieller(mixed(row, arms, nested), row.n) for nested in (1.0, likely, 0.0)),
                under_some(row, arms),
            ]
            shown = [_limits(limits, _percent) if limits else "unbounded" for limits in intervals]
            rows.append(
                [
                    label,
                    row.name,
                    _percent(estimate),
                    shown[0],
                    f"{shown[1]} ({_share(likely, 2)})",
                    *shown[2:],
                ]
            )
    return _table(
        [
            "share, %",
            "model, task",
            "estimate",
            "nested",
            "at .20 (part nested)",
            "independent",
            "in some interval",
        ],
        rows,
    )


def items() -> str:
    """Return how many items would settle what is inconclusive at a discordance of .20, at 80 % power."""
    rows = []
    for row, first, second in [*((row, *CLAIMED) for row in REPORTED), *_pairs()]:
        table = assumed(possible(row, first, second))
        for margin in MARGINS:
            if _verdict(table, margin) is Verdict.INCONCLUSIVE:
                found = items_to_settle(table, margin, ALPHA, POWER)
                needed = [
                    f"{n:,}" if n else "no number" for n in (found.for_difference, found.for_equivalence)
                ]
                equal = f"{items_for_equivalence(margin, ASSUMED, 0.0, POWER, ALPHA):,}"
                rows.append(
                    [
                        f"{ARMS[first]} − {ARMS[second]}",
                        row.name,
                        _signed(table.difference),
                        f"±{100 * margin:.0f}",
                        str(row.n),
                        *needed,
                        equal,
                    ]
                )
    return _table(
        [
            "pair",
            "model, task",
            "difference",
            "margin",
            "had",
            "shows the difference",
            "shows equivalence",
            "shows it if the truth is 0",
        ],
        rows,
    )


BLOCKS: dict[str, Callable[[], str]] = {
    "reported": reported,
    "ranges": ranges,
    "verdicts": verdicts,
    "adjusted": adjusted,
    "adjusted-verdicts": adjusted_verdicts,
    "adjusted-ranges": adjusted_ranges,
    "shares": shares,
    "others": others,
    "items": items,
}


@cache
def blocks() -> dict[str, str]:
    """Return all tables by name."""
    return {name: made() for name, made in BLOCKS.items()}


def filled(page: str) -> str:
    """Return *page* with every table between its two comments;
    ValueError where a pair of comments is missing.
    """
    for name, text in blocks().items():
        begin, end = f"<!-- paper_table {name} -->", f"<!-- end {name} -->"
        if page.count(begin) != 1 or page.count(end) != 1 or page.index(begin) > page.index(end):
            raise ValueError(f"the page needs {begin} and then {end}, each once")
        page = f"{page[: page.index(begin)]}{begin}\n\n{text}\n\n{page[page.index(end) :]}"
    return page


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the tables, or write them into a page."""
    parser = argparse.ArgumentParser(
        description="What the paper's table supports when only margins are known."
    )
    parser.add_argument(
        "--write", type=Path, metavar="PAGE", help="put the tables into this page, between its comments"
    )
    chosen: Any = parser.parse_args(arguments)
    if chosen.write:
        chosen.write.write_text(filled(chosen.write.read_text(encoding="utf-8")), encoding="utf-8")
    else:
        print("\n\n".join(f"## {name}\n\n{text}" for name, text in blocks().items()))


if __name__ == "__main__":
    main()
