r"""Style adherence: how much of a reference's style a trace has, from 0 to 1.

$$A = 0.4\,\frac{\sum_k \min(x_k, r_k)}{\sum_k r_k} + 0.1\,\frac{\sum_q \min(y_q, s_q)}{\sum_q s_q}
  + 0.2\,\min(1, o/o_r) + 0.2\,\min(1, f/f_r) + 0.1\,\min(1, (1 - d)/(1 - d_r))$$

with, per 100 words outside pivots, the pivots of each kind $x_k$, the pivots of any kind in each quarter of
the trace $y_q$, sentences that open as in speech $o$ ("So", "But"), the first person $f$, and the share
of lines that are headings, list items, formulae or code $d$; $r$, $s$ and the letters with an index are the
means of the reference. The first two terms are histogram intersections (Swain & Ballard 1991).

- Length does not enter: a text said twice in a row, quarter by quarter, scores the same.
- It is one-sided: more than the reference has neither helps nor hurts. Pivots over the reference's density
  are reported as `pivot_density`, not punished here.
- So a pivot put in never lowers it, and raises it where its kind or quarter is below the reference; a pivot
  taken out never raises it. Words outside pivots are what everything is measured in, so that one pivot
  moves and thins no other. (Where the words left behind read as another phrase of the lexicon, what counts
  is the text as it then is.)
- Stages are no part of it: they are read from pivots among others, and would count them twice.

The weights were set by hand; `docs/explanation/reading-style.md` shows what other weights give.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from synth.style.scores import StyleScores

QUARTERS = 4
WEIGHTS = {"kinds": 0.4, "quarters": 0.1, "openers": 0.2, "first_person": 0.2, "unformatted": 0.1}


@dataclass(frozen=True, slots=True)
class StyleRates:
    """What adherence is made of, of one trace or as the mean of many: rates per 100 words outside pivots,
    and the share of plain lines.
    """

    kinds: npt.NDArray[np.float64]
    quarters: npt.NDArray[np.float64]
    openers: float
    first_person: float
    unformatted: float

    def as_json(self) -> dict[str, Any]:
        """Return plain numbers, rounded to six digits."""
        return {
            "kinds": [round(float(rate), 6) for rate in self.kinds],
            "quarters": [round(float(rate), 6) for rate in self.quarters],
            **{name: round(getattr(self, name), 6) for name in ("openers", "first_person", "unformatted")},
        }

    @classmethod
    def from_json(cls, content: dict[str, Any]) -> "StyleRates":
        """Read what `as_json` wrote."""
        return cls(
            np.array(content["kinds"]),
            np.array(content["quarters"]),
            content["openers"],
            content["first_person"],
            content["unformatted"],
        )


def style_rates(scores: StyleScores) -> StyleRates:
    """Return the rates of one trace; all are 0 where it has no words outside pivots."""
    per = 100 / scores.other_words if scores.other_words else 0.0
    kinds = scores.pivot_counts.reshape(len(scores.pivot_counts), QUARTERS, -1).sum(axis=2).tolist()
    own, quarters = (
        np.array([sum(kind) * per for kind in kinds]),
        np.array([sum(quarter) * per for quarter in zip(*kinds, strict=True)]),
    )
    return StyleRates(
        own,
        quarters,
        scores.openers * per,
        scores.first_person * per,
        1 - scores.formatted if scores.words else 0.0,
    )


def style_adherence(scores: StyleScores, reference: StyleRates) -> float:
    """Return the adherence of one trace to the mean rates of a reference, 0 to 1."""
    own = style_rates(scores)
    parts = {
        "kinds": _intersection(own.kinds, reference.kinds),
        "quarters": _intersection(own.quarters, reference.quarters),
        "openers": _reached(own.openers, reference.openers),
        "first_person": _reached(own.first_person, reference.first_person),
        "unformatted": _reached(own.unformatted, reference.unformatted),
    }
    return sum(weight * parts[name] for name, weight in WEIGHTS.items())


def mean_rates(scores: Sequence[StyleScores]) -> StyleRates:
    """Return the mean rates of at least one trace, each trace with the same weight."""
    rates = [style_rates(one) for one in scores]
    return StyleRates(
        np.mean([rate.kinds for rate in rates], axis=0),
        np.mean([rate.quarters for rate in rates], axis=0),
        float(np.mean([rate.openers for rate in rates])),
        float(np.mean([rate.first_person for rate in rates])),
        float(np.mean([rate.unformatted for rate in rates])),
    )


def _intersection(own: npt.NDArray[np.float64], reference: npt.NDArray[np.float64]) -> float:
    shared = total = 0.0  # four numbers are too few for array operations to pay
    for one, other in zip(own.tolist(), reference.tolist(), strict=True):
        shared += min(one, other)
        total += other
    return shared / total if total else 1.0


def _reached(own: float, reference: float) -> float:
    return min(1.0, own / reference) if reference else 1.0
