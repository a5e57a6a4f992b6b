"""A trace while it is made: its parts, and where its stages and wrong turns stand."""

from dataclasses import dataclass, field

Span = tuple[str, int, int]
"""A stage by its name, and where it begins and ends in the text."""


@dataclass(frozen=True, slots=True)
class Trace:
    """A trace in two parts and the text after it.

    `body` is all before the `conclusion`, which states the answer and may be empty, with a `gap` between;
    `final` follows the trace and states the answer. `stages` are those of the body, None where the style
    scorer is to read them; `turns` are spans of wrong turns in the body.
    """

    body: str
    conclusion: str
    final: str
    stages: list[Span] | None = None
    turns: list[tuple[int, int]] = field(default_factory=list)
    gap: str = "\n\n"

    @property
    def text(self) -> str:
        """The trace as a whole."""
        return self.gap.join(part for part in (self.body, self.conclusion) if part)


def final_sentence(stated: str) -> str:
    """Return the sentence that the prompt asks a response to end with."""
    return f"The answer is {stated}."
