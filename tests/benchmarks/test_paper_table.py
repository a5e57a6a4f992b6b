import random
import re
from collections.abc import Sequence
from itertools import product
from math import comb, sqrt
from pathlib import Path

import numpy as np
import pytest
from scipy.optimize import linprog

from benchmarks.margins_only import (
    CELLS,
    Reported,
    assumed,
    corners,
    discordant,
    equivalent,
    fieller,
    mixed,
    nesting,
    possible,
    under_some,
)
from benchmarks.paper_table import MARGINS, REPORTED, blocks, filled, main
from harness_ext.stats.equivalence import tost_counts
from harness_ext.stats.paired import INTERVALS, PairedCounts

PAGE = Path(__file__).parents[2] / "docs/measurements/paper.md"
LLAMA, MINISTRAL, QWEN, AIME = REPORTED
TRIPLES = [
    (row, ("base", part, whole))
    for part, whole in (("hc", "st"), ("hc_w", "hc"))
    for row in REPORTED
    if part in row.right
]
Z90, Z95 = 1.6448536269514722, 1.959963984540054


def cells(block: str, *starts: str) -> list[str]:
    """The rest of the one row of a block that starts with these cells."""
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in blocks()[block].splitlines()]
    (row,) = [row[len(starts) :] for row in rows if row[: len(starts)] == list(starts)]
    return row


def test_the_page_holds_what_the_command_prints() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert filled(page) == page


def test_every_figure_in_the_text_stands_in_a_table() -> None:
    page = PAGE.read_text(encoding="utf-8")
    text = re.sub(r"<!-- paper_table .*?<!-- end [a-z-]+ -->", "", page, flags=re.DOTALL).replace(
        "arXiv:2504.01738", ""
    )
    figures = re.findall(r"(?<![\d.])\d*\.\d+", text) + re.findall(r"\d+ to \d+(?= %)", text)
    printed = "\n".join(blocks().values())
    assert len(figures) > 10
    assert [
        figure
        for figure in figures
        if figure != ".05" and not re.search(rf"(?<![\d.]){re.escape(figure)}(?!\d)", printed)
    ] == []


def test_the_counts_are_the_accuracies_reported() -> None:
    percent = [[round(100 * k / row.n, 1) for k in row.right.values()] for row in REPORTED]
    assert percent == [
        [36.4, 45.8, 40.6, 48.2, 64.2, 68.4],
        [52.8, 62.8, 77.0, 78.2],
        [76.8, 80.2, 83.4, 89.0],
        [10.0, 33.3, 33.3],
    ]
    assert all(
        abs(1000 * k / row.n - round(1000 * k / row.n)) < 1e-9
        for row in REPORTED[:3]
        for k in row.right.values()
    )


def brute_tables(n: int, one: int, two: int) -> dict[int, tuple[int, int, int, int]]:
    """Every table with these margins by its number of discordant items, found by trying all."""
    found = {}
    for both in range(n + 1):
        first, second = one - both, two - both
        if min(first, second, n - both - first - second) >= 0:
            found[first + second] = (both, first, second, n - both - first - second)
    return found


def midp(first: int, second: int) -> float:
    fewer, n = min(first, second), first + second
    if first == second:
        return 1.0
    return float((2 * sum(comb(n, k) for k in range(fewer + 1)) - comb(n, fewer)) / 2**n)


def newcombe(both: int, first: int, second: int, neither: int) -> tuple[float, float]:
    """The 90 % interval of Newcombe's method 10, written out."""
    n = both + first + second + neither

    def wilson(k: int) -> tuple[float, float]:
        middle, reach = 2 * k + Z90**2, Z90 * sqrt(Z90**2 + 4 * k * (n - k) / n)
        return (middle - reach) / (2 * (n + Z90**2)), (middle + reach) / (2 * (n + Z90**2))

    p, q = (both + first) / n, (both + second) / n
    (l1, u1), (l2, u2) = wilson(both + first), wilson(both + second)
    excess = float(both * neither - first * second)
    if excess > 0:
        excess = max(excess - n / 2, 0.0)
    phi = excess / sqrt((both + first) * (second + neither) * (both + second) * (first + neither))
    low = p - q - sqrt((p - l1) ** 2 - 2 * phi * (p - l1) * (u2 - q) + (u2 - q) ** 2)
    return low, p - q + sqrt((u1 - p) ** 2 - 2 * phi * (u1 - p) * (q - l2) + (q - l2) ** 2)


def spans(n: int, held: Sequence[int]) -> tuple[float, float] | None:
    return (round(min(held) / n, 3), round(max(held) / n, 3)) if held else None


@pytest.mark.parametrize("row", REPORTED, ids=lambda row: row.name)
def test_the_sweep_agrees_with_a_loop_over_all_tables(row: Reported) -> None:
    found = brute_tables(row.n, row.right["hc"], row.right["st"])
    assert [(t.both, t.first, t.second, t.neither) for t in possible(row, "hc", "st")] == [
        found[d] for d in sorted(found)
    ]
    assert (min(found), max(found)) == (
        abs(row.right["hc"] - row.right["st"]),
        min(s := row.right["hc"] + row.right["st"], 2 * row.n - s),
    )
    for margin in MARGINS:
        held = [
            d for d, table in found.items() if -margin < newcombe(*table)[0] and newcombe(*table)[1] < margin
        ]
        shown = cells("verdicts", row.name, f"±{100 * margin:.0f}")[3]
        low, high = (0.0, 0.0) if not held else spans(row.n, held) or (0.0, 0.0)
        assert shown == (
            "none"
            if not held
            else "all"
            if len(held) == len(found)
            else f"{low:.3f} to {high:.3f}".replace("0.", ".")
        )


def test_figures_worked_out_apart() -> None:
    # 40 against 61 of 101: the discordance of the 3B closest to .20.
    table = assumed(possible(LLAMA, "hc", "st"))
    assert (table.both, table.first, table.second, table.neither) == (281, 40, 61, 118)
    assert round(midp(40, 61), 3) == 0.037
    assert cells("ranges", LLAMA.name)[4].endswith("; .037")
    assert [
        spans(
            r.n,
            [
                d
                for d, t in brute_tables(r.n, r.right["hc"], r.right["st"]).items()
                if midp(t[1], t[2]) <= 0.05
            ],
        )
        for r in REPORTED
    ] == [
        (0.042, 0.226),
        (0.012, 0.016),
        (0.056, 0.276),
        None,
    ]
    assert [cells("ranges", row.name)[-1] for row in REPORTED] == [
        ".042 to .226",
        ".012 to .016",
        "all",
        "none",
    ]
    assert cells("verdicts", MINISTRAL.name, "±5")[:4] == [
        "different but within the margin",
        "equivalent",
        "inconclusive",
        ".012 to .264",
    ]


@pytest.mark.parametrize("name", INTERVALS)
@pytest.mark.parametrize(
    ("row", "first", "second"), [(AIME, "hc", "st"), (AIME, "hc", "base"), (QWEN, "hc_w", "hc")]
)
def test_the_sweep_is_the_test_of_the_package(name: str, row: Reported, first: str, second: str) -> None:
    found = possible(row, first, second)[::5]
    for margin in MARGINS:
        once = [(tost_counts(table, margin, interval=name).p or 0.0) < 0.05 for table in found]  # type: ignore[arg-type]
        assert equivalent(found, margin, name).tolist() == once  # type: ignore[arg-type]


def test_holm_goes_over_the_three_families() -> None:
    p = [tost_counts(assumed(possible(row, "hc", "st")), 0.05).p or 0.0 for row in REPORTED[:3]]
    assert p[1] < 0.05 < 3 * p[1] < min(p[0], p[2])
    assert cells("adjusted", MINISTRAL.name, "at .20")[2] == f"{p[1]:.3f} ({3 * p[1]:.3f})".replace("0.", ".")
    # The other two never reach it, so Holm's correction is a factor of three in every table.
    assert all(
        (tost_counts(table, 0.05).p or 0.0) > 0.05
        for row in (LLAMA, QWEN)
        for table in possible(row, "hc", "st")
    )
    held = [
        discordant(table)
        for table in possible(MINISTRAL, "hc", "st")
        if 3 * (tost_counts(table, 0.05).p or 0.0) <= 0.05
    ]
    assert (held[0], held[-1]) == (6, 78)
    assert cells("adjusted-ranges", MINISTRAL.name)[1] == ".012 to .156"


def sampled_items(
    row: Reported, arms: Sequence[str], rng: random.Random
) -> "np.ndarray[tuple[int, ...], np.dtype[np.float64]]":
    """Outcomes of three runs with the accuracies reported, more or less alike:
    each run takes its right answers by noisy difficulty.
    """
    noise, shared = rng.choice([0.0, 0.3, 1.0, 5.0]), [rng.random() for _ in range(row.n)]
    signs, columns = [rng.choice([1, 1, -1]) for _ in arms], []
    for arm, sign in zip(arms, signs, strict=True):
        order = sorted(range(row.n), key=lambda i, sign=sign: sign * shared[i] + noise * rng.random())  # type: ignore[misc]
        column = np.zeros(row.n)
        column[order[: row.right[arm]]] = 1
        columns.append(column)
    outcomes: np.ndarray[tuple[int, ...], np.dtype[np.float64]] = np.array(columns).T
    return outcomes


@pytest.mark.parametrize(
    ("row", "arms"), TRIPLES, ids=lambda value: value.name if isinstance(value, Reported) else value[1]
)
def test_shares_of_real_items_lie_within_the_bounds(row: Reported, arms: Sequence[str]) -> None:
    rng, bounds = random.Random(1), under_some(row, arms)
    nested = fieller(mixed(row, arms, 1.0), row.n)
    assert bounds is not None
    assert nested is not None
    for _ in range(25):
        outcomes = sampled_items(row, arms, rng)
        table = np.array([(outcomes == cell).all(axis=1).mean() for cell in CELLS])
        found = fieller(table, row.n)
        assert found is not None
        assert bounds.low - 1e-9 <= found.low <= nested.low + 1e-9
        assert nested.high - 1e-9 <= found.high <= bounds.high + 1e-9
        # At both ends the mean of part - share · whole is just as far from 0 as its interval reaches.
        for share in (found.low, found.high):
            score = (outcomes[:, 1] - outcomes[:, 0]) - share * (outcomes[:, 2] - outcomes[:, 0])
            assert abs(score.mean()) == pytest.approx(Z95 * score.std() / sqrt(row.n), abs=1e-9)


@pytest.mark.parametrize(
    ("row", "arms"), TRIPLES, ids=lambda value: value.name if isinstance(value, Reported) else value[1]
)
def test_every_interval_holds_the_nested_one(row: Reported, arms: Sequence[str]) -> None:
    nested, found = (
        fieller(mixed(row, arms, 1.0), row.n),
        [fieller(table, row.n) for table in corners(row, arms)],
    )
    assert nested is not None
    assert all(one and one.low <= nested.low + 1e-9 and nested.high <= one.high + 1e-9 for one in found)


@pytest.mark.parametrize(
    ("row", "arms"), TRIPLES, ids=lambda value: value.name if isinstance(value, Reported) else value[1]
)
def test_the_bounds_are_reached(row: Reported, arms: Sequence[str]) -> None:
    bounds, system = under_some(row, arms), np.vstack([np.ones(8), CELLS.T])
    rates = np.array([1.0, *(row.right[arm] / row.n for arm in arms)])
    assert bounds is not None
    for share in (bounds.low, bounds.high):
        score = (CELLS[:, 1] - CELLS[:, 0]) - share * (CELLS[:, 2] - CELLS[:, 0])
        widest = linprog(-(score**2), A_eq=system, b_eq=rates, bounds=(0, 1))
        mean = (rates[2] - rates[1]) - share * (rates[3] - rates[1])
        assert mean**2 == pytest.approx(Z95**2 * (-widest.fun - mean**2) / row.n, rel=1e-6)


@pytest.mark.parametrize(
    ("row", "arms"), TRIPLES, ids=lambda value: value.name if isinstance(value, Reported) else value[1]
)
def test_joint_tables_have_the_accuracies_reported(row: Reported, arms: Sequence[str]) -> None:
    likely = mixed(row, arms, nesting(row, arms))
    for table in [*corners(row, arms), mixed(row, arms, 1.0), mixed(row, arms, 0.0), likely]:
        assert table.min() >= 0
        assert table.sum() == pytest.approx(1)
        assert table @ CELLS == pytest.approx([row.right[arm] / row.n for arm in arms])
    assert likely @ (CELLS[:, 1] != CELLS[:, 2]) == pytest.approx(0.2)


def test_corners_are_those_of_a_small_set() -> None:
    row = Reported("m", "t", 2, {"base": 1, "hc": 1, "st": 1})
    # Two items, one right in each run: four ways to lay them over each other, and the two halves of a parity
    # cube, which no two items make.
    found = {tuple(np.round(2 * table, 9)) for table in corners(row, ("base", "hc", "st"))}
    whole = {
        table
        for table in product((0, 1), repeat=8)
        if sum(table) == 2 and (np.array(table) @ CELLS == 1).all()
    }
    assert found == whole | {tuple(0.5 * (cell.sum() % 2 == odd) for cell in CELLS) for odd in (0, 1)}


def test_an_unbounded_share_is_said_to_be_so() -> None:
    row = Reported("m", "t", 20, {"base": 5, "hc": 6, "st": 6})
    assert under_some(row, ("base", "hc", "st")) is None
    assert fieller(mixed(row, ("base", "hc", "st"), 0.0), row.n) is None


def test_writing_puts_tables_back(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    page = tmp_path / "page.md"
    page.write_text(PAGE.read_text(encoding="utf-8").replace(".264", ".999"), encoding="utf-8")
    main(["--write", str(page)])
    assert "| .012 to .264 |" in page.read_text(encoding="utf-8")
    with pytest.raises(ValueError, match="paper_table reported"):
        filled("no comments")
    main([])
    assert blocks()["items"] in capsys.readouterr().out


def test_no_discordant_item_is_a_table_too() -> None:
    assert possible(AIME, "hc", "st")[0] == PairedCounts(10, 0, 0, 20)
