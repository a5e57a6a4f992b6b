import pytest

from synth.formats import split_response
from synth.formats.audit import Audit, unread_tag

PLAIN = "<think>\nTwo and three.\n</think>\n\nThe answer is 5."


def notes(responses: list[str], answered: bool | None = True) -> list[str]:
    audit = Audit()
    for number, response in enumerate(responses):
        audit.add(response, split_response(response), f"line {number + 1}", answered)
    return audit.notes()


@pytest.mark.parametrize(
    ("response", "says"),
    [
        (f"{PLAIN}<|im_end|>", "3 of 20 responses end in a control token (the first: line 18, \u201c"),
        (
            "<pondering>Two and three.</pondering>The answer is 5.",
            "begin with a tag or hold tokens that no format lists (the first: line 18, \u201c<pondering>",
        ),
        (
            "<|begin_pondering|>Two.<|end_pondering|>The answer is 5.",
            "no format lists (the first: line 18, \u201c<|begin_pondering|>\u201d)",
        ),
        (
            "thought\nTwo and three. The answer is 5.",
            "begin as a trace does whose special tokens were dropped",
        ),
        (
            "<think>\nTwo and three, so",
            "3 of 20 responses were cut off within their trace and count as unanswered",
        ),
        ("<think>\nTwo and three.\n</think>\n\n", "have nothing after their trace, or nothing at all"),
        (
            "Two and three make 5.",
            (
                "3 of 20 responses have no trace where the others have one (the first: line 18, \u201cTwo and"
                " three make 5.\u201d)"
            ),
        ),
    ],
)
def test_more_than_a_few_are_said_with_how_many_an_example_and_what_to_do(response: str, says: str) -> None:
    assert any(says in note for note in notes([PLAIN] * 17 + [response] * 3)), notes(
        [PLAIN] * 17 + [response] * 3
    )
    assert notes([PLAIN] * 17 + [response] * 2) == []
    assert all(": " in note and note.endswith(".") for note in notes([response] * 3))


def test_answers_that_are_not_found_are_said() -> None:
    assert any(
        "3 of 3 responses state no answer in a form that is known" in note
        for note in notes([PLAIN] * 3, answered=False)
    )
    assert notes([PLAIN] * 3, answered=None) == []


def test_responses_of_models_that_mark_no_traces_are_nothing_to_tell() -> None:
    assert notes(["Two and three make 5."] * 20) == []


@pytest.mark.parametrize(
    "response",
    [
        PLAIN,
        "<b>5</b>",
        "<html>5</html>",
        "It is |x|<|y|.",
        "5<|eot_id|>",
        "<|start_header_id|>assistant<|end_header_id|>\n5",
        "[A] 5",
    ],
)
def test_tags_that_are_known_or_mean_something_else_are_not_told(response: str) -> None:
    assert unread_tag(response, split_response(response)) is None


def test_an_example_moves_no_terminal() -> None:
    (note,) = notes(["<think>\x1b[2J\u202ex"] * 3)
    assert "\x1b" not in note
    assert "\u202e" not in note


def test_audits_of_parts_count_as_one_of_all() -> None:
    responses = [PLAIN, f"{PLAIN}<|im_end|>", "Five.", "<pondering>Two.</pondering>5", PLAIN] * 5
    whole, parts = Audit(), [Audit() for _ in range(3)]
    for number, response in enumerate(responses):
        for audit in (whole, parts[number // 10]):
            audit.add(response, split_response(response), f"line {number + 1}", answered=number % 3 > 0)
    for later in parts[1:]:
        parts[0].merge(later)
    assert parts[0] == whole
    assert whole.notes()
