"""What comes to a terminal is read, never obeyed: names that files hold may have control characters, brackets
of markup, or half a character.
"""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from synth.printable import printable

if TYPE_CHECKING:
    from rich.console import Console


def make_console(**options: Any) -> "Console":
    """Return a console that prints texts as they are, control characters escaped,
    and lets a closed pipe raise BrokenPipeError.

    *options* are those of ``rich.console.Console``. Brackets are no markup, ``:smile:`` is no emoji.
    """
    from rich.console import Console
    from rich.segment import Segment
    from rich.text import Text

    class Plain(Console):
        def render_str(self, text: str, **named: Any) -> Text:
            return super().render_str(printable(text), **named)

        def render(self, *arguments: Any, **named: Any) -> Iterable[Segment]:
            for one in super().render(*arguments, **named):
                yield (
                    one if one.control or one.text.isprintable() else Segment(printable(one.text), one.style)
                )

        def on_broken_pipe(self) -> None:
            raise BrokenPipeError  # rich would end with 1

    return Plain(**{"markup": False, "highlight": False, "emoji": False, **options})


def say(text: str, err: bool = False) -> None:
    """Print a text and a line break, control characters escaped."""
    import typer

    typer.echo(printable(text), err=err)
