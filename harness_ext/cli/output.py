"""How tables and notes come to a terminal."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from synth.terminal import make_console as plain_console

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

    from harness_ext.compare import Report


def make_console() -> "Console":
    """Return a console of the terminal's width, or 150 columns wide where output goes elsewhere;
    a closed pipe raises BrokenPipeError.
    """
    from rich.console import Console

    return plain_console(width=None if Console().is_terminal else 150)


def print_tables(tables: "Iterable[Table]") -> None:
    """Print tables, one below the other."""
    console = make_console()
    for table in tables:
        console.print(table)


def print_notes(notes: Iterable[str]) -> None:
    """Print sentences as they are, wrapped to the console's width."""
    console = make_console()
    for note in notes:
        console.print(note)


def print_report(report: "Report") -> None:
    """Print all tables and notes of a comparison."""
    from harness_ext.compare.tables import report_notes, report_tables
    from harness_ext.compare.to_text import rich_tables

    print_tables(rich_tables(report_tables(report)))
    print_notes(report_notes(report))
