"""The command itself, to which each module of this package adds verbs."""

from collections.abc import Mapping
from pathlib import Path

import typer

from synth.errors import StylerepError

app = typer.Typer(
    name="stylerep",
    help=(
        "How much of what distillation on reasoning traces teaches is reasoning, and how much is the style of"
        " reasoning?"
    ),
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)


def check_words(given: Mapping[str, str | None]) -> None:
    """Raise StylerepError for the value of an option that is empty, or has control characters: it is
    recorded, and shown on one line.
    """
    from synth.schema import Line, read_as

    for option, value in given.items():
        if value is not None:
            read_as(Line, value, option)


def refuse_alone(needed: str, given: Mapping[str, object]) -> None:
    """Raise StylerepError for an option that was given without the one that it goes with."""
    if alone := next((name for name, value in given.items() if value is not None), None):
        raise StylerepError(f"{alone} goes with {needed}.")


def check_claims(path: Path) -> None:
    """Raise StylerepError for a claims file that cannot be read, before what reads it is imported."""
    from synth.schema import open_regular

    open_regular(path, "claims file").close()
