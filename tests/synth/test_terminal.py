"""What comes to a terminal is shown, and obeyed by nothing."""

import io

import pytest
from rich.table import Table

from synth.terminal import make_console, say


def test_a_console_shows_what_names_hold() -> None:
    output = io.StringIO()
    table = Table("[red]arm[/red]", title="\x1b[2J:smile:")
    table.add_row("[/x] \ud800\x9b31m\u202e")
    console = make_console(file=output, width=80)
    console.print(table)
    console.print("[bold]a[/nothing]\x07\n\tb \r")
    shown = output.getvalue()
    assert all(one.isprintable() for line in shown.splitlines() for one in line.replace("\t", ""))
    for text in (r"\x1b[2J:smile:", "[red]arm[/red]", r"[/x] \ud800\x9b31m\u202e", r"[bold]a[/nothing]\x07"):
        assert text in shown
    shown.encode()


def test_colours_of_a_terminal_stay() -> None:
    output = io.StringIO()
    make_console(file=output, force_terminal=True, color_system="standard").print("a\x1b[2J", style="red")
    assert output.getvalue() == "\x1b[31ma\\x1b[2J\x1b[0m\n"


def test_what_is_said_is_escaped(capsys: pytest.CaptureFixture[str]) -> None:
    say("run \x1b]0;title\x07 \udcff\nnext", err=True)
    assert capsys.readouterr().err == "run \\x1b]0;title\\x07 \\udcff\nnext\n"
