"""The command itself, to which each module of this package adds verbs."""

from collections.abc import Mapping

import typer

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
