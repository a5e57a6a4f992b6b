import json
import random
import threading
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness_ext.scoring.scores import METRICS, score
from synth.grading.answers import final_answer, is_right, plain_number
from synth.grading.final_answer import number_value
from synth.problems import read_gsm8k


@pytest.mark.parametrize(
    ("response", "gold"),
    [
        ("The answer is 1,234.", "1234"),
        ("<think>5</think>The answer is $3.50", "3.5"),
        (r"so \boxed{-3}", "-3"),
        ("The answer is **72**", "72"),
        ("The answer is: 72 apples.", "72"),
        ("We get 007 apples.", "7"),
        ("the answer is 1/2", "0.5"),
        ("Answer: 42 dollars", "42"),
        ("The answer is 5. No, the answer is 6.", "6"),
        ("It is 5-3", "3"),
        ("The answer is \u22123.", "-3"),
        ("The answer is 0.", "0"),
        ("3 + 4 = 7, so 7", "7"),
        (r"\boxed{\frac{1}{2}}", "0.5"),
        (r"\boxed{-\dfrac34}", "-0.75"),
        (r"\boxed{\$12}", "12"),
        (r"\boxed{12\text{ apples}}", "12"),
        (r"\boxed{12 \text{ cm}^2}", "12"),
        (r"\boxed{x = 12}", "12"),
        (r"$\boxed{f(3) = 12}$", "12"),
        (r"\boxed{12.0}", "12"),
        (r"\boxed{1{,}234}", "1234"),
        (r"\boxed{1,\!234}", "1234"),
        (r"\boxed{1\,234\,567}", "1234567"),
        (r"\boxed{\text{12}}", "12"),
        (r"\boxed{\textbf{(C)}\ 12}", "12"),
        (r"\boxed{90^\circ}", "90"),
        (r"\boxed{12^{\text{th}}}", "12"),
        (r"\boxed{\boxed{12}}", "12"),
        (r"\boxed 12", "12"),
        (r"\boxed {12}", "12"),
        (r"\fbox{12} \framebox[2cm]{13}", "13"),
        ("so it is \\boxed{12$\n", "12"),
        (r"\boxed{7} and then \boxed{}", "7"),
        (r"\boxed{50\%}", "50"),
        ("The answer is 50%.", "0.5"),
        ("The answer is 0.5.", "50%"),
        ("The answer is 3 million.", "3000000"),
        (r"\boxed{3 \text{ million}}", "3"),
        ("The answer is 3\u4e07", "30000"),
        ("The answer is 1'234", "1234"),
        ("The answer is 1,00,000 rupees", "100000"),
        ("The answer is 3 1/2 cups", "3.5"),
        (r"\boxed{3\frac{1}{2}}", "3.5"),
        ("The answer is \u00bd", "0.5"),
        ("The answer is 1.5e3", "1500"),
        (r"The answer is $1.5\times 10^{3}$.", "1500"),
        ("It is 1.5 \u00d7 10^3", "1500"),
        (r"\boxed{10^6}", "1000000"),
        (r"\boxed{2^{10}}", "1024"),
        (r"\boxed{\sqrt{3^2+4^2}}", "5"),
        (r"\boxed{5!}", "120"),
        ("The answer is 12!", "12"),
        ("The answer is 3 + 4 = 7.", "7"),
        (r"The answer is $3 \cdot 4 = 12$.", "12"),
        ("The answer is therefore x = 12.", "12"),
        ("The answer to part (b) is 12.", "12"),
        ("The answer should be 12", "12"),
        ("**Answer**: 12", "12"),
        ("### Final Answer\n\n12 apples", "12"),
        ("Answer: there are 12 apples.", "12"),
        ("The answer is clear: 3 of 15, so 12.", "12"),
        ("#### 72", "72"),
        ("#### 72\n\n#### Step 2 is done", "72"),
        ("<answer>72</answer> as 5 are left", "72"),
        ("<think>1</think><answer>72</answer>, 5 left", "72"),
        (r"The answer is 5. Wait. \boxed{6}", "6"),
        (r"\boxed{5}? No: the answer is 6.", "6"),
        (r"\boxed{5}. The answer is clear.", "5"),
        ("The answer is 5. I checked that the answer is right 3 times.", "5"),
        ("\u7b54\u6848\u662f12\u3002", "12"),
        ("\u7b54\u6848\u4e3a\uff1a\uff11\uff12\u4e2a", "12"),
        ("\u7b54\u6848\uff1a\uff0d3", "-3"),
        ("\u7b54\uff1a\u5c0f\u660e\u670912\u4e2a\u82f9\u679c\u3002", "12"),
        ("The answer is \u200b1\u200b2\u202c.", "12"),
        ("The answer is \u0661\u0662", "12"),
    ],
)
def test_finds_the_answer(response: str, gold: str) -> None:
    assert is_right(final_answer(response), gold)


@pytest.mark.parametrize(
    "response",
    [
        "",
        "no idea",
        "<think> 72",
        "<think>The answer is 72.",
        "The answer is twelve.",
        "We get 7. The answer is unknown.",
        "5. The answer cannot be determined.",
    ],
)
def test_no_number_is_no_answer(response: str) -> None:
    assert final_answer(response) is None
    assert score(response, "72")["answered"] == 0


WRONG = [
    (r"\boxed{2\sqrt{3}}", "2"),
    (r"The answer is $2\sqrt{3}$.", "2"),
    (r"The answer is $2\pi$.", "2"),
    ("The answer is 2x.", "2"),
    (r"\boxed{5i}", "5"),
    (r"\boxed{12 + 13}", "25"),
    (r"\boxed{23 \times 47}", "1081"),
    ("The answer is 5-3", "5"),
    ("The answer is 72 or 73.", "72"),
    ("The answer is $72 and $73.", "72"),
    (r"The answer is $72$ or $73$.", "72"),
    (r"\boxed{72, 73}", "72"),
    (r"\boxed{x=72, y=73}", "73"),
    (r"\boxed{(1,2)}", "12"),
    (r"\boxed{x > 72}", "72"),
    (r"\boxed{x \neq 72}", "72"),
    (r"\boxed{72 \text{ or } 73}", "72"),
    ("The answer is 72 to 73", "72"),
    ("The answer is 3:30", "3"),
    ("The answer is 0.5%", "50%"),
    ("The answer is 3 million.", "3 thousand"),
    (r"\boxed{0x1F}", "31"),
    (r"\boxed{1_0}", "10"),
    (r"\boxed{1,2}", "12"),
    (r"\boxed{1/0}", "1"),
    (r"\boxed{--5}", "5"),
    (r"\boxed{9^{9^{9^9}}}", "9"),
    (r"\boxed{\text{none}} as 5", "5"),
    ("10\u00b2", "102"),
]


@pytest.mark.parametrize(
    ("response", "gold"),
    [("The answer is 73.", "72"), ("1/0", "1"), ("72 or 73", "72"), ("<think>72</think>", "72"), *WRONG],
)
def test_a_wrong_answer_is_wrong(response: str, gold: str) -> None:
    assert not is_right(final_answer(response), gold)


@given(st.text(max_size=2000))
def test_every_metric_of_any_text_is_a_plain_float(text: str) -> None:
    scores = score(text, "5")
    assert tuple(scores) == METRICS
    assert all(isinstance(value, float) and 0 <= value < float("inf") for value in scores.values())


@given(st.integers(-(10**9), 10**9))
def test_reads_back_any_integer(value: int) -> None:
    assert number_value(f"{value:,}") == value == number_value(str(value))


def test_a_looping_megabyte_is_scored_in_time() -> None:
    for unit in ("1,", "\\boxed{", "answer is ", "9", "<think>1</think>", "-"):
        score(unit * (1_000_000 // len(unit)), "5")


def test_gold_solutions_of_gsm8k_are_right(real_data: Path) -> None:
    for item in read_gsm8k("test", real_data / "benchmarks/gsm8k_test.jsonl"):
        assert is_right(
            final_answer(f"<think>\n{item.steps[0].text}\n</think>\n\nThe answer is {item.answer}."),
            item.answer,
        )


@pytest.mark.parametrize(
    ("response", "answer_type", "stated"),
    [
        (r"so \boxed{\frac{1}{2}}. Done 7", "latex", r"\frac{1}{2}"),
        ("<think>The answer is 3.</think>The answer is $x^2.$ Good.", "latex", "x^2"),
        ("**Answer:** \\(\\pi\\)", "latex", r"\pi"),
        (
            "The answer is\n\\[\\begin{pmatrix} 1 \\\\ 2 \\end{pmatrix}.\\]\nIt is a vector.",
            "latex",
            r"\begin{pmatrix} 1 \\ 2 \end{pmatrix}",
        ),
        ("The answer is $\\$32,\\!348$.", "latex", r"\$32,\!348"),
        ("The answer is **Dr. Smith**. He is at home.", "text", "Dr. Smith"),
        ("Answer: 'a knight'\nYes.", "text", "a knight"),
        ("The answer is (3 + 4) * 5.5.", "expression", "(3 + 4) * 5.5"),
        ("<think>x</think><answer>88.0 - 56.0i</answer>", "gym", "88.0 - 56.0i"),
        ("The answer is 1 2\n3 4.\n\nThat is the grid.", "gym", "1 2\n3 4"),
        ("There are 7.", "latex", "7"),
        ("So $x = 3$ and the area is $\\frac{9}{2}$.", "latex", "\\frac{9}{2}"),
        ("So $x = 3$ and then", "latex", None),
        ("So $x = 3$. \\boxed{}. \\boxed{}.", "latex", None),
        (r"so \boxed{5}. Wait! The answer is $7$.", "latex", "7"),
        (r"so \boxed{5}. Then the answer is right.", "latex", "5"),
        (r"so \boxed{\left\{ x : x > 2 \right\}}", "latex", r"\left\{ x : x > 2 \right\}"),
        (r"so \boxed{x \in \left\{1, 2\right.}, \boxed{y", "latex", r"x \in \left\{1, 2\right."),
        ("\u7b54\u6848\u662f$x^2$\u3002", "latex", "x^2"),
        ("<think>The answer is 7.", "latex", None),
        (r"<think>\boxed{7}", "text", None),
        (r"\boxed{}", "latex", None),
        ("The answer is", "text", None),
    ],
)
def test_finds_an_answer_of_any_type(response: str, answer_type: str, stated: str | None) -> None:
    assert final_answer(response, answer_type) == stated


@pytest.mark.parametrize(
    ("answer_type", "gold", "right", "wrong"),
    [
        ("text", "Knight", ("the knight", "KNIGHT.", "Knight!"), ("knave", "knights", "")),
        ("text", "A", ("(A)", "a"), ("B", "an apple")),
        ("text", "x < y", ("x < y.",), ("x > y", "x y")),
        (
            "expression",
            "3 * (4 + 5)",
            ("(5 + 4) * 3", "(4+5)\u00d73", "(4 + 5) * 3 = 27", r"$3 \times (4 + 5)$"),
            ("27", "3 * 9", "(4 + 5) * 3 = 28"),
        ),
        ("expression", "2 + 2", ("2+2",), ("2 ** 2", "2 + 2 + 0", "__import__('os')", "2 + 1e0")),
        (
            "latex",
            r"\frac{1}{2}",
            (r"\dfrac12", "0.5", "1/2", r"$\frac{2}{4}$"),
            (r"\frac{1}{12}", "0.33", "12", r"\frac{11}{2}"),
        ),
        ("latex", r"\frac{11}{2}", ("11/2", "5.5"), (r"\frac{1}{12}",)),
        (
            "latex",
            r"\left( 3, \frac{\pi}{2} \right)",
            (r"(3,\frac{\pi}{2})", r"(3, \pi/2)"),
            (r"(\frac{\pi}{2}, 3)", r"(3, \pi)"),
        ),
        (
            "latex",
            r"\begin{pmatrix} 1/5 \\ -18/5 \end{pmatrix}",
            (r"\begin{pmatrix} \frac{1}{5} \\ -\frac{18}{5} \end{pmatrix}",),
            ("1/5",),
        ),
        ("latex", "1,-2", ("-2, 1", "1, -2"), ("12", "1", "1,2")),
        ("latex", "10,\\!080", ("10080", "10,080"), ("10", "1080")),
        ("latex", r"15\mbox{ cm}^2", ("15", r"15 \text{ cm}^2"), ("225",)),
        ("latex", r"\text{Evelyn}", ("Evelyn", r"\text{evelyn}"), ("Angela", "E")),
        ("latex", r"\text{(E)}", ("(E)", "E", r"\textbf{(E)}"), ("(A)",)),
        ("latex", "p - q", ("-q+p",), ("q - p",)),
        ("latex", "90^\\circ", ("90", "90^{\\circ}"), ("9",)),
        ("latex", r"\{1, 2\}", (r"\{2, 1\}", r"\left\{1,2\right\}"), (r"\{1, 3\}", r"\{1\}", "1")),
        ("latex", "[1,2)", (r"\left[1, 2\right)", r"x \in [1,2)"), ("[1,2]", "(1,2)", "(1,2]", "[1,3)")),
        (
            "latex",
            r"(-\infty, 1) \cup (2, \infty)",
            (r"(2,\infty)\cup(-\infty,1)",),
            (r"(-\infty, 1] \cup (2, \infty)", r"(-\infty, 1)"),
        ),
        ("latex", "(1,2)", (r"\left( 1, 2 \right)",), ("(2,1)", "(1,2,3)", "12")),
        (
            "latex",
            r"1 \pm \sqrt{2}",
            (r"1 + \sqrt2, 1 - \sqrt2", r"1-\sqrt{2}, 1+\sqrt{2}"),
            (r"1 + \sqrt2",),
        ),
        (
            "latex",
            "5",
            (
                "x = 5",
                "5.0",
                r"5 \text{ meters}",
                "5 apples",
                r"5^{\text{th}}",
                r"5^{\mathrm{th}} \text{ grade}",
            ),
            ("x = 6", "5x", "15", "0.05"),
        ),
        ("latex", r"50\%", ("50", "0.5", r"\frac{1}{2}", "50%"), ("5", "500")),
        ("latex", r"3\frac{1}{2}", ("3.5", r"\frac{7}{2}", "7/2"), (r"\frac{3}{2}", "3")),
        ("latex", "6 + 9i", ("9i + 6",), ("6 - 9i", "15")),
        ("latex", r"\emptyset", (r"\varnothing",), ("0", r"\{0\}")),
        ("latex", r"2^{2^{3}}", ("256",), ("64", "2^{3^2}")),
        ("latex", "2023!", ("2023!",), ("2022!", "10^{99}!", "(2023!)!")),
        (
            "option",
            "B",
            ("B", "(B)", "b", r"\text{B}", r"\textbf{(B)}\ 12", "B) 12 m", "option B"),
            ("A", "C", "A or B", "(A), (B)", "Beta", "", "B = 2"),
        ),
        (
            "option",
            "A",
            ("A", "(a)", "A) one", "A because of it"),
            ("a large number", "A large number", "an A", "B"),
        ),
    ],
)
def test_an_answer_is_judged_as_its_type_says(
    answer_type: str, gold: str, right: tuple[str, ...], wrong: tuple[str, ...]
) -> None:
    assert [stated for stated in (gold, *right) if not is_right(stated, gold, answer_type)] == []
    assert [stated for stated in wrong if is_right(stated, gold, answer_type)] == []
    assert not is_right(None, gold, answer_type)


@pytest.mark.parametrize(
    ("response", "letter"),
    [
        (r"\boxed{B}", "B"),
        (r"The correct answer is $\boxed{\textbf{(D)}\ 12}$.", "D"),
        ("The answer is (B).", "B"),
        ("The answer is **B**", "B"),
        ("Answer: B", "B"),
        ("**Answer: (C) a fish**", "C"),
        ("The answer is $\\textbf{(D)}$", "D"),
        ("Let me see.\n\nB", "B"),
        ("Let me see.\n\n**(B)**\n", "B"),
        ("Option A is wrong. Option B is correct.", "B"),
        ("So it must be option B.", "B"),
        ("Clearly **B** fits.", "B"),
        ("I choose (C).", "C"),
        ("The correct option is C.", "C"),
        ("<answer>C</answer>", "C"),
        ("The answer is B. Wait, the answer is C.", "C"),
        ("The answer is B. A large dog is no fish.", "B"),
        ("\u6240\u4ee5\u9009B\u3002", "B"),
        ("\u4e0d\u9009A\uff0c\u9009B", "B"),
        ("\u7b54\u6848\uff1a\uff22", "B"),
        ("The answer is 12 m.", "B"),
        (r"\boxed{12\text{ m}}", "B"),
        ("It is 12 m", "B"),
        ("The answer is the blue whale.", "E"),
        ("The answer is A large number", None),
        ("The answer is a large number.", None),
        ("The answer is I think 12", None),
        ("A dog is a mammal.", None),
        ("A is the best letter.", None),
        ("A) 7 m\nB) 12 m\nC) 13", None),
        ("The answer is A or B.", None),
        ("The answer is not 12 m.", None),
        ("The answer is 7 m and 13", None),
        ("<think>B", None),
        ("", None),
    ],
)
def test_finds_the_option(response: str, letter: str | None) -> None:
    options = {"options": ["7 m", "12 m", "13", "12 m/s", "Blue whale"]}
    stated = final_answer(response, "option")
    assert [one for one in "ABCDEFGHIJ" if is_right(stated, one, "option", options)] == (
        [letter] if letter else []
    )


@pytest.mark.parametrize(
    ("text", "value"),
    [("1,234.5", 1234.5), ("-$3", -3), ("1/4", 0.25), ("1,2", None), ("5-3", None), ("", None), ("x", None)],
)
def test_a_plain_number_is_a_number_and_nothing_else(text: str, value: float | None) -> None:
    assert plain_number(text) == value


@pytest.mark.parametrize("in_thread", [False, True])
def test_formulas_that_would_never_end_are_wrong_in_time(in_thread: bool) -> None:
    verdicts: list[bool] = []

    def judge() -> None:
        for evil in ("9^{9^{9^9}}", "{" * 10_000 + "}" * 10_000, "\\sqrt{" * 19 + "2" + "}" * 19):
            # Another gold for either case, for what was judged once is remembered.
            verdicts.append(is_right(evil, rf"\frac{{\pi}}{{{5 + in_thread}}}", "latex"))
        verdicts.append(
            is_right(
                rf"\frac{{2\pi}}{{{14 + in_thread}}}", rf"\frac{{4\pi}}{{{28 + 2 * in_thread}}}", "latex"
            )
        )

    began = time.monotonic()
    thread = threading.Thread(target=judge)
    (thread.start if in_thread else judge)()
    if in_thread:
        thread.join()
    assert verdicts == [False, False, False, True]
    assert time.monotonic() - began < 60


@given(st.text(max_size=300), st.sampled_from(["number", "text", "expression", "option"]))
def test_any_text_can_be_judged(text: str, answer_type: str) -> None:
    assert not is_right(final_answer(text, answer_type), "nothing like it \U0001f600 8", answer_type)


def test_looping_megabytes_are_judged_in_time() -> None:
    for unit in ("\\boxed{", "answer is ", "<answer>", "$", "\\[", "answer: $x. ", "\\begin{a}"):
        final_answer(unit * (1_000_000 // len(unit)), "latex")


def test_each_answer_of_math_is_right_against_itself_alone(real_data: Path) -> None:
    with (real_data / "benchmarks/math500.jsonl").open(encoding="utf-8") as lines:
        golds = [json.loads(line)["answer"] for line in lines]
    for form in (
        "So $\\boxed{%s}$.",
        "The answer is %s.",
        "The answer is $%s$.",
        "**Answer:** \\(%s\\)\n\nDone.",
    ):
        assert [
            gold for gold in golds if not is_right(final_answer(form % gold, "latex"), gold, "latex")
        ] == []
    draws = random.Random(0)
    pairs = [draws.sample(sorted(set(golds)), 2) for _ in range(200)]
    assert [pair for pair in pairs if is_right(*pair, "latex")] == []


def test_grades_agree_with_those_that_came_with_real_responses(real_data: Path) -> None:
    from benchmarks.regrading import VERDICTS, grades

    graded = list(grades(real_data / "traces"))
    differ = {(one.model, one.task, one.row) for one in graded if one.ours != one.recorded}
    assert len(graded) == 1350
    assert differ == set(VERDICTS)
    assert len(differ) <= 0.02 * len(graded)
