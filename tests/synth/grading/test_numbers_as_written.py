"""Answers in numbers, in words and in arithmetic, as models write them in any language."""

import pytest

from synth.grading.answers import final_answer, is_right


def right(response: str, gold: str, answer_type: str) -> bool:
    return is_right(final_answer(response, answer_type), gold, answer_type)


@pytest.mark.parametrize(
    ("response", "gold", "same"),
    [
        # decimal commas
        ("Die Antwort ist 6,25.", "6.25", True),
        ("Die Antwort lautet 2.750,40 Euro.", "2750.4", True),
        ("Das Ergebnis ist 0,125.", "0.125", True),
        ("Das Brett ist 2,4 m lang und das ist die Antwort.", "2.4", True),
        ("La r\u00e9ponse est 12,5 kg.", "12.5", True),
        ("La r\u00e9ponse est 1\u202f250,75 \u20ac.", "1250.75", True),
        ("La respuesta es 7,25.", "7.25", True),
        ("La respuesta correcta es 1.500 euros.", "1500", True),
        ("La risposta \u00e8 3,6 metri.", "3.6", True),
        ("A resposta \u00e9 4,8.", "4.8", True),
        ("Het antwoord is 9,5 meter.", "9.5", True),
        ("Svaret \u00e4r 2,75.", "2.75", True),
        ("Odpowied\u017a: 8,5", "8.5", True),
        ("\u041e\u0442\u0432\u0435\u0442: 4,25 \u043c", "4.25", True),
        ("Cevap: 1,5", "1.5", True),
        ("\u0110\u00e1p \u00e1n l\u00e0 2,5.", "2.5", True),
        ("Jawabannya adalah 3,25.", "3.25", True),
        ("Daher ist das Ergebnis $\\boxed{6{,}25}$.", "6.25", True),
        ("$\\boxed{2{,}5}$", "2.5", True),
        ("Also $\\boxed{6,25}$.", "6.25", True),
        ("Die Antwort ist $6,25$.", "6.25", True),
        ("Die Antwort ist 6,25.", "625", False),
        ("Die Antwort ist 6,25.", "25", False),
        ("Die Antwort ist 6,52.", "6.25", False),
        ("The answer is 2,750.", "2750", True),
        ("The answer is 2,750.", "2.75", False),
        ("The answer is 2,750.50.", "2750.5", True),
        ("The answer is (6,25).", "6.25", False),
        ("The answer is 6 and 25.", "6.25", False),
        ("The answer is 12,345,678.", "12345678", True),
        # announced in other languages
        ("\u7b54\u3048\u306f42\u3067\u3059\u3002", "42", True),
        ("\uc815\ub2f5\uc740 42\uc785\ub2c8\ub2e4.", "42", True),
        ("\u0627\u0644\u062c\u0648\u0627\u0628 \u0647\u0648 \u0664\u0662", "42", True),
        ("\u0627\u0644\u0625\u062c\u0627\u0628\u0629: 42", "42", True),
        ("\u0909\u0924\u094d\u0924\u0930: \u096a\u0968", "42", True),
        ("\u0989\u09a4\u09cd\u09a4\u09b0: 42", "42", True),
        ("\u0e04\u0e33\u0e15\u0e2d\u0e1a\u0e04\u0e37\u0e2d 42", "42", True),
        ("La respuesta es 42, no 7. Hay 9 cajas.", "42", True),
        ("R\u00e9ponse : 42. Il y a 9 caisses.", "42", True),
        ("Risposta: 42. Ci sono 9 casse.", "42", True),
        (
            (
                "\u041e\u0442\u0432\u0435\u0442: 42. \u0412\u0441\u0435\u0433\u043e 9"
                " \u044f\u0449\u0438\u043a\u043e\u0432."
            ),
            "42",
            True,
        ),
        # repeating decimals
        ("$\\boxed{0.\\overline{4}}$", "4/9", True),
        ("The answer is $0.\\bar{7}$.", "7/9", True),
        ("The answer is 0.(27).", "3/11", True),
        ("The answer is 0.2727...", "3/11", True),
        ("The answer is 0.58333\u2026", "7/12", True),
        ("$\\boxed{1.\\overline{6}}$", "5/3", True),
        ("$\\boxed{0.\\dot{4}}$", "4/9", True),
        ("$\\boxed{2.1\\overline{6}}$", "13/6", True),
        ("$\\boxed{0.4}$", "4/9", False),
        ("$\\boxed{0.\\overline{4}}$", "0.4", False),
        ("$\\boxed{0.\\overline{4}}$", "2/5", False),
        ("The answer is 0.27.", "3/11", False),
        ("$\\boxed{0.\\overline{36}}$", "0", False),
        # exact and approximate
        ("$\\boxed{\\frac{8}{7} \\approx 1.14}$", "8/7", True),
        ("The answer is 8/7 \u2248 1.14.", "8/7", True),
        ("The answer is 8/7 \u2248 1.14 litres.", "1.14", True),
        ("The answer is 8/7, or about 1.14.", "8/7", True),
        ("The answer is 8/7, which is approximately 1.14.", "1.14", True),
        ("The answer is $\\frac{8}{7}$ (approximately 1.14).", "8/7", True),
        ("$\\boxed{\\frac{8}{7}}$, roughly 1.14", "8/7", True),
        ("$\\boxed{\\frac{8}{7} = 1.142857\\ldots}$", "8/7", True),
        ("The answer is $\\frac{8}{7} = 1.14$.", "8/7", True),
        ("$\\boxed{\\frac{8}{7} \\simeq 1.14}$", "8/7", True),
        ("The answer is 26.7 \u2248 27 boxes.", "27", True),
        ("The answer is approximately 27.", "27", True),
        ("$\\boxed{1.14}$", "8/7", False),
        ("The answer is 9/7 \u2248 1.29.", "8/7", False),
        ("The answer is 8/9 \u2248 1.14.", "1.14", False),
        ("$\\boxed{5 + 6 = 11}$", "11", True),
        ("$\\boxed{5 + 6 = 11}$", "6", False),
        ("$\\boxed{5 + 6 = 11}$", "5", False),
        # scales, units, groups
        ("The answer is 4 lakh.", "400000", True),
        ("The answer is 3 dozen.", "36", True),
        ("So he needs 3 dozen eggs", "3", True),
        ("The answer is 2.5 million.", "2500000", True),
        ("$\\boxed{\\$4 \\text{ billion}}$", "4000000000", True),
        ("$\\boxed{12\\,345}$", "12345", True),
        ("$\\boxed{12\\,345}$", "357", False),
        ("The answer is 12\u202f345.", "12345", True),
        ("The answer is 12_345.", "12345", True),
        ("$\\boxed{6 \\times 10^{-3} \\text{ m/s\u00b2}}$", "0.006", True),
        ("The answer is 6 \u00d7 10\u207b\u00b3 m/s\u00b2.", "0.006", True),
        ("Total = **42**", "42", True),
        ("The answer is 6 \u00d7 7 = **42**.", "42", True),
        ("The answer is 7 + 35 = **42** apples in 3 boxes.", "42", True),
        ("The answer is 15 percentage points.", "15", True),
        # bases
        ("$\\boxed{1101_2}$", "1101_2", True),
        ("The answer is 1101_2.", "1101_2", True),
        ("$\\boxed{1101_2}$", "1101", False),
        ("The answer is 1101_2.", "1101", False),
        # several boxes
        ("First $\\boxed{30}$ seats. Then $\\boxed{36}$.", "36", True),
        ("First $\\boxed{30}$ seats. Then $\\boxed{36}$.", "30", False),
        ("\\boxed{30} or \\boxed{36}", "36", False),
        # announced gold
        ("$\\boxed{36}$", "ANSWER: 36", True),
        ("$\\boxed{36}$", "Answer: 36 ", True),
        ("$\\boxed{36}$", "#### 36", True),
        ("$\\boxed{36}$", "The answer is 36.", True),
        ("$\\boxed{36}$", "The final answer is $36$", True),
        ("$\\boxed{36}$", "**Answer:** 36", True),
        ("$\\boxed{36}$", "  36\n", True),
        ("$\\boxed{37}$", "ANSWER: 36", False),
    ],
)
def test_a_number_is_read_as_it_is_meant(response: str, gold: str, same: bool) -> None:
    assert right(response, gold, "number") is same


@pytest.mark.parametrize(
    ("response", "gold", "same"),
    [
        ("$\\boxed{\\text{step-sister}}$", "step-sister", True),
        ("\\boxed{\\text{Step-Sister}}", "step-sister", True),
        ("\\boxed{\\textbf{step-sister}}", "step-sister", True),
        ("\\boxed{\\textit{step-sister}}", "step-sister", True),
        ("\\boxed{\\mathrm{cousin}}", "cousin", True),
        ("\\boxed{\\mathbf{cousin}}", "cousin", True),
        ("\\boxed{\\text{the cousin}.}", "cousin", True),
        ("\\boxed{\\textbf{\\text{cousin}}}", "cousin", True),
        ("\\boxed{\\text{mother-in-law}}", "mother-in-law", True),
        ("\\boxed{\\text{not}~\\text{enough}~\\text{evidence}}", "not enough evidence", True),
        ("\\boxed{\\text{not enough}\\ \\text{evidence}}", "not enough evidence", True),
        ("\\boxed{\\texttt{true}}", "True", True),
        ("The answer is $\\text{cousin}$.", "cousin", True),
        ("The answer is \\textbf{cousin}.", "cousin", True),
        ("The answer is **cousin**.", "cousin", True),
        ("The answer is text.", "text", True),
        ("\\boxed{\\text{text}}", "text", True),
        ("\\boxed{bold}", "bold", True),
        ("\\boxed{\\text{AT\\&T}}", "AT&T", True),
        ("\\boxed{\\text{step-brother}}", "step-sister", False),
        ("\\boxed{\\text{not true}}", "true", False),
        ("\\boxed{\\text{untrue}}", "true", False),
        ("\\boxed{\\text{cousins}}", "cousin", False),
        ("\\boxed{\\text{}}", "text", False),
        ("The answer is context.", "text", False),
        ("The answer is Mara.", "Answer: Mara", True),
        ("The answer is Mara.", "ANSWER: Mara", True),
        ("The answer is Mila.", "Answer: Mara", False),
    ],
)
def test_commands_that_set_words_are_no_words(response: str, gold: str, same: bool) -> None:
    assert right(response, gold, "text") is same


@pytest.mark.parametrize(
    ("response", "gold", "same"),
    [
        ("The answer is $\\frac{12}{4}+5$.", "12/4+5", True),
        ("\\boxed{\\dfrac{12}{4} + 5 = 8}", "12/4+5", True),
        ("\\boxed{\\frac{9+3}{4}}", "(9+3)/4", True),
        ("\\boxed{\\tfrac{12}{4}\\times 5}", "12/4*5", True),
        ("The answer is 15 \u2013 6.", "15-6", True),
        ("The answer is 15 \u2014 6.", "15-6", True),
        ("The answer is 15 \u2212 6.", "15-6", True),
        ("The answer is (2+7)*3, which equals 27.", "(2+7)*3", True),
        ("The answer is (2+7)*3, which is 27.", "(2+7)*3", True),
        ("The answer is (2+7)*3, and this gives 27.", "(2+7)*3", True),
        ("The answer is (2+7)*3 (= 27).", "(2+7)*3", True),
        ("The answer is (2+7)*3 (which is 27).", "(2+7)*3", True),
        ("The answer is (2+7)*3 \u2192 27", "(2+7)*3", True),
        ("The answer is (2+7)*3 => 27", "(2+7)*3", True),
        ("The answer is (2+7)*3 -> 27", "(2+7)*3", True),
        ("The answer is $(2+7) \\times 3 \\rightarrow 27$.", "(2+7)*3", True),
        ("The answer is:\n```\n(2+7)*3\n```", "(2+7)*3", True),
        ("The answer is:\n\n```python\n(2+7)*3\n```\n", "(2+7)*3", True),
        ("Answer: `(2+7)*3`", "(2+7)*3", True),
        ("The answer is `(2+7)*3 = 27`.", "(2+7)*3", True),
        ("The answer is [(2+7)*3].", "(2+7)*3", True),
        ("The answer is 3 \u00d7 (7 + 2).", "(2+7)*3", True),
        ("The answer is 3 \u00b7 (7 + 2).", "(2+7)*3", True),
        ("The answer is 3 x (7 + 2).", "(2+7)*3", True),
        ("The answer is 27 = (2+7)*3.", "(2+7)*3", True),
        ("The answer is 24 \u00f7 6 + 1.", "24/6+1", True),
        ("The answer is 24\u20446 + 1.", "24/6+1", True),
        ("The answer is $24 \\div 6 + 1 = 5$.", "24/6+1", True),
        ("**Answer:** (2+7)*3 = **27**", "(2+7)*3", True),
        ("The answer is (2+7)*3 = 28.", "(2+7)*3", False),
        ("The answer is (2+7)*3, which equals 28.", "(2+7)*3", False),
        ("The answer is (2+7)*3 (= 26).", "(2+7)*3", False),
        ("The answer is 27.", "(2+7)*3", False),
        ("The answer is 9*3.", "(2+7)*3", False),
        ("The answer is 2+7+18.", "(2+7)*3", False),
        ("The answer is 2+7*3.", "(2+7)*3", False),
        ("The answer is (2+7)**3.", "(2+7)*3", False),
        ("The answer is (2+7)*3+0.", "(2+7)*3", False),
        ("The answer is (2+7)*3.", "ANSWER: (2+7)*3", True),
    ],
)
def test_an_expression_may_be_typeset_and_followed_by_its_value(response: str, gold: str, same: bool) -> None:
    assert right(response, gold, "expression") is same


@pytest.mark.parametrize(
    ("response", "gold", "answer_type", "same"),
    [
        ("Seats = 30 + 6 = **36**. There are 4 doors.", "36", "number", True),
        ("Seats = **30**. Then 6 more: 30 + 6 = 36", "36", "number", True),
        ("Seats = **30**. Then 6 more: 30 + 6 = 36", "30", "number", False),
        ("The answer is **(9 - 4) * 3**, giving 15.", "(9-4)*3", "expression", True),
        ("**(9 - 4) * 3**", "(9-4)*3", "expression", True),
        ("The answer is 9 ** 4 - 3.", "9*4-3", "expression", False),
    ],
)
def test_bold_is_no_part_of_an_answer_and_says_which_result_it_is(
    response: str, gold: str, answer_type: str, same: bool
) -> None:
    assert right(response, gold, answer_type) == same
