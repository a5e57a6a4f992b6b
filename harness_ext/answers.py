"""Finds the final answer of a response and judges it."""

from synth.final_answer import number_value, stated_number
from synth.style import split_response


def final_number(response: str) -> str | None:
    """Return the number a response ends up with, as text, or None if it gives none.

    A response cut off inside its trace has no answer.
    """
    return stated_number(split_response(response).answer)


def is_right(stated: str | None, gold: str) -> bool:
    """Say whether two numbers, as text, have the same value; nothing stated is never right."""
    if stated is None:
        return False
    value = number_value(stated)
    return value is not None and value == number_value(gold)
