import time

import pytest

from synth.style import load_lexicon, split_response, style_scores

LEXICON = load_lexicon("en")


def kinds(text: str) -> list[str]:
    return [pivot.kind for pivot in LEXICON.find(text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Wait, that can't be right.", ["realization", "realization"]),
        ("2 + 2 = 5. Wait, no.", ["realization"]),
        ("**Wait** a bit", ["realization"]),
        ("Let me double-check the sum.", ["verification"]),
        ("Let\u2019s verify this.", ["verification"]),
        ("What if we try 3?", ["exploration"]),
        ("Alternatively, add first.", ["exploration"]),
        ("Now I see how it fits.", ["integration"]),
        ("line one\nHmm, line two", ["realization"]),
        ("let  me\ncheck", ["verification"]),
    ],
)
def test_pivots_are_found(text: str, expected: list[str]) -> None:
    assert kinds(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "The waiter must await them.",
        "I wait for the bus.",
        "Wait for me.",
        "So what if the man leaves?",
        "He checked in.",
        "maybes",
        "It is an oversight.",
        "Ohm's law",
        "",
    ],
)
def test_words_that_only_look_like_pivots_are_not(text: str) -> None:
    assert kinds(text) == []


def test_positions_lie_in_the_text() -> None:
    text = "So. Wait a minute, let me check."
    assert [text[pivot.start : pivot.end] for pivot in LEXICON.find(text)] == ["Wait a minute", "let me check"]


def test_density_does_not_depend_on_length() -> None:
    unit = "Wait, we add two and two. "
    one, many = style_scores(unit, LEXICON), style_scores(unit * 50, LEXICON)
    assert one.total_density == pytest.approx(many.total_density)
    assert many.words == 50 * one.words
    assert style_scores("", LEXICON).total_density == 0


@pytest.mark.parametrize(
    ("response", "trace", "answer", "tagged", "closed"),
    [
        ("<think>\na\n</think>\n\nThe answer is 3.", "a", "The answer is 3.", True, True),
        ("opened by the prompt\n</think>\nThe answer is 3.", "opened by the prompt", "The answer is 3.", True, True),
        ("<think>cut off", "cut off", "", True, False),
        ("<think>a</think>b<think>c</think>d", "a\nb\nc", "d", True, True),
        ("<|begin_of_thought|>a<|end_of_thought|><|begin_of_solution|>3", "a", "<|begin_of_solution|>3", True, True),
        ("I add. So the answer is 4.", "I add.", "I add. So the answer is 4.", False, False),
        ("The answer is 42.", "", "The answer is 42.", False, False),
        ("just 42", "just 42", "just 42", False, False),
        ("", "", "", False, False),
    ],
)
def test_split(response: str, trace: str, answer: str, tagged: bool, closed: bool) -> None:
    split = split_response(response)
    assert (split.trace, split.answer, split.tagged, split.closed) == (trace, answer, tagged, closed)


@pytest.mark.parametrize("unit", ["x", "wait ", "<think>", "</think>", "let me ", "answer is ", "(", "\n", " "])
def test_time_grows_with_length_and_no_faster(unit: str) -> None:
    def seconds(characters: int) -> float:
        text = unit * (characters // len(unit))
        began = time.perf_counter()
        style_scores(split_response(text).trace, LEXICON)
        return time.perf_counter() - began

    seconds(20_000)
    # Twenty times the text may take twenty times as long; a quadratic scan would take four hundred.
    assert seconds(400_000) < 100 * max(seconds(20_000), 0.002)
