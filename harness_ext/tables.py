"""Writes a comparison as tables for a terminal."""

from rich.table import Table

from harness_ext.compare import Cell, Comparison, Report

_STYLE_TITLES = {"answered": "answered", "pivot_density": "pivots / 100 words", "pivot_kinds": "pivot kinds", "trace_words": "words"}


def report_tables(report: Report) -> list[Table]:
    """Return one table a task: accuracy with interval, style, difference from the baseline, verdict."""
    compared = {(item.run, item.task): item for item in report.comparisons}
    tables = []
    for task in dict.fromkeys(cell.task for cell in report.cells):
        cells = [cell for cell in report.cells if cell.task == task]
        styles = [name for name in _STYLE_TITLES if any(name in cell.style for cell in cells)]
        baselines = {item.baseline for item in report.comparisons if item.task == task}
        table = Table(title=f"{task}, n = {cells[0].n}, compared with {', '.join(sorted(baselines))}", title_justify="left")
        table.add_column("run")
        for title in ("accuracy [95 %]", *(_STYLE_TITLES[name] for name in styles), "difference [95 %]", "p", "p Holm"):
            table.add_column(title, justify="right")
        table.add_column("verdict")
        for cell in cells:
            table.add_row(*_row(cell, compared.get((cell.run, task)), styles))
        tables.append(table)
    return tables


def report_notes(report: Report) -> str:
    """Say in a few lines how the numbers were made."""
    first = report.comparisons[0].result
    return (
        "Accuracy in %, Wilson interval. Difference in points, paired by item, Newcombe interval (method 10). p: McNemar mid-p.\n"
        f"Holm's correction over {first.tests} comparison{'s' if first.tests > 1 else ''}. "
        f"Equivalent: the 90 % interval lies within ±{100 * first.margin:g} points."
    )


def _row(cell: Cell, comparison: Comparison | None, styles: list[str]) -> list[str]:
    accuracy = f"{100 * cell.accuracy:.1f} [{100 * cell.interval.low:.1f}, {100 * cell.interval.high:.1f}]"
    row = [cell.run, accuracy, *(f"{cell.style[name]:.2f}" if name in cell.style else "" for name in styles)]
    if comparison is None:
        return [*row, "", "", "", "baseline"]
    result = comparison.result
    difference = f"{100 * result.difference:+.1f} [{100 * result.interval.low:+.1f}, {100 * result.interval.high:+.1f}]"
    return [*row, difference, p_text(result.p), p_text(result.p_holm), result.verdict.value]


def p_text(p: float) -> str:
    """Write a p-value: three digits, or that it is below .001."""
    return "<.001" if p < 0.001 else f"{p:.3f}".removeprefix("0")
