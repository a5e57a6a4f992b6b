"""A report of probes as tables of text."""

from harness_ext.compare.tables import TextTable
from harness_ext.pipelines.effect_words import p_words, points, points_interval
from harness_ext.pipelines.probe.report import MARGIN, SHARES, ProbeEffect, ProbeReport


def report_tables(report: ProbeReport) -> list[TextTable]:
    """Return the tables of a report: effects of each run by kind and by stage, early answers, and runs
    against the first.
    """
    tables = []
    for run in dict.fromkeys(one.run for one in report.effects):
        own = [one for one in report.effects if one.run == run]
        tables.append(_effects(f"{run}: whole trace less probed, by kind", "kind", own))
        if any(one.stage for one in own):
            tables.append(_effects(f"{run}: by stage", "stage", own))
    if report.early:
        tables.append(_early(report))
    if report.differences:
        tables.append(_differences(report))
    return tables


def report_notes() -> list[str]:
    """Say in a few sentences what the tables show."""
    return [
        (
            "Effects are in points: the probability of the right answer, and the share of items in which the"
            " model would write it, with the whole trace less with the probed one. Intervals: 95 %, t over"
            " items. p: Holm over the kinds of one probe."
        ),
        f"none: the effect is shown to lie within ±{100 * MARGIN:g} points.",
        (
            "keeps: the model would still state what it stated. follows: it would state what the"
            " corruption makes of it."
        ),
    ]


def _effects(title: str, by: str, effects: list[ProbeEffect]) -> TextTable:
    shown = [one for one in effects if bool(one.stage) == (by == "stage")]
    return TextTable(
        title,
        (
            *("probe", by, "items", "variants", "probability", "95 %", "p"),
            *("right", "95 %", "none", "keeps, %", "follows, %"),
        ),
        tuple(
            (
                one.probe,
                (one.kind if by == "kind" else one.stage).replace("_", " "),
                f"{one.items:,}",
                f"{one.variants:,}",
                points(one.effect),
                points_interval(one.effect),
                p_words(one.p),
                points(one.effect_right),
                points_interval(one.effect_right),
                "yes" if one.none else "",
                "" if one.keeps is None else f"{100 * one.keeps:.0f}",
                "" if one.follows is None else f"{100 * one.follows:.0f}",
            )
            for one in shown
        ),
        frozenset({0, 1}),
    )


def _early(report: ProbeReport) -> TextTable:
    return TextTable(
        "Items whose answer is reached for good by a share of the trace, %",
        ("run", "items", *(f"{100 * share:.0f} %" for share in SHARES)),
        tuple(
            (one.run, f"{one.items:,}", *(f"{100 * value:.0f}" for value in one.reached))
            for one in report.early
        ),
    )


def _differences(report: ProbeReport) -> TextTable:
    return TextTable(
        f"Effects against {report.differences[0].first}, on the same items",
        ("run", "probe", "kind", "items", "probability", "95 %", "p Holm"),
        tuple(
            (
                one.run,
                one.probe,
                one.kind.replace("_", " "),
                f"{one.difference.n:,}",
                points(one.difference),
                points_interval(one.difference),
                p_words(one.p),
            )
            for one in report.differences
        ),
        frozenset({0, 1, 2}),
    )
