"""The items of a task with their metrics, one column of numbers for each: a fraction of the memory of one
object each.
"""

import math
from array import array
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class ScoredItem:
    """One scored response: the document's hash, the filter it went through, and its metrics."""

    doc_hash: str
    filter: str
    metrics: dict[str, float]


class ScoredItems(Mapping[str, ScoredItem]):
    """Items by document hash, in the order in which they were added. No metric is NaN,
    which stands for one that an item lacks.
    """

    def __init__(self, filter_name: str = "none") -> None:
        self._filter = filter_name
        self._places: dict[str, int] = {}
        # By the names of their metrics, which are mostly the same for all: the places of items,
        # and their values one after the other.
        self._layouts: dict[tuple[str, ...], tuple[array[int], array[float]]] = {}

    def add(self, doc_hash: str, metrics: Mapping[str, float]) -> bool:
        """Add an item; return False, and add nothing, where there is one of that hash."""
        return self.add_values(doc_hash, tuple(metrics), tuple(metrics.values()))

    def add_values(self, doc_hash: str, names: tuple[str, ...], values: tuple[float, ...]) -> bool:
        """Add an item by the names and values of its metrics, as `add` does."""
        n = len(self._places)
        if self._places.setdefault(doc_hash, n) != n:
            return False
        if names not in self._layouts:
            self._layouts[names] = array("q"), array("d")
        places, column = self._layouts[names]
        places.append(n)
        column.extend(values)
        return True

    @property
    def metrics(self) -> list[str]:
        """The names of the metrics that some item has, in the order in which they came."""
        return list(dict.fromkeys(name for names in self._layouts for name in names))

    def columns(self) -> dict[str, FloatArray]:
        """Return each metric's values, shape (items,), in the order of the items; NaN where an item lacks
        it.
        """
        return {name: self._column(name) for name in self.metrics}

    def places(self, items: Iterable[str]) -> npt.NDArray[np.intp]:
        """Return at which places items stand. Raises KeyError for one that is not there."""
        return np.fromiter(map(self._places.__getitem__, items), dtype=np.intp)

    def scores(self, name: str, places: npt.NDArray[np.intp]) -> FloatArray:
        """Return a metric of the items at some places; NaN where an item lacks it, KeyError where all do."""
        return self._column(name)[places]

    def common_metrics(self) -> list[str]:
        """Return the metrics that all items have."""
        return [name for name in self.metrics if not np.isnan(self._column(name)).any()]

    def have_all(self, name: str, places: npt.NDArray[np.intp]) -> bool:
        """Say whether all items at some places have a metric."""
        return (
            any(name in names for names in self._layouts) and not np.isnan(self._column(name)[places]).any()
        )

    def __getitem__(self, doc_hash: str) -> ScoredItem:
        place = self._places[doc_hash]
        values = ((name, float(column[place])) for name, column in self.columns().items())
        return ScoredItem(
            doc_hash, self._filter, {name: value for name, value in values if not math.isnan(value)}
        )

    def __contains__(self, doc_hash: object) -> bool:
        return doc_hash in self._places

    def __iter__(self) -> Iterator[str]:
        return iter(self._places)

    def __len__(self) -> int:
        return len(self._places)

    def _column(self, name: str) -> FloatArray:
        having = [
            (names.index(name), len(names), *there) for names, there in self._layouts.items() if name in names
        ]
        if not having:
            raise KeyError(name)
        parts = [np.frombuffer(values).reshape(-1, width)[:, place] for place, width, _, values in having]
        if len(self._layouts) == 1:
            return parts[0]
        column = np.full(len(self._places), np.nan)
        for (*_, places, _), part in zip(having, parts, strict=True):
            column[np.frombuffer(places, dtype=np.int64)] = part
        return column
