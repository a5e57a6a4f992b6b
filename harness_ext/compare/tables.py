"""A report as tables of text, which terminal, Markdown and LaTeX share."""

from dataclasses import dataclass
from math import isnan
from typing import TYPE_CHECKING

from harness_ext.compare.hypotheses import Judgement
from harness_ext.compare.metric import shown_metric, titled
from harness_ext.compare.shares import Share
from harness_ext.runs.accuracy import measured_by
from harness_ext.stats import Interval, Verdict

if TYPE_CHECKING:
    from harness_ext.compare.equal_learnability import EqualLearnability
    from harness_ext.compare.report import AcrossFamilies, Comparison, ConditionOnTask, Report

STYLE_TITLES = {
    "answered": "answered",
    "pivot_density": "pivots / 100 words",
    "pivot_kinds": "pivot kinds",
    "stage_coverage": "stages",
    "style_adherence": "adherence",
    "trace_words": "words",
}
"""What tables call the style scores."""
_SHOWN = ("answered", "pivot_density", "trace_words")
_CORRECTIONS = {"holm": "Holm", "bh": "BH"}


@dataclass(frozen=True, slots=True)
class TextTable:
    """A table: `left` are the columns, by number, whose texts stand at the left."""

    title: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    left: frozenset[int] = frozenset({0})


def report_tables(report: "Report") -> list[TextTable]:
    """Return the tables of a report: claims, one a task with accuracy, style and verdicts, shares,
    style at equal length, and families.
    """
    tables = [_claims(report.judgement)] if report.judgement else []
    tables += [_task(report, task) for task in dict.fromkeys(cell.task for cell in report.cells)]
    tables += (
        [_pooled(report)]
        if any(one.task not in {cell.task for cell in report.cells} for one in report.comparisons)
        else []
    )
    tables += [_equal(report.learnability)] if report.learnability else []
    tables += [_families(report.families)] if report.families else []
    tables += [_shares(report.shares)] if report.shares else []
    tables += [_styles(report)] if any(one.style for one in report.comparisons) else []
    return tables


def report_notes(report: "Report") -> list[str]:
    """Say in a few sentences how the numbers were made, and what to know before trusting them."""
    some = report.comparisons[0] if report.comparisons else report.families[0]
    margin = f"{100 * some.margin:g}"
    if some.correction == "holm":
        corrected = f"p Holm: adjusted by Holm over {some.tests} comparison{'s' if some.tests > 1 else ''}."
    else:
        corrected = (
            f"p BH: claims are corrected by Holm among themselves, these {some.tests} comparisons by"
            " Benjamini and Hochberg."
        )
    notes = [
        (
            "Accuracy in %, Wilson interval (over seeds and items where there are several seeds). Difference"
            " in points, paired by item; one run each: Newcombe interval, McNemar mid-p; several seeds: both"
            " seeds and items as draws from many."
        ),
        (
            f"{corrected} Equivalent: the 90 % interval lies within ±{margin} points. A large p is no"
            " evidence that runs are alike."
        ),
    ]
    notes += map(str, report.seed_pools)
    if any(cell.draws for cell in report.cells):
        notes.append(
            "avg@k is the mean over k draws of each item. Draws of one item are no further items: differences"
            " are of items' means (paired t where they are shares), and an interval counts an effective"
            " number of items, between items and all draws, so that it holds for new items with new draws."
        )
    if any(one.settlement for one in report.comparisons):
        notes.append(
            "Items to settle: how many in all, at 80 % power, if the difference and the share of items on"
            " which the runs differ stay as observed."
        )
    if any(one.style for one in report.comparisons):
        notes.append(
            "At equal length: the intercept of a regression on differences of log length; empty where lengths"
            " hardly overlap."
        )
    if report.learnability:
        notes.append(
            "At equal learnability: the difference less what the slope of accuracy on mean surprisal, over"
            " the model's other arms, makes of the two arms' difference of surprisal; its interval holds the"
            " slope's error. A few arms give a slope that's hardly known."
        )
    notes += [
        f"{model + ', ' if model else ''}{task}:"
        f" {'arms differ' if (result.p or 0) <= 0.05 else 'no difference among the arms is shown'} (Cochran's"
        f" Q {result.settings['q']:.1f}, p {p_text(result.p)}, {result.settings['arms']} runs)."
        for model, task, result in report.omnibus
    ]
    for one in report.comparisons:
        if one.variance:
            notes.append(
                f"{one.run}, {one.task}: of the variance of its difference, {one.variance.seed_share:.0%}"
                f" comes from seeds, {one.variance.item_share:.0%} from items,"
                f" {one.variance.residual_share:.0%} from both together."
            )
        if one.result.note:
            notes.append(f"{one.run}, {one.task}: {one.result.note}.")
    return [*notes, *report.notes]


def p_text(p: float | None) -> str:
    """Write a p-value: three digits, or that it is below .001."""
    if p is None:
        return ""
    return "<.001" if p < 0.001 else f"{p:.3f}".removeprefix("0")


def _points(estimate: float, interval: Interval | None) -> str:
    return f"{100 * estimate:+.1f}" + (
        f" [{100 * interval.low:+.1f}, {100 * interval.high:+.1f}]" if interval else ""
    )


def _percent(estimate: float, interval: Interval | None) -> str:
    return f"{100 * estimate:.1f}" + (
        f" [{100 * interval.low:.1f}, {100 * interval.high:.1f}]" if interval else ""
    )


def _corrected(report: "Report") -> str:
    return (
        f"p {_CORRECTIONS[(report.comparisons[0] if report.comparisons else report.families[0]).correction]}"
    )


def _task(report: "Report", task: str) -> TextTable:
    cells = [cell for cell in report.cells if cell.task == task]
    compared = {one.run: one for one in report.comparisons if one.task == task}
    styles = [name for name in _SHOWN if any(name in cell.style for cell in cells)]
    bases = list(dict.fromkeys(one.baseline for one in compared.values()))
    several = len({cell.model for cell in cells}) > 1
    settle = any(one.settlement for one in compared.values())
    header = (
        "run",
        *(["model"] if several else []),
        "accuracy [95 %]",
        *(STYLE_TITLES[name] for name in styles),
    )
    if compared:
        header = (
            *header,
            "difference [95 %]",
            "p",
            _corrected(report),
            "90 %",
            "verdict",
            *(["items to settle"] if settle else []),
        )
    counts = sorted({cell.n for cell in cells})
    measured = shown_metric([measured_by(cell.metric, cell.draws) for cell in cells])
    title = (
        f"{task}{f', {measured}' if measured else ''}, n ="
        f" {' to '.join(str(n) for n in (counts[0], counts[-1])[: len(counts)])}"
        + (f", compared with {', '.join(bases)}" if bases else "")
    )
    mixed = len({cell.draws for cell in cells}) > 1
    rows = [
        _row(cell, compared.get(cell.run), styles, several, bool(compared), settle, mixed) for cell in cells
    ]
    return TextTable(
        title,
        header,
        tuple(rows),
        frozenset({0, *([1] if several else []), header.index("verdict") if compared else 0}),
    )


def _row(
    cell: "ConditionOnTask",
    one: "Comparison | None",
    styles: list[str],
    several: bool,
    compared: bool,
    settle: bool,
    mixed: bool,
) -> tuple[str, ...]:
    style = (f"{cell.style[name]:,.{_digits(name)}f}" if name in cell.style else "" for name in styles)
    row = (
        f"{cell.run} ({measured_by(cell.metric, cell.draws)})" if mixed and cell.draws else cell.run,
        *([_short(cell.model)] if several else []),
        _percent(cell.accuracy, cell.interval),
        *style,
    )
    if not compared:
        return row
    if one is None:
        return (*row, "", "", "", "", "baseline", *([""] if settle else []))
    inner = (
        f"[{100 * one.equivalence.low:+.1f}, {100 * one.equivalence.high:+.1f}]" if one.equivalence else ""
    )
    return (
        *row,
        _points(one.result.estimate, one.result.interval),
        p_text(one.result.p),
        p_text(one.p_adjusted),
        inner,
        one.verdict.value,
        *([_settled(one)] if settle else []),
    )


def _settled(one: "Comparison") -> str:
    if one.verdict is not Verdict.INCONCLUSIVE or one.settlement is None:
        return ""
    return (
        f"{one.settlement.items:,} ({one.settlement.question})"
        if one.settlement.items
        else one.settlement.reason
    )


def _pooled(report: "Report") -> TextTable:
    rows = [
        (
            one.run,
            one.baseline,
            one.task,
            _points(one.result.estimate, one.result.interval),
            p_text(one.result.p),
            p_text(one.p_adjusted),
            one.verdict.value,
        )
        for one in report.comparisons
    ]
    header = ("run", "compared with", "over", "difference [95 %]", "p", _corrected(report), "verdict")
    return TextTable("Over tasks, each counting alike", header, tuple(rows), frozenset({0, 1, 6}))


def _families(found: "list[AcrossFamilies]") -> TextTable:
    corrected = f"p {_CORRECTIONS[found[0].correction]}"
    header = (
        "arm",
        "task",
        "families",
        "mean difference [95 %]",
        "p",
        corrected,
        "I²",
        "a further family [95 %]",
        "sign test p",
        "verdict",
    )
    rows = []
    for one in found:
        result, prediction = one.summary.result, one.summary.prediction
        further = f"[{100 * prediction.low:+.1f}, {100 * prediction.high:+.1f}]" if prediction else ""
        rows.append(
            (
                one.arm,
                titled(one.task, one.metric),
                str(len(one.families)),
                _points(result.estimate, result.interval),
                p_text(result.p),
                p_text(one.p_adjusted),
                f"{100 * one.summary.i2:.0f} %",
                further,
                p_text(one.signs.p),
                one.verdict.value,
            )
        )
    few = min(len(one.families) for one in found)
    title = "Over families, as draws from many (random effects)" + (
        f"; with only {few} families the variance between them is hardly known" if few < 5 else ""
    )
    return TextTable(title, header, tuple(rows), frozenset({0, 1, 9}))


def _shares(found: list[Share]) -> TextTable:
    rows = []
    for one in found:
        low, high = (one.result.settings.get(name) for name in ("fieller_low", "fieller_high"))
        fieller = (
            f"[{100 * low:.0f}, {100 * high:.0f}]"
            if isinstance(low, float) and isinstance(high, float)
            else "unbounded"
        )
        limits = one.result.interval
        share = (
            f"{100 * one.result.estimate:.0f} % [{100 * limits.low:.0f}, {100 * limits.high:.0f}]"
            if limits
            else "undefined"
        )
        note = "; ".join(note for note in (one.result.note, one.note) if note)
        rows.append((one.question, _short(one.model), one.task, share, fieller if limits else "", note))
    return TextTable(
        "Shares of a gain",
        ("share", "model", "task", "[95 %]", "Fieller", ""),
        tuple(rows),
        frozenset({0, 1, 2, 5}),
    )


def _equal(found: "list[EqualLearnability]") -> TextTable:
    rows = []
    for one in found:
        result = one.result
        rows.append(
            (
                one.run,
                one.baseline,
                one.task,
                _points(one.plain.estimate, one.plain.interval),
                "" if one.surprisal is None else f"{one.surprisal:+.3f}",
                "" if one.share is None else f"{one.share:.2f}",
                _points(result.estimate, result.interval) if result else f"refused: {one.refused}",
                p_text(result.p) if result else "",
                str(result.settings["arms"]) if result else "",
            )
        )
    header = (
        *("run", "compared with", "task", "difference [95 %]", "surprisal, nats", "common range"),
        *("at equal learnability [95 %]", "p", "other arms"),
    )
    return TextTable("At equal learnability", header, tuple(rows), frozenset({0, 1, 2, 6}))


def _styles(report: "Report") -> TextTable:
    rows = []
    for one in report.comparisons:
        for effect in one.style:
            digits = _digits(effect.metric)
            mean, median, longer = effect.mean, effect.median, effect.at_equal_length
            controlled = _number(longer.estimate, longer.interval, digits) if longer else ""
            numbers = (
                _number(mean.estimate, mean.interval, digits),
                p_text(mean.p),
                p_text(effect.p_adjusted),
                _number(median.estimate, median.interval, digits),
            )
            rows.append((one.run, one.task, STYLE_TITLES[effect.metric], *numbers, controlled))
    header = (
        "run",
        "task",
        "style",
        "mean difference [95 %]",
        "p (sign flip)",
        "p BH",
        "pseudomedian [95 %]",
        "at equal length [95 %]",
    )
    return TextTable("Style against the baseline", header, tuple(rows), frozenset({0, 1, 2}))


def _digits(metric: str) -> int:
    return 0 if metric == "trace_words" else 2


def _number(estimate: float, interval: Interval | None, digits: int) -> str:
    if isnan(estimate):
        return ""
    return f"{estimate:+,.{digits}f}" + (
        f" [{interval.low:+,.{digits}f}, {interval.high:+,.{digits}f}]" if interval else ""
    )


def _claims(judgement: Judgement) -> TextTable:
    known = f"recorded in {judgement.recorded} of {judgement.runs} runs when they were made"
    title = (
        f"Claims of {judgement.path} (sha256 {judgement.sha256[:12]}; {known}), alpha {judgement.alpha:g},"
        f" Holm over {len(judgement.results)}"
    )
    rows = []
    for one in judgement.results:
        rows.append((one.claim.name, one.outcome.value, p_text(one.p), p_text(one.p_holm), ""))
        rows += [
            ("", "", p_text(finding.p), "", f"{finding.where}: {finding.says}") for finding in one.findings
        ]
    return TextTable(
        title, ("claim", "outcome", "p", "p Holm", "rests on"), tuple(rows), frozenset({0, 1, 4})
    )


def _short(model: str) -> str:
    return model.rstrip("/").rpartition("/")[2]
