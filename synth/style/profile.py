"""Style profiles: the style of a set of traces as a small JSON with its provenance,
and how far two sets are apart.
"""

import hashlib
import json
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from importlib import resources
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
import numpy.typing as npt
from pydantic import Field, JsonValue, model_validator

from synth.errors import StylerepError
from synth.schema import Line, Schema, read_as, read_json, shown
from synth.style.adherence import StyleRates, mean_rates, style_rates
from synth.style.lexicon import KINDS, STAGES, Lexicon
from synth.style.scores import StyleScores

FORMAT: Literal["stylerep-profile/1"] = "stylerep-profile/1"
SHIPPED = ("long-reasoning", "instruct")
DEFAULT = "long-reasoning"
_FOLDER = resources.files("synth.style") / "profiles"
# A profile keeps at most this many traces' numbers, so that it stays small and can still give intervals.
_SAMPLE = 200
_LARGEST = 10_000_000
_QUARTERS = ("quarter_1", "quarter_2", "quarter_3", "quarter_4")
DISTRIBUTIONS = {
    "pivot kinds": tuple(f"pivot_density_{kind}" for kind in KINDS),
    "pivot places": _QUARTERS,
    "stages": tuple(f"stage_share_{stage}" for stage in STAGES),
}
FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class StyleProfile:
    """The style of a set of traces.

    `means` and `deviations` are over traces, each with the same weight. `positions` has for each pivot kind
    the share of its pivots in each twentieth of a trace, all traces pooled; `transitions` (4, 4) how often
    each stage follows each, rows summing to 1. `rates` are what adherence is measured against. `sample` has
    the numbers of single traces, columns in the order of `means`, from which intervals are drawn.
    """

    name: str
    n: int
    lexicon: str
    sources: list[dict[str, Any]]
    means: dict[str, float]
    deviations: dict[str, float]
    positions: dict[str, list[float]]
    transitions: list[list[float]]
    rates: StyleRates
    sample: list[list[float]]
    stylerep: str

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON values."""
        return {"format": FORMAT, **{**asdict(self), "rates": self.rates.as_json()}}

    @property
    def digest(self) -> str:
        """The first 12 hexadecimal digits of the SHA-256 of the profile."""
        return hashlib.sha256(json.dumps(self.to_json(), sort_keys=True).encode()).hexdigest()[:12]


_Number = Annotated[float, Field(ge=-1e9, le=1e9)]
_Share = Annotated[float, Field(ge=0, le=1)]
_Rate = Annotated[float, Field(ge=0, le=1e9)]


class _Rates(Schema):
    kinds: Annotated[list[_Rate], Field(min_length=len(KINDS), max_length=len(KINDS))]
    quarters: Annotated[list[_Rate], Field(min_length=len(_QUARTERS), max_length=len(_QUARTERS))]
    openers: _Rate
    first_person: _Rate
    unformatted: _Share


class _ProfileFile(Schema):
    """What a profile's file must hold."""

    format: Literal["stylerep-profile/1"]
    name: Line
    n: Annotated[int, Field(ge=1, lt=2**63)]
    lexicon: Line
    sources: list[dict[str, JsonValue]]
    means: dict[str, _Number]
    deviations: dict[str, _Number]
    positions: dict[str, list[_Share]]
    transitions: list[list[_Share]]
    rates: _Rates
    sample: list[list[_Number]]
    stylerep: Line

    @model_validator(mode="after")
    def _fits(self) -> "_ProfileFile":
        if needed := next(
            (name for names in DISTRIBUTIONS.values() for name in names if name not in self.means), None
        ):
            raise ValueError(f"a mean of {needed}")
        if number := next(
            (number for number, row in enumerate(self.sample, 1) if len(row) != len(self.means)), None
        ):
            raise ValueError(
                f"as many numbers in row {number} of 'sample' as there are means ({len(self.means)})"
            )
        return self


@dataclass(frozen=True, slots=True)
class Divergence:
    """How far two sets are apart in one respect: an estimate, its 95 % bootstrap interval,
    and a permutation p.
    """

    name: str
    estimate: float
    low: float
    high: float
    p: float


@dataclass(frozen=True, slots=True)
class ProfileComparison:
    """Two profiles held against each other.

    `divergences` are Jensen–Shannon divergences (Lin 1991; base 2, from 0, the same, to 1, disjoint) of the
    mean distributions; `differences` are first minus second, of means.
    """

    first: str
    second: str
    divergences: list[Divergence]
    differences: list[Divergence]
    signature: str


def build_profile(
    name: str, scores: Sequence[StyleScores], lexicon: Lexicon, sources: Sequence[dict[str, Any]] = ()
) -> StyleProfile:
    """Make the profile of at least one trace; `sources` say where the traces came from.

    Of more than 200 traces every k-th stands in the sample.
    """
    if not scores:
        raise StylerepError("A profile needs at least one trace.")
    rows = [_row(one) for one in scores]
    table = np.array([list(row.values()) for row in rows])
    counts = np.sum([one.pivot_counts for one in scores], axis=0).astype(float)
    steps = np.sum([one.transitions for one in scores], axis=0).astype(float)
    kept = table[:: math.ceil(len(table) / _SAMPLE)]
    return StyleProfile(
        name=name,
        n=len(scores),
        lexicon=lexicon.signature,
        sources=list(sources),
        means={column: _short(value) for column, value in zip(rows[0], table.mean(axis=0), strict=True)},
        deviations={
            column: _short(value)
            for column, value in zip(
                rows[0], table.std(axis=0, ddof=1) if len(table) > 1 else table[0] * 0, strict=True
            )
        },
        positions={
            kind: [_short(share) for share in row / max(row.sum(), 1)]
            for kind, row in zip(KINDS, counts, strict=True)
        },
        transitions=[[_short(share) for share in row / max(row.sum(), 1)] for row in steps],
        rates=mean_rates(scores),
        sample=[[_short(value) for value in row] for row in kept],
        stylerep=version("stylerep"),
    )


def load_profile(name: str | Path) -> StyleProfile:
    """Read a profile: the name of one that comes with the package, or a JSON file;
    raise StylerepError for anything else.
    """
    shipped = str(name) in SHIPPED
    path = Path(str(_FOLDER / f"{name}.json")) if shipped else Path(name)
    if not path.exists():
        named = shown(str(name))[1:-1]
        raise StylerepError(
            f"{named}: there is no such profile; give a file that stylerep analyze --profile wrote, or one of"
            f" {', '.join(SHIPPED)}."
        )
    content = read_json(path, "style profile", _LARGEST)
    try:
        read_as(_ProfileFile, content, path)
    except StylerepError as error:
        raise StylerepError(
            f"{path}: this is no style profile of this version of"
            f" stylerep{str(error).removeprefix(str(path))}"
        ) from error
    return StyleProfile(
        **{key: value for key, value in content.items() if key != "format"}
        | {"rates": StyleRates.from_json(content["rates"])}
    )


def compare_profiles(
    first: StyleProfile, second: StyleProfile, resamples: int = 1000, seed: int = 0
) -> ProfileComparison:
    """Compare two profiles by the traces in their samples.

    Intervals are percentile bootstrap intervals over traces (Efron 1979). A divergence is never below 0 and
    its bootstrap is pulled upward, so whether it is there at all is told by its permutation p,
    (c + 1)/(resamples + 1).
    """
    if list(first.means) != list(second.means):
        raise StylerepError(
            f"The profiles {first.name} and {second.name} hold different scores; make both with one version"
            " of stylerep."
        )
    rng = np.random.default_rng(seed)
    columns = list(first.means)
    a, b = np.array(first.sample), np.array(second.sample)
    both = np.concatenate((a, b))
    drawn = [
        (a[rng.integers(len(a), size=len(a))].mean(axis=0), b[rng.integers(len(b), size=len(b))].mean(axis=0))
        for _ in range(resamples)
    ]
    orders = [rng.permutation(len(both)) for _ in range(resamples)]
    mixed = [(both[order[: len(a)]].mean(axis=0), both[order[len(a) :]].mean(axis=0)) for order in orders]

    def judged(name: str, measure: Any) -> Divergence:
        estimate = float(measure(a.mean(axis=0), b.mean(axis=0)))
        spread = [float(measure(x, y)) for x, y in drawn]
        beyond = sum(abs(float(measure(x, y))) >= abs(estimate) - 1e-12 for x, y in mixed)
        low, high = np.quantile(spread, (0.025, 0.975))
        return Divergence(name, estimate, float(low), float(high), (beyond + 1) / (resamples + 1))

    def apart(names: Sequence[str]) -> Any:
        places = [columns.index(name) for name in names]
        return lambda x, y: jensen_shannon(x[places], y[places])

    def gap(name: str) -> Any:
        place = columns.index(name)
        return lambda x, y: x[place] - y[place]

    return ProfileComparison(
        first.name,
        second.name,
        [judged(name, apart(names)) for name, names in DISTRIBUTIONS.items()],
        [judged(name, gap(name)) for name in columns],
        f"test:jensen-shannon|n:{len(a)}+{len(b)}|of:{first.n}+{second.n}|first:{first.digest}|second:{second.digest}|"
        f"resamples:{resamples}|seed:{seed}|stylerep:{version('stylerep')}",
    )


def jensen_shannon(first: FloatArray, second: FloatArray) -> float:
    """Return the Jensen–Shannon divergence, base 2, of two arrays of weights 0 or more,
    each scaled to sum to 1.

    Where just one of them is all 0, they are as far apart as can be, 1.
    """
    total_first, total_second = float(first.sum()), float(second.sum())
    if not total_first or not total_second:
        return float(total_first != total_second)
    p, q = first / total_first, second / total_second
    middle = (p + q) / 2
    with np.errstate(divide="ignore", invalid="ignore"):
        parts = [np.where(one > 0, one * np.log2(one / middle), 0.0).sum() for one in (p, q)]
    return max(0.0, float(sum(parts)) / 2)


def _row(scores: StyleScores) -> dict[str, float]:
    return {**scores.features(), **dict(zip(_QUARTERS, style_rates(scores).quarters.tolist(), strict=True))}


def _short(value: float) -> float:
    return float(f"{value:.5g}")
