"""The parts of a leaderboard: measured columns, entries with their figures, and views that rank them.

A view ranks entries over one or more columns. An entry that lacks one of them, or has other items or another
version of its task, is listed beside the ranking with the reason, and has no rank.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from harness_ext.runs.accuracy import DEFAULT
from harness_ext.stats import Interval

STYLE = ("style_adherence", "pivot_density", "pivot_kinds", "stage_coverage", "trace_words", "answered")
"""Style scores that a board shows, in their order."""
LOWER_IS_BETTER = ("trace_words",)
"""Of those, what a Pareto front wants small."""
FRONTS = ("style_adherence", "pivot_density", "trace_words")
"""Style scores that accuracy is drawn against."""


@dataclass(frozen=True, slots=True)
class Column:
    """One task in one version over one set of items by one metric;
    what differs in any of these is another column.

    `id` is safe in file names and addresses. `task` is the task's name with its filter. `version` is empty
    where it is not known. `items` is the digest of the set of items, 12 hexadecimal digits, and `n` their
    number. `metric` is what accuracy is.
    """

    id: str
    task: str
    version: str
    items: str
    n: int
    metric: str = DEFAULT

    @property
    def detail(self) -> str:
        """What tells the column from others of the same task."""
        by = "" if self.metric == DEFAULT else f", accuracy is {self.metric}"
        return (
            f"{f'version {self.version}' if self.version else 'version not known'}, {self.n:,} items"
            f" ({self.items}){by}"
        )


@dataclass(frozen=True, slots=True)
class BoardRun:
    """One run: what its manifest says of it. `label` is short and unlike that of any other run; `decoding`
    says how its responses were made.
    """

    id: str
    label: str
    model: str
    family: str
    arm: str
    seed: str
    decoding: str


@dataclass(frozen=True, slots=True)
class Figure:
    """A mean with its 95 % interval, None where the data cannot say."""

    estimate: float
    interval: Interval | None


@dataclass(frozen=True, slots=True)
class Front:
    """Whether no other entry of the view is better in accuracy and in a style score at once, and in which
    share of bootstrap draws that is so.
    """

    member: bool
    share: float


@dataclass(frozen=True, slots=True)
class Rank:
    """The rank by accuracy (equal ones share the best), all ranks that the data allow, and the letters of the
    groups that cannot be told apart.
    """

    rank: int
    best: int
    worst: int
    groups: str


@dataclass(frozen=True, slots=True)
class Entry:
    """One row of a view: an arm of a model, in one run or in several that differ in the seed alone.

    `accuracy` is the mean over the view's columns, each counting alike; None for an entry that lacks one.
    `recorded` is that of the scores that came with imported responses. `equal_length` is the accuracy left if
    its traces were as long as the baseline's, None where lengths hardly overlap, for the reason in
    `length_note`. `tasks` has the accuracy by column id, of every column of the board that the entry has.
    `fronts` has an entry for each of `FRONTS` that is known. `key` is the same in every view.
    """

    key: str
    runs: tuple[BoardRun, ...]
    accuracy: Figure | None
    rank: Rank | None = None
    recorded: float | None = None
    equal_length: Figure | None = None
    length_note: str = ""
    style: Mapping[str, float] = field(default_factory=dict)
    tasks: Mapping[str, Figure] = field(default_factory=dict)
    fronts: Mapping[str, Front] = field(default_factory=dict)
    reason: str = ""

    @property
    def label(self) -> str:
        """Model and arm, with the number of seeds if there are several."""
        first = self.runs[0]
        return first.label if len(self.runs) == 1 else f"{first.model} {first.arm}, {len(self.runs)} seeds"


@dataclass(frozen=True, slots=True)
class Best:
    """The entry with the greatest accuracy of so many `rows`, by its key: `accuracy` has an interval that
    holds although the best was chosen, `alike` is how many rows, itself with them, can't be told from it, and
    `luck` by how much the best of these would exceed its truth, on average, if all were equally accurate.
    """

    key: str
    rows: int
    alike: int
    accuracy: Figure
    luck: float


@dataclass(frozen=True, slots=True)
class View:
    """A ranking over some columns. `entries` are in the order of their rank; `unranked` have a reason
    each. `best` is None where fewer than two are ranked.
    """

    id: str
    title: str
    columns: tuple[Column, ...]
    entries: tuple[Entry, ...]
    unranked: tuple[Entry, ...]
    notes: tuple[str, ...] = ()
    best: Best | None = None


@dataclass(frozen=True, slots=True)
class Board:
    """A whole leaderboard. The first view is over several tasks if there are any;
    each column has a view of its own.

    `baseline` is the key of the entry whose lengths `Entry.equal_length` refers to.
    `signature` says how all figures were computed.
    """

    title: str
    views: tuple[View, ...]
    columns: tuple[Column, ...]
    runs: tuple[BoardRun, ...]
    baseline: str
    signature: str
    notes: tuple[str, ...] = ()
