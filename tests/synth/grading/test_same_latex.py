"""Answers in LaTeX that are the same, and that are not, kind by kind."""

import time

import pytest

from synth.grading.answers import final_answer, is_right

COLUMN = r"\begin{pmatrix} 4 \\ -1 \\ 9 \end{pmatrix}"
SQUARE = r"\begin{pmatrix} 3 & 1 \\ 0 & -2 \end{pmatrix}"


def right(response: str, gold: str) -> bool:
    return is_right(final_answer(response, "latex"), gold, "latex")


def boxed(stated: str) -> str:
    return f"So it is $\\boxed{{{stated}}}$."


MATRICES = [
    (COLUMN, "\\begin{pmatrix}\n4\\\\\n-1\\\\\n9\n\\end{pmatrix}", True),
    (COLUMN, r"\begin{bmatrix}4\\-1\\9\end{bmatrix}", True),
    (COLUMN, r"\begin{bmatrix} 4 \\ -1 \\ 9 \\ \end{bmatrix}", True),
    (COLUMN, r"\left[\begin{array}{r} 4 \\ -1 \\ 9 \end{array}\right]", True),
    (COLUMN, r"\left[ \begin{matrix} 4 \\ -1 \\ 9 \end{matrix} \right]", True),
    (COLUMN, r"\left(\begin{smallmatrix} 4 \\ -1 \\ 9 \end{smallmatrix}\right)", True),
    (COLUMN, r"\begin{pmatrix} 4 \\[6pt] -1 \\[6pt] 9 \end{pmatrix}", True),
    (COLUMN, r"\begin{pmatrix} 4 \cr -1 \cr 9 \end{pmatrix}", True),
    (COLUMN, r"\begin{pmatrix} \frac{8}{2} \\ -1.0 \\ \sqrt{81} \end{pmatrix}", True),
    (COLUMN, r"\vec{v} = \begin{pmatrix} 4 \\ -1 \\ 9 \end{pmatrix}", True),
    (
        COLUMN,
        r"\operatorname{proj}_{\mathbf{w}} \mathbf{v} = \begin{pmatrix} 4 \\ -1 \\ 9 \end{pmatrix}",
        True,
    ),
    (COLUMN, r"\begin{pmatrix} 4 & -1 & 9 \end{pmatrix}^T", True),
    (COLUMN, r"(4, -1, 9)^{\mathsf{T}}", True),
    (COLUMN, r"(4, -1, 9)", True),
    (COLUMN, r"\langle 4, -1, 9 \rangle", True),
    (COLUMN, r"[[4],[-1],[9]]", True),
    (COLUMN, r"4\mathbf{i} - \mathbf{j} + 9\mathbf{k}", True),
    (COLUMN, r"-\begin{pmatrix} -4 \\ 1 \\ -9 \end{pmatrix}", True),
    (COLUMN, r"\begin{pmatrix} 4 & -1 & 9 \end{pmatrix}", False),
    (COLUMN, r"\begin{pmatrix} 4 \\ 1 \\ 9 \end{pmatrix}", False),
    (COLUMN, r"\begin{pmatrix} 4 \\ 9 \\ -1 \end{pmatrix}", False),
    (COLUMN, r"\begin{pmatrix} 4 \\ -1 \end{pmatrix}", False),
    (COLUMN, r"(4, 9, -1)", False),
    (COLUMN, "4, -1, 9, 0", False),
    (COLUMN, "12", False),
    (SQUARE, r"\begin{bmatrix}3&1\\0&-2\end{bmatrix}", True),
    (SQUARE, r"A = \left[\begin{array}{cc} 3 & 1 \\ 0 & -2 \end{array}\right]", True),
    (SQUARE, r"\mathbf{M}=\begin{bmatrix} 3 & 1 \\[4pt] 0 & -2 \end{bmatrix}", True),
    (SQUARE, r"A^{-1} = \begin{pmatrix} 3 & 1 \\ 0 & -2 \end{pmatrix}", True),
    (SQUARE, r"\frac{1}{2}\begin{pmatrix} 6 & 2 \\ 0 & -4 \end{pmatrix}", True),
    (SQUARE, r"\frac12 \cdot \begin{bmatrix} 6 & 2 \\ 0 & -4 \end{bmatrix}", True),
    (SQUARE, r"\begin{pmatrix} 6 & 2 \\ 0 & -4 \end{pmatrix} \cdot \frac{1}{2}", True),
    (SQUARE, r"\begin{pmatrix} 6 & 2 \\ 0 & -4 \end{pmatrix} / 2", True),
    (SQUARE, "[[3, 1], [0, -2]]", True),
    (SQUARE, r"\begin{pmatrix} 3 & 0 \\ 1 & -2 \end{pmatrix}^T", True),
    (SQUARE, r"\begin{pmatrix} 3 & 0 \\ 1 & -2 \end{pmatrix}", False),
    (SQUARE, r"\begin{pmatrix} 3 & 1 & 0 & -2 \end{pmatrix}", False),
    (SQUARE, r"\begin{pmatrix} 3 \\ 1 \\ 0 \\ -2 \end{pmatrix}", False),
    (SQUARE, r"\begin{pmatrix} -3 & 1 \\ 0 & -2 \end{pmatrix}", False),
    (SQUARE, r"2\begin{pmatrix} 3 & 1 \\ 0 & -2 \end{pmatrix}", False),
    (SQUARE, r"\begin{vmatrix} 3 & 1 \\ 0 & -2 \end{vmatrix}", False),
    (SQUARE, "(3, 1, 0, -2)", False),
    (SQUARE, "[[3, 0], [1, -2]]", False),
    (
        r"\begin{pmatrix} 1/3 & 0 \\ -1/6 & 0.5 \end{pmatrix}",
        r"\frac16 \begin{pmatrix} 2 & 0 \\ -1 & 3 \end{pmatrix}",
        True,
    ),
    (
        r"\begin{pmatrix} 1/3 & 0 \\ -1/6 & 0.5 \end{pmatrix}",
        r"\begin{bmatrix} \dfrac{1}{3} & 0 \\ -\dfrac{1}{6} & \dfrac{1}{2} \end{bmatrix}",
        True,
    ),
    (
        r"\begin{pmatrix} 1/3 & 0 \\ -1/6 & 0.5 \end{pmatrix}",
        r"\begin{bmatrix} 0.33 & 0 \\ -0.17 & 0.5 \end{bmatrix}",
        False,
    ),
    (r"\begin{pmatrix} a & b \\ c & d \end{pmatrix}", r"\begin{bmatrix} a & b \\ c & d \end{bmatrix}", True),
    (r"\begin{pmatrix} a & b \\ c & d \end{pmatrix}", r"\begin{bmatrix} a & c \\ b & d \end{bmatrix}", False),
    (
        r"\begin{pmatrix} \cos t & -\sin t \\ \sin t & \cos t \end{pmatrix}",
        r"\begin{bmatrix} \cos t & -\sin t \\ \sin t & \cos t \end{bmatrix}",
        True,
    ),
    (
        r"\begin{pmatrix} \cos t & -\sin t \\ \sin t & \cos t \end{pmatrix}",
        r"\begin{bmatrix} \cos t & \sin t \\ -\sin t & \cos t \end{bmatrix}",
        False,
    ),
]

SEVERAL = [
    ("9, -2", "x = 9 \\text{ or } x = -2", True),
    ("9, -2", "x=-2 \\text{ and } x=9", True),
    ("9, -2", "x = 9, x = -2", True),
    ("9, -2", "x_1 = 9, \\quad x_2 = -2", True),
    ("9, -2", "x_{1} = -2; x_{2} = 9", True),
    ("9, -2", "x=9 \\vee x=-2", True),
    ("9, -2", "\\{-2, 9\\}", True),
    ("9, -2", "\\left\\{ 9, -2 \\right\\}", True),
    ("9, -2", "x \\in \\{-2, 9\\}", True),
    ("9, -2", "-2,\\ 9", True),
    ("9, -2", "9 \\text{ and } -2", True),
    ("9, -2", "9; -2", True),
    ("9, -2", "9 \\text{, } -2", True),
    ("9, -2", "\\frac{18}{2}, -2.0", True),
    ("9, -2", "9, -2, 9", True),
    ("x=9 \\text{ or } x=-2", "-2, 9", True),
    ("x = 9, x = -2", "9, -2", True),
    ("\\{9, -2\\}", "9, -2", True),
    ("9 \\text{ and } -2", "-2, 9", True),
    ("9, -2", "9", False),
    ("9, -2", "x = -2", False),
    ("9, -2", "9, 2", False),
    ("9, -2", "9, -2, 0", False),
    ("9, -2", "7", False),
    ("9", "9, -2", False),
    ("9", "9 \\text{ or } -2", False),
    ("\\pm 8", "x = 8 \\text{ or } x = -8", True),
    ("\\pm 8", "8, -8", True),
    ("8, -8", "x = \\pm 8", True),
    ("8, -8", "\u00b18", True),
    ("\\pm 8", "8", False),
    ("\\pm 8", "-8", False),
    ("\\pm 8", "\\pm 4", False),
    ("2 \\pm \\sqrt{5}", "2+\\sqrt{5}, 2-\\sqrt5", True),
    ("2 \\pm \\sqrt{5}", "x = 2 - \\sqrt{5} \\text{ or } x = 2 + \\sqrt{5}", True),
    ("2 \\pm \\sqrt{5}", "2 \\mp \\sqrt{5}", True),
    ("2 \\pm \\sqrt{5}", "2+\\sqrt{5}", False),
    ("\\frac{-3 \\pm \\sqrt{17}}{4}", "\\frac{-3+\\sqrt{17}}{4}, \\frac{-3-\\sqrt{17}}{4}", True),
    ("(1,2), (3,4)", "(3,4), (1,2)", True),
    ("(1,2), (3,4)", "(1,2) \\text{ and } (3,4)", True),
    ("(1,2), (3,4)", "(2,1), (3,4)", False),
    ("(1,2), (3,4)", "(1,2)", False),
    ("x = 1, y = 2", "(1, 2)", True),
    ("x = 1, y = 2", "y = 2, x = 1", True),
    ("x = 1, y = 2", "x = 2, y = 1", False),
    ("(1,2)", "(2,1)", False),
    ("(1,2)", "(1, 2)", True),
    ("3, 7, 13", "3, 7 \\text{ and } 13", True),
    ("3, 7, 13", "3, 7, \\text{ and } 13", True),
    ("3, 7, 13", "13, 3, 7", True),
    ("3, 7, 13", "3, 7", False),
    ("5, i, -i", "5, \\pm i", True),
]


@pytest.mark.parametrize(("gold", "stated", "same"), MATRICES)
def test_matrices_are_told_apart_by_their_entries_and_places(gold: str, stated: str, same: bool) -> None:
    assert right(boxed(stated), gold) is same


@pytest.mark.parametrize(("gold", "stated", "same"), SEVERAL)
def test_all_answers_are_needed_in_any_order(gold: str, stated: str, same: bool) -> None:
    assert right(boxed(stated), gold) is same


@pytest.mark.parametrize(
    ("gold", "response", "same"),
    [
        ("9, -2", r"The roots are $\boxed{9}$ and $\boxed{-2}$.", True),
        ("9, -2", r"The roots are $x = \boxed{-2}$ or $x = \boxed{9}$.", True),
        ("9, -2", r"So $x_1 = \boxed{9}$, $x_2 = \boxed{-2}$.", True),
        ("9, -2", "The roots are:\n- $\\boxed{9}$\n- $\\boxed{-2}$", True),
        ("9, -2", "The roots are:\n1. $x = \\boxed{9}$\n2. $x = \\boxed{-2}$", True),
        ("9, -2", "\\[\\boxed{9}\\]\nand\n\\[\\boxed{-2}\\]", True),
        ("9, -2", "$\\boxed{9}, \\boxed{-2}$", True),
        ("9, -2", "Die L\u00f6sungen sind $\\boxed{9}$ und $\\boxed{-2}$.", True),
        ("3, 7, 13", "They are \\boxed{3}, \\boxed{7}, and \\boxed{13}.", True),
        ("3, 7, 13", "They are \\boxed{3}, \\boxed{7}, and \\boxed{12}.", False),
        ("9, -2", r"The roots are $\boxed{9}$ and $\boxed{2}$.", False),
        ("9, -2", r"The root is $\boxed{9}$.", False),
        ("48", r"First the rows: $\boxed{40}$. Then eight more, which makes $\boxed{48}$.", True),
        ("48", r"$\boxed{40}$ seats stand in rows, and with eight more there are $\boxed{48}$.", True),
        ("40", r"First the rows: $\boxed{40}$. Then eight more, which makes $\boxed{48}$.", False),
        ("48", r"$\boxed{40}$. Wait, that leaves out the balcony. $\boxed{48}$", True),
        ("40", r"$\boxed{40}$. Wait, that leaves out the balcony. $\boxed{48}$", False),
        ("48", "$\\boxed{48}$\n\n**Answer:** $\\boxed{48}$", True),
        ("(2, 5)", r"So $x = \boxed{2}$ and $y = \boxed{5}$.", True),
        ("x = 2, y = 5", r"So $x = \boxed{2}$ and $y = \boxed{5}$.", True),
    ],
)
def test_boxes_of_one_sentence_state_one_answer_together(gold: str, response: str, same: bool) -> None:
    assert right(response, gold) is same


INTERVALS = [
    ("[2,7)", "2 \\le x < 7", True),
    ("[2,7)", "2 \\leqslant x < 7", True),
    ("[2,7)", "7 > x \\geq 2", True),
    ("[2,7)", "x \\in [2, 7)", True),
    ("[2,7)", "2 \u2264 x < 7", True),
    ("[2,7)", "2 <= x < 7", True),
    ("[2,7)", "\\{x : 2 \\le x < 7\\}", True),
    ("[2,7)", "\\{ x \\mid 2 \\le x < 7 \\}", True),
    ("[2,7)", "\\{x \\in \\mathbb{R} \\mid 2 \\leq x < 7\\}", True),
    ("[2,7)", "x \\ge 2 \\text{ and } x < 7", True),
    ("[2,7)", "[2, 7[", True),
    ("[2,7)", "\\left[2, 7\\right)", True),
    ("[2,7)", "[2;7)", True),
    ("[2,7)", "2 \\le y < 7", True),
    ("[2,7)", "[2,7]", False),
    ("[2,7)", "2 < x < 7", False),
    ("[2,7)", "2 \\le x \\le 7", False),
    ("[2,7)", "2 \\le x < 8", False),
    ("[2,7)", "x \\ge 2", False),
    ("(2,7]", "]2, 7]", True),
    ("2 \\le x < 7", "[2, 7)", True),
    ("2 \\le x < 7", "(2, 7)", False),
    ("(-\\infty, 3)", "x < 3", True),
    ("(-\\infty, 3)", "3 > x", True),
    ("(-\\infty, 3)", "x > 3", False),
    ("(-\\infty, 3)", "x \\le 3", False),
    ("x \\ge -4", "[-4, \\infty)", True),
    ("x \\ge -4", "[-4, +\\infty)", True),
    ("x \\ge -4", "(-4, \\infty)", False),
    ("x \\ge -4", "-4 \\le x", True),
    ("x > 4", "4 < x < \\infty", True),
    ("(-\\infty, 2) \\cup (5, \\infty)", "x < 2 \\text{ or } x > 5", True),
    ("(-\\infty, 2) \\cup (5, \\infty)", "x > 5 \\lor x < 2", True),
    ("(-\\infty, 2) \\cup (5, \\infty)", "(5, \\infty) \\cup (-\\infty, 2)", True),
    ("(-\\infty, 2) \\cup (5, \\infty)", "x < 2, x > 5", True),
    ("(-\\infty, 2) \\cup (5, \\infty)", "x \\in (-\\infty, 2) \\cup (5, +\\infty)", True),
    ("(-\\infty, 2) \\cup (5, \\infty)", "2 < x < 5", False),
    ("(-\\infty, 2) \\cup (5, \\infty)", "x \\le 2 \\text{ or } x > 5", False),
    ("(-\\infty, 2) \\cup (5, \\infty)", "(-\\infty, 2)", False),
    ("x < 2 \\text{ or } x > 5", "(-\\infty,2)\\cup(5,\\infty)", True),
    ("(-\\infty, 1) \\cup (1, \\infty)", "x \\ne 1", True),
    ("(-\\infty, 1) \\cup (1, \\infty)", "\\mathbb{R} \\setminus \\{1\\}", True),
    ("(-\\infty, 1) \\cup (1, \\infty)", "\\mathbb{R} - \\{1\\}", True),
    ("(-\\infty, 1) \\cup (1, \\infty)", "x \\in \\mathbb{R}, x \\neq 1", True),
    ("(-\\infty, 1) \\cup (1, \\infty)", "\\text{all real numbers except } 1", True),
    ("(-\\infty, 1) \\cup (1, \\infty)", "\\mathbb{R}", False),
    ("(-\\infty, 1) \\cup (1, \\infty)", "x \\ne -1", False),
    ("x \\ne 1", "(-\\infty, 1) \\cup (1, \\infty)", True),
    ("(-\\infty, \\infty)", "\\mathbb{R}", True),
    ("\\mathbb{R}", "\\text{all real numbers}", True),
    ("\\mathbb{R}", "(-\\infty, \\infty)", True),
    ("\\mathbb{R}", "x \\in \\mathbb{R}", True),
    ("(-2, 2)", "|x| < 2", True),
    ("(-1, 5)", "|x - 2| < 3", True),
    ("(-2, 2)", "|x| \\le 2", False),
    ("(-\\infty,-2] \\cup [2,\\infty)", "|x| \\ge 2", True),
    ("[-\\sqrt{2}, \\sqrt{2}]", "-\\sqrt2 \\le x \\le \\sqrt2", True),
    ("[0, \\frac{\\pi}{2})", "0 \\le \\theta < \\pi/2", True),
    ("[0, \\frac{\\pi}{2})", "0 \\le \\theta \\le \\pi/2", False),
    ("[\\frac12, 3)", "0.5 \\le x < 3", True),
    ("[1, 3) \\cup (3, \\infty)", "x \\ge 1, x \\ne 3", True),
    ("[1, 3) \\cup (3, \\infty)", "x \\ge 1 \\text{ and } x \\neq 3", True),
    ("[1, 3) \\cup (3, \\infty)", "[1, \\infty) \\setminus \\{3\\}", True),
    ("(3, 8)", "(3, 8)", True),
    ("(3, 8)", "(8, 3)", False),
    ("\\emptyset", "\\varnothing", True),
    ("(-\\infty, 0) \\cup \\{5\\}", "x < 0 \\text{ or } x = 5", True),
    ("y > 2x + 1", "2x + 1 < y", True),
    ("y > 2x + 1", "y - 2x > 1", True),
    ("y > 2x + 1", "y < 2x + 1", False),
    ("y > 2x + 1", "y \\ge 2x + 1", False),
]


@pytest.mark.parametrize(("gold", "stated", "same"), INTERVALS)
def test_an_inequality_is_the_interval_that_it_says(gold: str, stated: str, same: bool) -> None:
    assert right(boxed(stated), gold) is same


APPROXIMATIONS = [
    (r"\frac{11}{6}", boxed(r"\frac{11}{6} \approx 1.83"), True),
    (r"\frac{11}{6}", "The answer is $\\frac{11}{6}$, or approximately $1.83$.", True),
    (r"\frac{11}{6}", "The answer is $\\frac{11}{6} \\simeq 1.83$.", True),
    (r"\frac{11}{6}", boxed(r"\frac{11}{6} = 1.8\overline{3}"), True),
    (r"\frac{11}{6}", boxed(r"\frac{11}{6} = 1.8333..."), True),
    (r"\frac{11}{6}", boxed(r"\frac{11}{6} = 1.83"), True),
    (r"\frac{11}{6}", boxed(r"\frac{11}{6} \text{ (about 1.83)}"), True),
    (r"\frac{11}{6}", boxed(r"\frac{22}{12} = \frac{11}{6} \approx 1.83"), True),
    (r"\frac{11}{6}", boxed("1.83"), False),
    (r"\frac{11}{6}", boxed(r"\approx 1.83"), False),
    (r"\frac{11}{6}", boxed(r"\frac{11}{7} \approx 1.57"), False),
    ("1.83", boxed(r"\frac{11}{6} \approx 1.83"), True),
    ("1.83", boxed(r"\frac{5}{6} \approx 1.83"), False),
    ("1.83", boxed(r"\approx 1.83"), True),
    (r"3\sqrt{5}", "The answer is $3\\sqrt{5}$, which is roughly 6.71.", True),
    (r"3\sqrt{5}", "The answer is $3\\sqrt{5} \\approx 6.71$ cm.", True),
    (r"3\sqrt{5}", boxed(r"3\sqrt{5} \sim 6.71"), True),
    (r"3\sqrt{5}", boxed(r"\sqrt{45} = 3\sqrt{5} \approx 6.708"), True),
    (r"3\sqrt{5}", boxed(r"3\sqrt{5} \text{ (approximately } 6.71)"), True),
    (r"3\sqrt{5}", boxed("6.71"), False),
    (r"3\sqrt{5}", boxed("6.708204"), False),
    (r"\frac{5\pi}{3}", boxed(r"\frac{5\pi}{3} \approx 5.24"), True),
    (r"\frac{5\pi}{3}", boxed(r"A = \frac{5\pi}{3} \approx 5.24 \text{ cm}^2"), True),
    (r"\frac{5\pi}{3}", boxed("5.24"), False),
    (r"\pi", boxed("3.14"), False),
    (r"\pi", boxed("3.14159265"), False),
    (r"\frac13", boxed("0.333333"), False),
    ("8", boxed("5 + 3 = 8"), True),
    ("5", boxed("5 + 3 = 8"), False),
    ("3", boxed("5 + 3 = 8"), False),
    ("10", boxed("2x = 10"), False),
]

QUALIFIERS = [
    (r"6\!:\!20 \text{ p.m.}", r"6\!:\!20 \text{ p.m.}", True),
    (r"6\!:\!20 \text{ p.m.}", r"6:20 \text{ PM}", True),
    (r"6\!:\!20 \text{ p.m.}", r"\text{6:20 pm}", True),
    (r"6\!:\!20 \text{ p.m.}", "18:20", True),
    (r"6\!:\!20 \text{ p.m.}", "6:20", True),
    (r"6\!:\!20 \text{ p.m.}", r"6:20 \text{ a.m.}", False),
    (r"6\!:\!20 \text{ p.m.}", r"6:25 \text{ p.m.}", False),
    (r"6\!:\!20 \text{ p.m.}", r"7:20 \text{ p.m.}", False),
    (r"6\!:\!20 \text{ p.m.}", "620", False),
    (r"11 \text{ AM}", r"11 \text{ a.m.}", True),
    (r"11 \text{ AM}", r"11\text{:}00 \text{ a.m.}", True),
    (r"11 \text{ AM}", r"11 \text{ PM}", False),
    (r"12 \text{ noon}", r"12 \text{ p.m.}", True),
    (r"\text{midnight}", r"12 \text{ a.m.}", True),
    ("14:30", "2:30", False),
    ("14:30", r"2:30 \text{ p.m.}", True),
    (r"25 \text{ million}", "25{,}000{,}000", True),
    (r"25 \text{ million}", r"25 \times 10^6", True),
    (r"25 \text{ million}", r"2.5 \times 10^7", True),
    (r"25 \text{ million}", r"25 \text{ thousand}", False),
    (r"25 \text{ million}", r"25 \text{ billion}", False),
    (r"25 \text{ million}", r"250 \text{ million}", False),
    ("25000000", r"25 \text{ million}", True),
    ("25000000", r"25 \text{ million people}", True),
    (r"3 \text{ lakh}", "300000", True),
    (r"3 \text{ lakh}", r"3 \text{ crore}", False),
    (r"42^\circ \text{ N}", r"42^\circ \text{ S}", False),
    (r"42^\circ \text{ N}", r"42^{\circ}\text{N}", True),
    (r"42^\circ \text{ N}", "42\u00b0 N", True),
    (r"42^\circ \text{ N}", r"42^\circ \text{ north}", True),
    (r"10 \text{ km east}", r"10 \text{ km west}", False),
    (r"10 \text{ km east}", r"10 \text{ km east}", True),
    (r"8\%", r"8 \text{ percentage points}", False),
    (r"8\%", r"8 \text{ percent}", True),
    (r"8\%", "8", True),
    (r"8\%", "0.08", True),
    (r"8\%", r"80\%", False),
    (r"8\%", r"0.08\%", False),
    (r"8 \text{ percentage points}", r"8\%", False),
    (r"4 \text{ hours}", r"4 \text{ minutes}", False),
    (r"4 \text{ hours}", r"4 \text{ h}", True),
    (r"4 \text{ hours}", r"240 \text{ minutes}", True),
    (r"4 \text{ hours}", "4", True),
    (r"30 \text{ cm}", "30", True),
    (r"30 \text{ cm}", r"30 \text{ centimetres}", True),
    (r"30 \text{ cm}", r"0.3 \text{ m}", True),
    (r"30 \text{ cm}", r"30 \text{ mm}", False),
    (r"30 \text{ cm}", r"30 \text{ kg}", False),
    (r"30 \text{ cm}", r"30 \text{ cm}^2", False),
    (r"30 \text{ cm}^2", r"30 \text{ square centimeters}", True),
    (r"30 \text{ cm}^2", r"30", True),
    (r"30 \text{ cm}^2", r"30 \text{ cm\textsuperscript{2}}", True),
    (r"72 \text{ km/h}", r"20 \text{ m/s}", True),
    (r"72 \text{ km/h}", r"72 \text{ kilometers per hour}", True),
    (r"72 \text{ km/h}", r"72 \text{ m/s}", False),
    (r"72 \text{ km/h}", r"72 \text{ mph}", False),
    (r"20^\circ \text{C}", r"20^\circ \text{F}", False),
    (r"20^\circ \text{C}", r"20^\circ", True),
    (r"20^\circ \text{C}", r"20 \text{ degrees Celsius}", True),
    (r"\$15", "15", True),
    (r"\$15", r"15 \text{ dollars}", True),
    (r"\$15", "\u20ac15", False),
    (r"\$15", r"15 \text{ cents}", False),
    ("15", r"\$15.00", True),
    ("15", r"15 \text{ people}", True),
    ("15", r"15 \text{ metres per second}", True),
    ("15", r"15 \text{ m/s}", True),
    ("15", "15 plums", True),
    ("15", "-15", False),
    (r"6 \times 10^{-3} \text{ m/s}^2", r"0.006 \text{ m/s\u00b2}".replace("\\u00b2", "\u00b2"), True),
    (r"0.006", "6 \\times 10^{-3} \\text{ m/s\u00b2}", True),
    (r"2\sqrt{3} \text{ cm}", r"2\sqrt{3}", True),
    (r"2\sqrt{3} \text{ cm}", r"2\sqrt{3} \text{ m}", False),
    (r"2\sqrt{3}", r"2\sqrt{3} \text{ units}", True),
    (r"9\pi", r"9\pi \text{ square units}", True),
    ("3:4", "3:4", True),
    ("3:4", "4:3", False),
]

NUMBERS = [
    ("12345", r"12\,345", True),
    ("357", r"12\,345", False),
    ("12345", r"12{,}345", True),
    ("12345", "12\u2009345", True),
    ("12345", "12\u202f345", True),
    ("12345", "12\u00a0345", True),
    ("12345", "12,345", True),
    ("12345", "12_345", True),
    ("12345", r"12\_345", True),
    ("1500", "1.5e3", True),
    ("0.36", r"0.\overline{36}", False),
    ("0", r"0.\overline{36}", False),
    (r"\frac{4}{11}", r"0.\overline{36}", True),
    (r"\frac{4}{11}", "0.(36)", True),
    (r"\frac{4}{11}", r"0.3636\ldots", True),
    (r"\frac{4}{11}", "0.36", False),
    (r"0.\overline{6}", r"\frac{2}{3}", True),
    (r"0.\overline{6}", r"0.\bar{6}", True),
    (r"0.\overline{6}", r"0.\dot{6}", True),
    (r"0.\overline{6}", "0.6", False),
    (r"\frac{5}{6}", r"0.8\overline{3}", True),
    (r"\frac{5}{6}", r"0.\overline{83}", False),
    (r"2\frac{1}{3}", r"2.\overline{3}", True),
    (r"1101_2", r"1101_{2}", True),
    (r"1101_2", r"1101_{\text{two}}", True),
    (r"1101_2", r"1101 \text{ (base 2)}", True),
    (r"1101_2", r"(1101)_2", True),
    (r"1101_2", "1101", True),
    (r"1101_2", "1101_3", False),
    (r"1101_2", "1011_2", False),
    (r"1101_2", "13", False),
    ("1101", "1101_2", False),
    ("13", "13_{10}", True),
    (r"1F_{16}", r"1\text{F}_{16}", True),
    (r"10\%", "0.1", True),
    (r"0.1", r"10\%", True),
    (r"7.5", "7{,}5", True),
    (r"7.5", "7,5", True),
    (r"75", "7{,}5", False),
    ("1.234", "1,234", False),
    ("1234.5", "1.234,5", True),
    ("-3", "\u22123", True),
    ("12", "\uff11\uff12", True),
]

EQUATIONS = [
    ("y = 2x + 1", "2x - y + 1 = 0", True),
    ("y = 2x + 1", "y = 1 + 2x", True),
    ("y = 2x + 1", "2x + 1", True),
    ("y = 2x + 1", "f(x) = 2x + 1", True),
    ("y = 2x + 1", "-4x + 2y = 2", True),
    ("y = 2x + 1", "y = 2x - 1", False),
    ("y = 2x + 1", "x = 2y + 1", False),
    ("y = 2x + 1", "2x - y - 1 = 0", False),
    ("x^2 + y^2 = 9", "2x^2 + 2y^2 = 18", True),
    ("x^2 + y^2 = 9", "x^2 + y^2 - 9 = 0", True),
    ("x^2 + y^2 = 9", "x^2 + y^2 = 3", False),
    ("xy = 6", r"y = \frac{6}{x}", True),
    ("x = 4", "y = 4", False),
    ("x = 4", "4", True),
    ("4", "x = 4", True),
    ("x^2 - 1", "f(x) = x^2 - 1", True),
    ("x^2 - 1", "(x-1)(x+1)", True),
    ("x^2 - 1", "(x-1)^2", False),
    (r"\frac{1}{\omega^2-4}", "\\frac{1}{\u03c9\u00b2-4} \\text{ for } \u03c9\u00b2 \\neq 4", True),
    (r"\frac{1}{\omega^2-4}", r"\frac{1}{\omega^2-4}, \quad \omega \ne 2", True),
    (r"\frac{1}{\omega^2-4}", r"\frac{1}{\omega^2+4} \text{ for } \omega \neq 2", False),
    (r"\frac{x+1}{x}", r"1 + \frac{1}{x} \quad (x \neq 0)", True),
    (r"\frac{x+1}{x}", r"1 + \frac1x, x > 0", True),
    (r"n(n+1)", r"n^2 + n \text{ if } n \ge 1", True),
    (r"2\sin x \cos x", r"\sin 2x", True),
    (r"\sqrt{12}", r"2\sqrt{3}", True),
    (r"\ln 8", r"3 \ln 2", True),
    (r"e^{2x}", r"(e^x)^2", True),
    (r"\frac{1}{\sqrt{2}}", r"\frac{\sqrt{2}}{2}", True),
    (r"x + y", "x - y", False),
]


@pytest.mark.parametrize(("gold", "response", "same"), APPROXIMATIONS)
def test_an_exact_value_beside_its_approximation_is_the_exact_value(
    gold: str, response: str, same: bool
) -> None:
    assert right(response, gold) is same


@pytest.mark.parametrize(("gold", "stated", "same"), QUALIFIERS)
def test_what_changes_a_number_counts_and_a_unit_may_be_left_out(gold: str, stated: str, same: bool) -> None:
    assert right(boxed(stated), gold) is same


@pytest.mark.parametrize(("gold", "stated", "same"), NUMBERS)
def test_numbers_are_read_as_people_write_them(gold: str, stated: str, same: bool) -> None:
    assert right(boxed(stated), gold) is same


@pytest.mark.parametrize(("gold", "stated", "same"), EQUATIONS)
def test_equal_equations_may_be_written_otherwise(gold: str, stated: str, same: bool) -> None:
    assert right(boxed(stated), gold) is same


SURPRISES = [
    # (gold, stated, same): where math-verify alone says otherwise, or where letters might hide a difference
    ("10", "2x = 10", False),
    ("1500", "1.5e3", True),
    ("2", r"\log 100", True),
    ("2", r"\ln 100", False),
    (r"\ln x", r"\log x", True),
    ("x", "|x|", False),
    ("x", r"\sqrt{x^2}", False),
    (r"\sqrt{x^3}", r"x\sqrt{x}", True),
    ("0.5", r"\sin 30^\circ", True),
    (r"\sin 15^\circ", r"\frac{\sqrt{6}-\sqrt{2}}{4}", True),
    ("4", "-2^2", False),
    (r"1 + i\sqrt{3}", r"2e^{i\pi/3}", True),
    ("a + b", r"\frac{a^2-b^2}{a-b}", True),
    ("m^2", "n^2", False),
    ("100, 200", "100,200", True),
    ("1200", "1, 200", False),
    ("12", "AB = 12", True),
    ("40^\\circ", r"\angle ABC = 40^\circ", True),
    ("15.75", "15 3/4", True),
    ("(1,2,3)", "[1,2,3]", False),
    (r"\text{odd}", r"\text{even}", False),
    ("12", r"\text{twelve}", False),
]


@pytest.mark.parametrize(("gold", "stated", "same"), SURPRISES)
def test_no_surprise_of_a_library_decides(gold: str, stated: str, same: bool) -> None:
    assert right(boxed(stated), gold) is same


def test_long_lists_of_what_cannot_be_read_are_judged_in_time() -> None:
    unread = ", ".join(rf"\int_0^{{{i}}} x dx" for i in range(1, 20))
    began = time.monotonic()
    assert not is_right(unread, ", ".join(rf"\int_1^{{{i}}} x dx" for i in range(2, 21)), "latex")
    for text in (
        "(" * 390 + "x<1" + ")" * 390,
        r"\{" * 300,
        r"\pm" * 200,
        "x" * 780,
        r"\text{a and " * 60,
        "1," * 390,
    ):
        assert not is_right(text, "[2, 7)", "latex")
    assert time.monotonic() - began < 60


@pytest.mark.parametrize(
    ("gold", "response", "same"),
    [
        (r"\frac58", r"La r\u00e9ponse est $\frac{5}{8}$.".replace("\\u00e9", "\u00e9"), True),
        (r"\frac58", "\u7b54\u6848\u662f $\\frac{5}{8}$\u3002", True),
        (r"\frac58", "**Answer:**\n\n$$\\frac{5}{8}$$", True),
        (r"\frac58", "Final answer: $\\frac{5}{8}$ (about 0.63)", True),
        (r"3\sqrt2", "The answer is 3\u221a2 \u2248 4.24.", True),
        (r"3\sqrt2", "The answer is $3\\sqrt{2}$ cm.", True),
        (r"25 \text{ kg}", "The answer is 25 kg.", True),
        (r"25 \text{ kg}", "The answer is 25 g.", False),
        (r"4\!:\!40 \text{ p.m.}", "The answer is 4:40 p.m.", True),
        (r"4\!:\!40 \text{ p.m.}", "The answer is 4:40 a.m.", False),
        (r"8 \text{ million}", "The answer is 8 thousand.", False),
        (r"12^\circ \text{ S}", "The answer is 12\u00b0 N.", False),
        (r"9 \text{ hours}", "The trip takes $\\boxed{9}$ hours.", True),
        (
            r"\frac{1}{\omega^2-9}",
            "The answer is $\\frac{1}{\u03c9\u00b2-9}$ for \u03c9\u00b2 \u2260 9.",
            True,
        ),
        ("54", "$6 \\cdot 9 =$ **54**", True),
        ("54", "6 \u00b7 9 = **54**", True),
        ("54", "6 \u00b7 9 = **56**", False),
        ("9, -2", "The roots are $9$ and $-2$.", True),
        ("9, -2", "So x = 9 or x = -2.", True),
        ("9, -2", "The solutions are 9 and -2.", True),
        ("9, -2", "The answer is 9 or -2.", True),
        ("9, -2", "The solution is 9.", False),
        ("[2,7)", "The answer is 2 \u2264 x < 7.", True),
        ("[2,7)", "The answer is 2 < x < 7.", False),
        ("\\mathbb{R}", "The answer is all real numbers.", True),
    ],
)
def test_what_stands_in_no_box_is_read_as_well(gold: str, response: str, same: bool) -> None:
    assert right(response, gold) is same
