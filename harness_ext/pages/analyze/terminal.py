"""Writes an analysis as tables for a console without markup (`synth.terminal`)."""

from rich.table import Table

from harness_ext.compare.tables import p_text
from harness_ext.pages.analyze.association import Analysis
from harness_ext.pages.analyze.learnable import LEARNABILITY, LEARNABILITY_TITLES
from harness_ext.pages.analyze.summary import Group
from synth.style.profile import ProfileComparison


def group_table(groups: list[Group]) -> Table:
    """Return the table of models, right and wrong apart."""
    table = Table(title="By model", title_justify="left")
    table.add_column("model", no_wrap=True, min_width=min(24, max(len(group.model) for group in groups)))
    table.add_column("answers", no_wrap=True)
    for title in (
        "n",
        "words",
        "adherence",
        "pivots /\n100 words",
        "\u2265 3 kinds\n% [95 %]",
        "checking\nshare",
        "true\nclaims",
        "answer\nconsistent",
        "loops\n%",
        "cut off\n%",
    ):
        table.add_column(title, justify="right", no_wrap=True)
    for group in groups:
        means, bound = group.means, group.three_kinds_interval
        table.add_row(
            group.model if group.outcome == "all" else "",
            group.outcome,
            str(group.n),
            _number(means["trace_words"], 0),
            _number(means["style_adherence"]),
            _number(means["pivot_density"]),
            f"{100 * group.three_kinds:.1f} [{100 * bound.low:.1f}, {100 * bound.high:.1f}]",
            _number(means["stage_share_verification"]),
            _number(means["step_validity"]),
            _number(means["answer_consistency"]),
            f"{100 * group.looping:.0f}",
            f"{100 * group.truncated:.0f}",
        )
    return table


def learnability_table(groups: list[Group]) -> Table | None:
    """Return how learnable the rows of each model are, None where that was not measured."""
    measured = [
        group
        for group in groups
        if group.outcome == "all" and any(group.means[name] is not None for name in LEARNABILITY)
    ]
    if not measured:
        return None
    table = Table(title="Surprisal to the student, nats a token", title_justify="left")
    table.add_column("model", no_wrap=True)
    for title in LEARNABILITY_TITLES:
        table.add_column(title, justify="right")
    for group in measured:
        table.add_row(group.model, *(_number(group.means[name]) for name in LEARNABILITY))
    return table


def association_table(analysis: Analysis) -> Table:
    """Return the features of one analysis whose interval excludes 1, with what length alone does."""
    length = ""
    if analysis.length:
        length = (
            f"; twice the length: odds \u00d7 {analysis.length[0]:.2f} [{analysis.length[1]:.2f},"
            f" {analysis.length[2]:.2f}]"
        )
    table = Table(title=f"{analysis.title} (n = {analysis.n}{length})", title_justify="left")
    table.add_column("one standard deviation more, at the same length, of")
    for title in ("n", "odds \u00d7 [95 %]", "p", "p Holm"):
        table.add_column(title, justify="right")
    shown = [row for row in analysis.associations if row.p is not None and row.p < 0.05]
    for row in shown:
        table.add_row(
            row.feature,
            str(row.n),
            f"{row.odds_ratio:.2f} [{row.low:.2f}, {row.high:.2f}]",
            p_text(row.p or 0.0),
            p_text(row.p_holm or 0.0),
        )
    if not shown:
        table.add_row("none at p < .05", "", "", "", "")
    return table


def divergence_table(comparison: ProfileComparison) -> Table:
    """Return how far two profiles are apart: the divergences, and the scores whose means differ."""
    table = Table(title=f"{comparison.first} against {comparison.second}", title_justify="left")
    table.add_column("in")
    for title in ("estimate [95 %]", "p"):
        table.add_column(title, justify="right")
    for one in comparison.divergences:
        table.add_row(
            f"{one.name} (Jensen\u2013Shannon, 0 to 1)",
            f"{one.estimate:.3f} [{one.low:.3f}, {one.high:.3f}]",
            p_text(one.p),
        )
    for one in comparison.differences:
        table.add_row(
            f"{one.name} (difference of means)",
            f"{one.estimate:+.3g} [{one.low:+.3g}, {one.high:+.3g}]",
            p_text(one.p),
        )
    table.caption = comparison.signature
    table.caption_justify = "left"
    return table


def notes(analyses: list[Analysis]) -> str:
    """Say in a few lines how the numbers were made."""
    tests = len(analyses[0].associations) if analyses else 0
    text = (
        "Words: median. Adherence: to the reference profile, 0 to 1. Checking: share of words in"
        " verification.\nTrue claims: share of a op b = c in the trace that hold. Lippmann & Yang (2025)"
        " report \u2265 3 of 4 pivot kinds in 96.1 % of successful R1 traces."
    )
    return text + (
        f"\nOdds of a right answer: logistic, length in the model, Holm over {tests} features; shown are"
        " those below p = .05."
        if tests
        else ""
    )


def _number(value: float | None, digits: int = 2) -> str:
    return "\u2013" if value is None else f"{value:,.{digits}f}"
