"""What is measured, the rows that come of it, why entries are outside,
and the page that they are written into.
"""

import shutil
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from fnmatch import fnmatchcase
from math import sqrt
from pathlib import Path
from typing import Any
from zlib import crc32

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]
Rng = np.random.Generator
Run = Callable[[Rng, Any, int], npt.ArrayLike]
"""From a generator, a column and a number of draws to 0s and 1s, a column for each name;
NaN where the method gave no answer.
"""
TOLERANCE = {"type-I": 0.01, "coverage": 0.015, "power": 0.02}
ALPHA, FLIPS, RESAMPLES = 0.05, 1999, 599
ITEMS = (200, 500, 2000)


@dataclass(frozen=True, slots=True)
class Scenario:
    """One or more rows of the table: what is measured, over which columns, how,
    and what part of the draws it gets.
    """

    section: str
    names: Mapping[str, float]
    """The rows, and what each should be."""
    kind: str
    columns: tuple[Any, ...]
    run: Run
    part: int = 1


@dataclass(frozen=True, slots=True)
class Cell:
    """A measured share, from how many draws, and what it should be."""

    value: float
    draws: int
    nominal: float
    tolerance: float

    @property
    def error(self) -> float:
        """The Monte-Carlo standard error."""
        return sqrt(self.value * (1 - self.value) / self.draws) if self.draws else float("nan")

    @property
    def inside(self) -> bool:
        """Whether the share is within the tolerance."""
        return abs(self.value - self.nominal) <= self.tolerance + 1e-12

    def __str__(self) -> str:
        shown = f"{self.value:.3f} ± {self.error:.3f}"
        return shown if self.inside else f"**{shown}** outside"


@dataclass(frozen=True, slots=True)
class Row:
    """A row of the table."""

    section: str
    name: str
    cells: Mapping[str, Cell]

    @property
    def outside(self) -> list[str]:
        """The columns whose entries are outside."""
        return [column for column, cell in self.cells.items() if not cell.inside]


def measured(scenario: Scenario, draws: int, seed: int) -> Iterator[Row]:
    """Yield the rows of a scenario."""
    number = max(2, draws // scenario.part)
    found = []
    for column in scenario.columns:
        rng = np.random.default_rng(
            [seed, crc32(f"{scenario.section}|{'|'.join(scenario.names)}|{column}".encode())]
        )
        found.append(
            np.asarray(scenario.run(rng, column, number), dtype=np.float64).reshape(
                number, len(scenario.names)
            )
        )
    for i, (name, nominal) in enumerate(scenario.names.items()):
        cells = {}
        for column, values in zip(scenario.columns, found, strict=True):
            defined = values[~np.isnan(values[:, i]), i]
            if len(defined):
                shown = f"{column:,}" if isinstance(column, int) else str(column)
                cells[shown] = Cell(float(defined.mean()), len(defined), nominal, TOLERANCE[scenario.kind])
        yield Row(scenario.section, name, cells)


REASONS: dict[str, str] = {
    "Type-I*: McNemar exact*": (
        "The exact p is discrete and conservative by construction, the more so the fewer items are"
        " discordant; mid-p mends that."
    ),
    "Type-I*: sign flip, right*": (
        "On right and wrong answers sign flips are the exact McNemar test by simulation, and as conservative."
    ),
    "*: paired t in spite of*": (
        "Shown for contrast, never used so: items of one template are not independent, and a test that takes"
        " them so is wrong."
    ),
    "*: * skewness 6*": (
        "Flips, t and BCa need symmetric differences or many items. These are neither; the error fades as"
        " items grow."
    ),
    "Type-I*: cluster-robust*": (
        "Just beyond the tolerance: ten templates of very unequal sizes hold the correlation within templates"
        " only roughly; or chance, at 0.040."
    ),
    "*Firth, Wald": (
        "Wald's p from Firth's fit is conservative with few items: report the likelihood ratio, which is"
        " inside."
    ),
    "Size*margin 0.05, discordance 0.05": (
        "Here the second run is never right alone and one count decides: steps of whole items, and a skewed"
        " binomial that Newcombe's and Bonett-Price's intervals follow less well than Tango's, which errs to"
        " the safe side."
    ),
    "Size*": (
        "Too few items: the 90 % interval is about as wide as the margins or wider, so that hardly anything"
        " is declared equivalent. An error to the safe side only; the one-sided non-inferiority test of the"
        " same counts has its size."
    ),
    "Coverage of rank*": (
        "At least 0.95 is promised: only equal rows can be shown to differ in error, and the fewer there are,"
        " the rarer an error; nor does Holm use that all pairs share their items. An error to the safe side."
    ),
    "Coverage*: matched odds*": "An exact interval, conservative by construction.",
    "Coverage*: BCa*": "BCa has no t quantile and undercovers with few items, most for skewed, heavy tails.",
    "Coverage*: length*": "Thirty items, skewed and heteroscedastic residuals: HC3 is slightly short.",
    "Coverage*: recovered*": (
        "At 30 items the bootstrap is slightly short; and where the gain is often undefined, what is left is"
        " a selection."
    ),
    "Coverage*discordance*": (
        "Few discordant items (1 to 10 are expected): discrete, and erring to the safe side."
    ),
    "*crossed t*": (
        "Conservative where seeds hardly vary: the residual variance is left in the seeds' part, with its"
        " wide t quantile. Taking it out gives tests of the right size there and too large ones where seeds"
        " do vary (up to .085 with three seeds, commit b588368). An error to the safe side."
    ),
    "*pigeonhole*": (
        "It counts the residual variance two to three times and overcovers where that dominates; where seeds"
        " dominate, percentiles of few seeds undercover. It is therefore never used for verdicts."
    ),
    "*: prediction*": (
        "With few families the variance between them is hardly known; a prediction overcovers where they"
        " agree and undercovers where they differ. A rough guide."
    ),
    "*: random effects*": (
        "The Hartung-Knapp factor is held at 1 or more: where families agree, or are three, the interval is"
        " too wide. An error to the safe side."
    ),
    "Power*": (
        "Few discordant items: the normal approximation asks for too few items. `plan` shows the simulated"
        " power beside."
    ),
}
"""Why rows, by a pattern of section and name, have entries outside the tolerance."""


def reason(row: Row) -> str | None:
    """Return the pattern of the reason why entries of a row are outside."""
    return next((pattern for pattern in REASONS if fnmatchcase(f"{row.section}: {row.name}", pattern)), None)


def table(rows: Sequence[Row]) -> list[str]:
    """Return the rows as Markdown, a table for each section, and then why entries are outside."""
    lines: list[str] = []
    for section in dict.fromkeys(row.section for row in rows):
        part = [row for row in rows if row.section == section]
        columns = sorted(
            dict.fromkeys(column for row in part for column in row.cells), key=lambda name: (len(name), name)
        )
        lines += [
            f"### {section}",
            "",
            "| | " + " | ".join(columns) + " |",
            "|---" * (len(columns) + 1) + "|",
        ]
        lines += [
            f"| {row.name} | " + " | ".join(str(row.cells.get(column, "")) for column in columns) + " |"
            for row in part
        ]
        lines.append("")
    cells = [cell for row in rows for cell in row.cells.values()]
    inside = sum(cell.inside for cell in cells)
    lines += [
        "### Entries outside, and why",
        "",
        f"{inside} of {len(cells)} entries are inside; the {len(cells) - inside} others:",
        "",
    ]
    why: dict[str, list[Row]] = {}
    for row in rows:
        if row.outside:
            why.setdefault(reason(row) or "", []).append(row)
    for pattern, concerned in why.items():
        names = "; ".join(f"{row.name} ({', '.join(row.outside)})" for row in concerned)
        lines.append(f"- {REASONS.get(pattern, 'Not explained.')} Concerned: {names}.")
    return lines


def origin() -> str:
    """Return the date and the commit."""
    found = subprocess.run(
        [shutil.which("git") or "git", "rev-parse", "--short", "HEAD"],
        capture_output=True,
        text=True,
        check=False,
    )
    return f"{date.today().isoformat()}, commit {found.stdout.strip() or 'unknown'}"


def put(page: Path, name: str, lines: Sequence[str]) -> None:
    """Write lines between the comments of a name in a page."""
    opening, closing = f"<!-- {name} -->", f"<!-- /{name} -->"
    text = page.read_text(encoding="utf-8")
    before, found, rest = text.partition(opening)
    _, closed, after = rest.partition(closing)
    if not found or not closed:
        raise SystemExit(f"{page} has no {opening} … {closing}")
    page.write_text("\n".join([before + opening, *lines, closing]) + after, encoding="utf-8")
