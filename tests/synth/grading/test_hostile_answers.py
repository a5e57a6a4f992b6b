import itertools
import time

import pytest

from synth.grading import same_formula as same_formula_module
from synth.grading.answers import final_answer, is_right
from synth.grading.same_formula import is_computable, same_formula
from synth.problems.gym import gym_score
from tests.hostile import hostile_responses

ITEM = {"dataset": "chain_sum", "entry": {"question": "1 + 2", "answer": "3", "metadata": {}}}
GOLDS = {
    "number": ("90071992547", None),
    "option": ("D", {"options": ["one apple", "two apples", "ten apples", "no apples at all"]}),
    "text": ("Knight of the Round Table", None),
    "expression": ("31 * (41 + 59)", None),
    "latex": (r"\frac{\pi}{31}", None),
    "gym": ("3", ITEM),
}


def test_some_hundreds_of_hostile_responses_are_scored_in_time() -> None:
    gym_score("5", ITEM)  # which loads reasoning-gym
    same_formula("x", "y")  # which starts the process that compares
    began, slowest = time.monotonic(), 0.0
    for response in hostile_responses(450, seed=7):
        for answer_type, (gold, meta) in GOLDS.items():
            start = time.monotonic()
            stated = final_answer(response, answer_type)
            assert stated is None or stated
            assert is_right(stated, gold, answer_type, meta) in (True, False)
            slowest = max(slowest, time.monotonic() - start)
    assert slowest < 15  # 6 and a start of the process, on a machine that others use
    assert time.monotonic() - began < 60


def test_the_responses_are_many_different_ones_of_moderate_size() -> None:
    responses = list(itertools.islice(hostile_responses(10_000), 1_500))
    assert len(set(responses)) == 1_500
    assert responses[:300] == list(hostile_responses(300))
    assert sum(len(response) > 1_000_000 for response in responses) == 4
    assert sum(map(len, responses)) < 30_000_000


@pytest.mark.parametrize(
    "unit",
    [
        "(",
        "\\boxed{",
        "\\frac{1}{",
        "9^",
        "1,11",
        "answer to ",
        "A\n",
        "\ud800",
        "\x00",
        "option A ",
        "<answer>",
        "$",
        "1 1/2 ",
        "\\[",
    ],
)
def test_ten_megabytes_are_scored_in_time(unit: str) -> None:
    response = unit * (10_000_000 // len(unit))
    for answer_type in ("number", "latex"):
        start = time.process_time()
        is_right(final_answer(response, answer_type), GOLDS[answer_type][0], answer_type)
        assert time.process_time() - start < 15


@pytest.mark.parametrize(
    "tower",
    [
        "9^{9^{9^9}}",
        "9^9^9",
        "9^{9^9}",
        "10^{10^{10}}",
        "9**9**9",
        r"\pi^\pi^{8}",
        "((9^{999})^{999})^{99}",
        "{{9}^{9999}}^{9999}",
        "2^{99999}",
        "10^{99}!",
        "9999999!",
        "((9!)!)!",
        "9!!!!",
        r"\binom{999999}{5555}",
        r"\lim_{x \to 999999} x^x",
        r"\sum_{k=1}^{10^{99}} k",
        "1e999999",
        "9" * 101,
        "\\sqrt{" * 7 + "2" + "}" * 7,
        "(" * 11 + "2" + ")" * 11,
        "x\x00",
        "\ud800",
        "1" + "+1" * 200,
    ],
)
def test_what_is_too_large_is_refused_before_sympy_sees_it(
    tower: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def compare(_: object, *formulas: str) -> bool:
        assert all(map(is_computable, formulas)), f"sympy was shown {formulas}"
        return False

    monkeypatch.setattr("synth.grading.same_formula._Judge.compare", compare)
    assert not is_computable(tower)
    start = time.process_time()
    assert not any(is_right(tower, gold, "latex") for gold in (r"\frac{\pi}{31}", "7"))
    assert time.process_time() - start < 0.5


def test_the_answers_of_math_are_none_of_that() -> None:
    for formula in (
        "x^{n^2}",
        "2^{2^{3}}",
        "e^{x^2}",
        "2^{2023}",
        "2023!",
        r"\left(\frac{1}{2}\right)^{2023}",
        r"\binom{100}{50}",
        "11111111100",
        r"\sqrt[3]{2}",
    ):
        assert is_computable(formula)


def test_an_answer_cannot_be_written_into_the_verdict() -> None:
    for evil in ('"]\n["1", "1"]\n', "true\n", "true", '1", "1', "\n[1, 1]\ntrue\n", "\\text{true\n}"):
        assert not is_right(evil, r"\frac{\pi}{31}", "latex")
    assert same_formula(r"\frac{2\pi}{62}", r"\frac{\pi}{31}")
    assert not same_formula("1", r"\frac{\pi}{31}")


@pytest.mark.parametrize(
    ("one", "other"),
    [("[24, 8)", "[23,8)"), ("(5, 5]", "[-3, -9)"), ("[8, 24)", "[8, 23)"), ("[24, 8)", "[8, 24)")],
)
def test_intervals_that_are_empty_are_told_as_math_verify_tells_them(one: str, other: str) -> None:
    told = same_formula(one, other)
    with same_formula_module._lock:
        assert told is same_formula_module._judge.compare(one, other)
