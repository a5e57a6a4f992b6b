"""Sums up the rows of probes: mean effects by kind and stage, early answers, runs beside each other."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import numpy as np

from harness_ext.pipelines.probe.shaded import ShadedTrace
from harness_ext.stats import Result, holm, paired_t, tost_means

MARGIN = 0.02
"""Within ± so much, in probability, an effect counts as none."""
SHARES = tuple(round(share / 10, 1) for share in range(11))
Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class ProbeEffect:
    """What one probe did in one run: the mean over items of each item's mean effect, whole trace less probed.

    `effect` is on the probability of the right answer, `effect_right` on its being what the model would
    write, both from −1 to 1 with 95 % intervals over items. `p` is adjusted by Holm over the kinds of one
    probe in one run. `none` says that the effect is shown to lie within ± 0.02 (two one-sided t tests, 5 %).
    Of corruptions whose consequence is known, `follows` is the share after which the model follows it;
    `keeps` is the share of variants after which it would still state what it stated.
    """

    run: str
    arm: str
    probe: str
    kind: str
    stage: str
    items: int
    variants: int
    effect: Result
    effect_right: Result
    p: float | None
    none: bool
    keeps: float | None
    follows: float | None


@dataclass(frozen=True, slots=True)
class EarlyAnswers:
    """Of one run, the share of items whose stated answer the model would write from some share of the trace
    on, and after all that follows too: ``reached[i]`` for ``SHARES[i]``.
    """

    run: str
    arm: str
    items: int
    reached: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class EffectDifference:
    """How much larger an effect is in a run than in the first run, on the items that both have; `p` is
    adjusted by Holm over all of a report.
    """

    run: str
    first: str
    probe: str
    kind: str
    difference: Result
    p: float | None


@dataclass(frozen=True, slots=True)
class ProbeReport:
    """Effects by kind (`stage` is empty) and by stage (`kind` is empty), early answers, and differences from
    the first run; `shaded` are a few traces with the effects of their sentences.
    """

    effects: list[ProbeEffect]
    early: list[EarlyAnswers]
    differences: list[EffectDifference]
    shaded: list[ShadedTrace] = field(default_factory=list)

    def to_json(self) -> dict[str, Any]:
        """Return the report whole, as JSON holds it, with the signature of each effect."""
        return {
            "margin": MARGIN,
            "shares": list(SHARES),
            "effects": [{**asdict(one), "signature": one.effect.signature} for one in self.effects],
            "early": [asdict(one) for one in self.early],
            "differences": [
                {**asdict(one), "signature": one.difference.signature} for one in self.differences
            ],
        }


def report_of(table: Sequence[Row]) -> ProbeReport:
    """Sum up the rows of a table, as ``stylerep probe`` writes it."""
    by_run: dict[str, list[Row]] = {}
    for row in table:
        by_run.setdefault(row["run"], []).append(row)
    effects = [effect for rows in by_run.values() for effect in _effects(rows)]
    early = [found for rows in by_run.values() if (found := _early(rows))]
    first, *others = by_run.values()
    return ProbeReport(effects, early, _differences(first, others))


def _effects(rows: Sequence[Row]) -> list[ProbeEffect]:
    """Return the effects in one run, by probe and kind, then by probe and stage."""
    found: list[ProbeEffect] = []
    for by in ("kind", "stage"):
        groups: dict[str, dict[str, list[Row]]] = {}
        for row in rows:
            if row["probe"] == "early" or row["effect"] is None or (by == "stage" and not row["stage"]):
                continue
            groups.setdefault(row["probe"], {}).setdefault(row[by] or "", []).append(row)
        for probe, its in groups.items():
            made = [_effect(probe, name, by, own) for name, own in sorted(its.items())]
            tested = [one for one in made if one.p is not None]
            adjusted = iter(holm([one.p for one in tested if one.p is not None]))
            found += [one if one.p is None else replace(one, p=next(adjusted)) for one in made]
    return found


def _effect(probe: str, name: str, by: str, rows: Sequence[Row]) -> ProbeEffect:
    effect, right = (_item_means(rows, column) for column in ("effect", "effect_right"))
    values = list(effect.values())
    result = paired_t(values)
    return ProbeEffect(
        rows[0]["run"],
        rows[0]["arm"],
        probe,
        name if by == "kind" else "",
        name if by == "stage" else "",
        len(values),
        len(rows),
        result,
        paired_t(list(right.values())),
        _p(result, values),
        _is_none(values),
        _share(rows, "keeps"),
        _share(rows, "follows"),
    )


def _item_means(rows: Iterable[Row], column: str) -> dict[tuple[str, str], float]:
    """Return the mean of a column over each item's rows, where it has any."""
    found: dict[tuple[str, str], list[float]] = {}
    for row in rows:
        if row[column] is not None:
            found.setdefault((row["task"], row["item"]), []).append(float(row[column]))
    return {item: float(np.mean(values)) for item, values in found.items()}


def _p(result: Result, values: Sequence[float]) -> float | None:
    """Return a result's p; 1 where nothing at all has changed, of which a spread says nothing."""
    return 1.0 if result.p is None and not any(values) and len(values) > 1 else result.p


def _is_none(values: Sequence[float]) -> bool:
    if len(values) > 1 and not any(values):
        return True
    tested = tost_means(values, MARGIN)
    return tested.p is not None and tested.p < 0.05


def _share(rows: Sequence[Row], column: str) -> float | None:
    known = [bool(row[column]) for row in rows if row[column] is not None]
    return float(np.mean(known)) if known else None


def _early(rows: Sequence[Row]) -> EarlyAnswers | None:
    """Return from where on items have their answer; None where none states one, or nothing was cut short."""
    by_item: dict[tuple[str, str], list[tuple[float, bool]]] = {}
    for row in rows:
        if row["probe"] in ("early", "none") and row["keeps"] is not None:
            share = 0.0 if row["probe"] == "none" else row["share"]
            by_item.setdefault((row["task"], row["item"]), []).append((share, row["keeps"]))
    if not any(len(places) > 1 for places in by_item.values()):
        return None
    from_on = []
    for places in by_item.values():
        reached = 2.0  # never
        for share, keeps in sorted(places, reverse=True):
            if not keeps:
                break
            reached = share
        from_on.append(reached)
    shares = tuple(float(np.mean([place <= share + 1e-9 for place in from_on])) for share in SHARES)
    return EarlyAnswers(rows[0]["run"], rows[0]["arm"], len(from_on), shares)


def _differences(first: Sequence[Row], others: Sequence[Sequence[Row]]) -> list[EffectDifference]:
    made: list[EffectDifference] = []
    before = _by_probe(first)
    for rows in others:
        for (probe, kind), its in _by_probe(rows).items():
            both = [item for item in its if item in before.get((probe, kind), {})]
            if len(both) > 1:
                values = [its[item] - before[probe, kind][item] for item in both]
                result = paired_t(values)
                made.append(
                    EffectDifference(rows[0]["run"], first[0]["run"], probe, kind, result, _p(result, values))
                )
    adjusted = iter(holm([one.p for one in made if one.p is not None]))
    return [one if one.p is None else replace(one, p=next(adjusted)) for one in made]


def _by_probe(rows: Sequence[Row]) -> dict[tuple[str, str], dict[tuple[str, str], float]]:
    groups: dict[tuple[str, str], list[Row]] = {}
    for row in rows:
        if row["probe"] != "early" and row["effect"] is not None:
            groups.setdefault((row["probe"], row["kind"] or ""), []).append(row)
    return {key: _item_means(own, "effect") for key, own in groups.items()}
