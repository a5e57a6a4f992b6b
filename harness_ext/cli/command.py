"""The command itself, to which each module of this package adds verbs."""

import typer

app = typer.Typer(
    name="stylerep",
    help="How much of what distillation on reasoning traces teaches is reasoning, and how much is the style of reasoning?",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)
