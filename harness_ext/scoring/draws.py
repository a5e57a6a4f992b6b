"""Makes one item's scores of those of its draws: means, and pass@k and maj@k of its accuracy.

    acc 0.75 · draws 8 · pass@2 0.96… · pass@4 1 · pass@8 1 · maj@2 … · maj@4 … · maj@8 1

They stand beside the other metrics in a samples file, so that whatever compares or ranks a metric takes them
by name. ``draws`` says of how many responses an item's means are.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from harness_ext.runs.accuracy import DRAWS, known_accuracy
from harness_ext.scoring.at_k import maj_at_k, pass_at_k, sizes
from synth.formats import SplitResponse, split_response
from synth.grading.answers import stated_answer
from synth.grading.numbers import plain_number
from synth.grading.options import option_letter


def scores_of_draws(
    each: Sequence[Mapping[str, Any]], votes: Sequence[str | None] | None = None
) -> dict[str, Any]:
    """Return the scores of an item from those of its draws, two or more.

    A metric that is a number for every draw is its mean; of any other the first draw's stays. Where the
    accuracy (`harness_ext.runs.accuracy`) is 0 or 1 for every draw, ``pass@k`` stands beside it for the k of
    `sizes`, and with *votes*, the answer that each draw states, ``maj@k`` too (`maj_at_k`): right draws are
    one answer, however they say it.
    """
    found = {name: _mean([one.get(name) for one in each]) for name in each[0]}
    found[DRAWS] = float(len(each))
    accuracy = known_accuracy([name for name, value in found.items() if isinstance(value, float)])
    right = [float(one[accuracy]) for one in each] if accuracy else []
    if not right or not set(right) <= {0.0, 1.0}:
        return found
    count = int(sum(right))
    found |= {f"pass@{k}": pass_at_k(count, len(each), k) for k in sizes(len(each))}
    if votes is not None:
        wrong = Counter(vote for vote, one in zip(votes, right, strict=True) if vote is not None and not one)
        found |= {f"maj@{k}": maj_at_k(count, [*wrong.values()], len(each), k) for k in sizes(len(each))}
    return found


def vote_of(response: str | SplitResponse, answer_type: str) -> str | None:
    """Return the answer that a response states, in the form in which equal ones are equal: numbers by value,
    options by letter, all else as text without case and white space; None where it states none.
    """
    split = split_response(response) if isinstance(response, str) else response
    stated = stated_answer(split, answer_type)
    if stated is None:
        return None
    if answer_type == "number" and (number := plain_number(stated)) is not None:
        return str(number)
    if answer_type == "option" and (letter := option_letter(stated)) is not None:
        return letter
    return "".join(stated.casefold().split())


def _mean(values: Sequence[Any]) -> Any:
    if all(isinstance(value, int | float) for value in values):
        return float(sum(values)) / len(values)
    return values[0]
