import json
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from synth.sentences import sentences

FORMULAS = (
    "$x = 4. Y$",
    "$a.$",
    "$$x = 1. Then$$",
    "\\[f(x) = 2. So \\text{ it is. Yes}\\]",
    "\\(3. B\\)",
    "\\begin{align*}\nx &= 1. \\\\\n\n&= 2. A\n\\end{align*}",
    "\\begin{array}{c} \\begin{array}{c} 1. A \\end{array} 2. B \\end{array}",
    "[asy]\ndraw((0,0)--(1,1)); // Done. Yes.\n\n[/asy]",
)
PIECES = (
    "Then",
    "so",
    "It is",
    "3.14",
    "e.g.",
    "Fig.",
    "$5",
    "5!",
    ".",
    "?",
    "!",
    ",",
    ":",
    "1.",
    "- ",
    '"',
    ")",
    "\\boxed{5.}",
    "\\\\",
)
GAPS = (" ", "  ", "\n", "\n\n", "")


@given(st.lists(st.tuples(st.sampled_from(PIECES + FORMULAS), st.sampled_from(GAPS)), max_size=30))
def test_joined_the_sentences_are_the_text(parts: list[tuple[str, str]]) -> None:
    text = "".join(piece + gap for piece, gap in parts)
    assert "".join("".join(sentences(text)).split()) == "".join(text.split())
    assert all(one and one == one.strip() for one in sentences(text))


@given(
    st.lists(
        st.tuples(
            st.sampled_from(("Then", "so.", "It is", "e.g.", "A?", "3.", *FORMULAS)),
            st.sampled_from(GAPS[:4]),
        ),
        max_size=30,
    )
)
def test_no_formula_is_ever_split(parts: list[tuple[str, str]]) -> None:
    found = sentences("".join(piece + gap for piece, gap in parts))
    for formula in FORMULAS:
        assert sum(one.count(formula) for one in found) == sum(piece.count(formula) for piece, _ in parts)


@given(st.text(max_size=500))
def test_any_text_can_be_split(text: str) -> None:
    assert "".join("".join(sentences(text)).split()) == "".join(text.split())


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("We get 3.14 by e.g. Fig. 1. Then we stop.", ["We get 3.14 by e.g. Fig. 1.", "Then we stop."]),
        ("so $s_1 = 4.$  Hence, $s_2 = 6.$", ["so $s_1 = 4.$", "Hence, $s_2 = 6.$"]),
        ("We have\n\\[x = 1.\\]Find $y$.", ["We have\n\\[x = 1.\\]", "Find $y$."]),
        ("We have\n\\[x = 1,\\]where $x$ is 1. OK", ["We have\n\\[x = 1,\\]where $x$ is 1.", "OK"]),
        (
            "Set\n\n\\[x = 1\\]\n\nso that it fits. Also\n\n$$y.$$\n\nDone.",
            ["Set\n\n\\[x = 1\\]\n\nso that it fits.", "Also\n\n$$y.$$", "Done."],
        ),
        ("A pen costs $5. He pays $6. Why?", ["A pen costs $5.", "He pays $6.", "Why?"]),
        ("There are $3!$ ways. In all 5! ways.", ["There are $3!$ ways.", "In all 5! ways."]),
        ("Steps:\n1. Add 2.\n2. Stop.", ["Steps:", "1. Add 2.", "2. Stop."]),
        ('He said "No." Then (it was so.) Then', ['He said "No."', "Then (it was so.)", "Then"]),
        ("", []),
    ],
)
def test_where_sentences_end(text: str, parts: list[str]) -> None:
    assert sentences(text) == parts


def test_real_solutions_fall_into_sentences_of_a_readable_length(real_data: Path) -> None:
    with (real_data / "benchmarks/math500.jsonl").open(encoding="utf-8") as lines:
        solutions = [json.loads(line)["solution"] for line in lines]
    parts = [one for solution in solutions for one in sentences(solution) if "[asy]" not in one]
    assert 4 < len(parts) / len(solutions) < 6
    assert (
        sum(
            one.rstrip("$])}\\*").rstrip().endswith((".", "!", "?", ":")) or "\\end{" in one[-20:]
            for one in parts
        )
        / len(parts)
        > 0.95
    )
    assert all(one.count("\\begin{") == one.count("\\end{") for one in parts)


def test_looping_text_is_split_in_time() -> None:
    for unit in ("$", "\\[", "\\begin{a}", "[asy]", "$a. B", "A. ", "\n\n", "\\begin{a}x\\end{a}. "):
        sentences(unit * (1_000_000 // len(unit)))


@pytest.mark.parametrize("mark", [".", "!", "?", "…", "?!"])
def test_a_row_of_marks_takes_time_in_its_length(mark: str) -> None:
    row = mark * 20_000 + "x"
    began = time.process_time()
    assert sentences(f"One. {row} Two.") == ["One.", f"{row} Two."]
    assert time.process_time() - began < 1
