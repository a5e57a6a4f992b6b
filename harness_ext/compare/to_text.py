"""Writes the tables of a report for a terminal, as Markdown and as LaTeX."""

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.table import Table

from harness_ext.compare.tables import TextTable, report_notes, report_tables

if TYPE_CHECKING:
    from harness_ext.compare.report import Report

_LATEX = {
    "\\": r"\textbackslash{}",
    "&": r"\&",
    "%": r"\%",
    "$": r"\$",
    "#": r"\#",
    "_": r"\_",
    "{": r"\{",
    "}": r"\}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "±": r"$\pm$",
    "²": r"$^2$",
    "<": r"$<$",
    ">": r"$>$",
    "…": r"\ldots{}",
}


def rich_tables(tables: Sequence[TextTable]) -> list[Table]:
    """Return the tables as a console without markup prints them (`synth.terminal`)."""
    made = []
    for one in tables:
        table = Table(title=one.title, title_justify="left")
        for number, name in enumerate(one.header):
            table.add_column(name, justify="left" if number in one.left else "right")
        for row in one.rows:
            table.add_row(*row)
        made.append(table)
    return made


def report_markdown(report: "Report") -> str:
    """Return the report as Markdown; no run's name can break out of its cell."""
    parts = [markdown_table(one) for one in report_tables(report)]
    signatures = [
        f"{_markdown(name)}, {_markdown(task)}: `{signature}`"
        for name, task, signature in _signatures(report)
    ]
    notes = [*map(_markdown, report_notes(report)), *signatures]
    return "\n\n".join([*parts, "\n".join(f"- {note}" for note in notes)]) + "\n"


def markdown_table(one: TextTable) -> str:
    """Return a table as Markdown, its title a heading."""
    rule = "|".join(" --- " if number in one.left else " ---: " for number in range(len(one.header)))
    return "\n".join(
        [f"### {_markdown(one.title)}", "", _line(one.header), f"|{rule}|", *(_line(row) for row in one.rows)]
    )


def report_latex(report: "Report") -> str:
    """Return the report as LaTeX tables (booktabs)."""
    signatures = [f"{name}, {task}: {signature}" for name, task, signature in _signatures(report)]
    return latex_page(report_tables(report), [*report_notes(report), *signatures])


def latex_page(tables: Sequence[TextTable], notes: Sequence[str]) -> str:
    """Return tables as LaTeX (booktabs), and notes as comments below them."""
    comments = "\n".join(f"% {_latex(line)}" for line in notes)
    return "\n\n".join(["% needs \\usepackage{booktabs}", *map(_latex_table, tables), comments]) + "\n"


def markdown_page(tables: Sequence[TextTable], notes: Sequence[str]) -> str:
    """Return tables as Markdown, and notes as a list below them."""
    return (
        "\n\n".join([*map(markdown_table, tables), "\n".join(f"- {_markdown(note)}" for note in notes)])
        + "\n"
    )


def _latex_table(one: TextTable) -> str:
    columns = "".join("l" if number in one.left else "r" for number in range(len(one.header)))
    body = "\n".join(" & ".join(map(_latex, row)) + r" \\" for row in one.rows)
    head = " & ".join(map(_latex, one.header)) + r" \\"
    return (
        "\\begin{table}\n\\caption{"
        + _latex(one.title)
        + "}\n\\begin{tabular}{"
        + columns
        + "}\n\\toprule\n"
        + head
        + "\n\\midrule\n"
        + body
        + "\n\\bottomrule\n\\end{tabular}\n\\end{table}"
    )


def _signatures(report: "Report") -> list[tuple[str, str, str]]:
    found = [(one.run, one.task, one.signature) for one in report.comparisons]
    found += [(one.arm, one.task, one.signature) for one in report.families]
    return [*found, *((one.question, one.task, one.result.signature) for one in report.shares)]


def _line(cells: Sequence[str]) -> str:
    return "| " + " | ".join(map(_markdown, cells)) + " |"


def _markdown(text: str) -> str:
    return re.sub(r"([\\|`*_<>\[\]])", r"\\\1", " ".join(text.split()))


def _latex(text: str) -> str:
    return "".join(_LATEX.get(character, character) for character in " ".join(text.split()))
