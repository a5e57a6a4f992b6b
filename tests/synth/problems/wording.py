"""What every sentence that a source writes for a trace must be like."""

import re

from synth.problems import Problem
from synth.style.lexicon import load_lexicon

LEXICON = load_lexicon("en")


def texts(item: Problem) -> list[str]:
    return [
        text
        for step in item.steps
        for text in (
            step.text,
            *step.checks,
            *(part for turn in step.wrong_turns for part in (turn.text, turn.rejection)),
        )
    ]


def assert_plain(items: list[Problem]) -> None:
    """Sentences of 6 to 20 words that hold no pivot and no markdown."""
    for item in items:
        for text in texts(item):
            assert 6 <= len(text.split()) <= 20, text
            assert re.fullmatch(r"[A-Z0-9(].*\.", text), text
            assert not re.search(r"[*_`#]{2}|\n", text), text
        together = "\n".join(texts(item))
        assert not LEXICON.find(together), (together, LEXICON.find(together))


def share_of_skeletons(items: list[Problem], blank: str) -> float:
    """How many of the questions differ when what *blank* matches is left out."""
    return len({re.sub(blank, "_", item.question) for item in items}) / len(items)
