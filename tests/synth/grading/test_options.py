"""Which option a response chooses, whatever words, marks or language it chooses it in."""

import pytest

from synth.grading.answers import final_answer, is_right
from synth.grading.options import option_letter

LENGTHS = ["24 kg", "32 kg", "40 kg", "56 kg"]


def chosen(response: str, options: list[str]) -> list[str]:
    stated = final_answer(response, "option")
    return [letter for letter in "ABCDEFGHIJ" if is_right(stated, letter, "option", {"options": options})]


@pytest.mark.parametrize(
    ("response", "letter"),
    [
        # the letter first, the reason after it
        ("B. 32 kg\n\nFour crates of eight.", "B"),
        ("D\n\nSeven times eight.", "D"),
        ("**C**\n\nBecause five crates weigh that much.", "C"),
        ("**C.** 40 kg\n\nFive crates.", "C"),
        ("(A)\n\nThree crates weigh that much.", "A"),
        ("A\n\nThree crates weigh that much.", "A"),
        ("A. 24 kg\n\nThree crates weigh that much.", "A"),
        ("B: 32 kg. Each crate weighs 8 kg.", "B"),
        ("B) 32 kg because each crate weighs 8 kg.", "B"),
        ("Option D\n\nSeven crates were loaded.", "D"),
        ("Option C: 40 kg\n\nFive crates.", "C"),
        ("[B]\n\nIt follows from the table.", "B"),
        ("C - 40 kg\n\nFive crates of eight.", "C"),
        ("\\boxed{B}\n\nEach crate weighs 8 kg, so A, C and D are off.", "B"),
        # announced
        ("The answer is obviously D.", "D"),
        ("The answer is, without a doubt, C.", "C"),
        ("The answer is definitely (B).", "B"),
        ("The correct answer is simply A.", "A"),
        ("The answer must therefore be C.", "C"),
        ("The right answer would be D.", "D"),
        ("The answer has to be B.", "B"),
        ("The answer turns out to be option A.", "A"),
        ("The answer, then, is B.", "B"),
        ("The answer here is C.", "C"),
        ("So the answer is very likely B", "B"),
        ("The best answer is choice D.", "D"),
        ("Final answer: B", "B"),
        ("**Final answer:** **B**", "B"),
        ("Answer is: (c)", "C"),
        ("Answer - C", "C"),
        ("Answer => D", "D"),
        ("ANSWER: D", "D"),
        ("Ans. B", "B"),
        ("Ans: (D)", "D"),
        ("Answer choice: C", "C"),
        ("Correct option: A", "A"),
        ("## Final Answer\n\nC", "C"),
        ("### Answer:\n(B)", "B"),
        ("The answer is $\\boxed{\\text{(B)}}$.", "B"),
        ("$\\boxed{\\textbf{C}}$", "C"),
        ("$\\boxed{\\mathrm{D}}$", "D"),
        ("\\boxed{\\text{B. 32 kg}}", "B"),
        ("$\\mathbf{C}$", "C"),
        ("The answer is $\\textbf{(A)}\\ 24$.", "A"),
        # the letter before the announcement
        ("Hence B is the correct answer.", "B"),
        ("C would be correct.", "C"),
        ("C must be right.", "C"),
        ("Therefore (D) is the right choice.", "D"),
        ("So A is the answer.", "A"),
        ("Of the four, D is correct.", "D"),
        ("So D it is.", "D"),
        ("B fits best; the others are off. B is our answer.", "B"),
        ("Clearly, (C) is the best option.", "C"),
        # chosen
        ("I'd go with C.", "C"),
        ("I would pick B.", "B"),
        ("My pick is D.", "D"),
        ("I choose B because the scale shows 32.", "B"),
        ("I'll go with option A.", "A"),
        ("We select (C).", "C"),
        ("My choice: D", "D"),
        ("I am going with B", "B"),
        ("Let's choose A.", "A"),
        # concluded
        ("Five times eight is 40. Therefore, (C).", "C"),
        ("Seven times eight is 56. Thus: D.", "D"),
        ("Seven times eight is 56. So, D.", "D"),
        ("Three crates, so it must be A.", "A"),
        ("That leaves only D.", "D"),
        ("It weighs 40 kg, which is option C.", "C"),
        ("This matches option B.", "B"),
        ("By elimination, it is B.", "B"),
        ("Only C works.", "C"),
        ("Therefore it's D.", "D"),
        ("56 kg \u2192 D", "D"),
        ("$\\therefore$ (B)", "B"),
        # denied
        ("The answer isn't B; it's D.", "D"),
        ("The answer is not B but D.", "D"),
        ("The answer is C, not B.", "C"),
        ("The answer is C rather than A.", "C"),
        ("A is wrong, so C is correct.", "C"),
        ("Neither A nor B can be, and D is too much, so the answer is C.", "C"),
        ("We can eliminate A and B. D is too heavy. The answer is C.", "C"),
        ("It cannot be B. The answer is A.", "A"),
        ("Not A, B or C: the answer is D.", "D"),
        ("The answer is B. A, C and D are wrong.", "B"),
        ("The answer is D. I first thought of A.", "D"),
        ("At first I took A. No, the answer is B.", "B"),
        ("The answer is A. Wait, I counted twice. The answer is C.", "C"),
        ("Answer: B\n\nCorrection: the correct answer is D.", "D"),
        ("A is 24 kg, B is 32 kg, C is 40 kg, D is 56 kg.\n\nSo C is right.", "C"),
        ("Option A is too light. Option D is too heavy. Option B fits.\n\nAnswer: B", "B"),
        ("The answer is not A, B or D, so it is C.", "C"),
        ("The answer is B (not A).", "B"),
        ("A seems right, but C is correct.", "C"),
        ("Though B looks right, the answer is C.", "C"),
        ("The answer wasn't A but D.", "D"),
        ("The answer is none other than D.", "D"),
        ("The answer is, I believe, C.", "C"),
        ("The answer is A... no wait, it's B.", "B"),
        ("\\boxed{A}\n\nThat is wrong. \\boxed{B}", "B"),
        ("We are left with C.", "C"),
        ("What remains is D.", "D"),
        ("Solution: B", "B"),
        ("Probably C.", "C"),
        ("A) 24 kg\nB) 32 kg\nC) 40 kg\nD) 56 kg\n\nC", "C"),
        ("The third option", "C"),
        # in JSON, in tags
        ('{"answer": "D"}', "D"),
        ('{"reasoning": "five crates", "answer": "C"}', "C"),
        ('```json\n{"correct_option": "B", "confidence": 0.9}\n```', "B"),
        ('{"answer": "(A)"}', "A"),
        ('{"selected_answer": "B) 32 kg"}', "B"),
        ("{'choice': 'D'}", "D"),
        ('{"Answer": "C"}', "C"),
        ("<final_answer>B</final_answer>", "B"),
        ("<choice>C</choice>", "C"),
        ("<answer>The answer is D.</answer>", "D"),
        ("answer: B", "B"),
        # in other languages
        ("Die Antwort ist B.", "B"),
        ("Richtige Antwort: (D)", "D"),
        ("Die L\u00f6sung lautet C.", "C"),
        ("La bonne r\u00e9ponse est la C.", "C"),
        ("La r\u00e9ponse correcte est B", "B"),
        ("R\u00e9ponse : D", "D"),
        ("La respuesta es (D).", "D"),
        ("La opci\u00f3n correcta es la C.", "C"),
        ("Respuesta: B", "B"),
        ("La risposta corretta \u00e8 la A.", "A"),
        ("Risposta: C", "C"),
        ("A resposta correta \u00e9 a letra D.", "D"),
        ("A alternativa correta \u00e9 a B.", "B"),
        ("Resposta: A", "A"),
        ("Het juiste antwoord is B.", "B"),
        ("R\u00e4tt svar \u00e4r C.", "C"),
        ("Poprawna odpowied\u017a to D.", "D"),
        ("Odpowied\u017a: B", "B"),
        (
            "\u041f\u0440\u0430\u0432\u0438\u043b\u044c\u043d\u044b\u0439 \u043e\u0442\u0432\u0435\u0442: C",
            "C",
        ),
        ("\u041e\u0442\u0432\u0435\u0442 \u2014 D.", "D"),
        ("Do\u011fru cevap: B", "B"),
        ("Cevap C'dir.", "C"),
        ("\u0110\u00e1p \u00e1n \u0111\u00fang l\u00e0 D.", "D"),
        ("\u0110\u00e1p \u00e1n: A", "A"),
        ("Jawaban yang benar adalah B.", "B"),
        ("\u6b63\u786e\u7b54\u6848\u662fC\u3002", "C"),
        ("\u56e0\u6b64\uff0c\u9009\u62e9D\u3002", "D"),
        ("\u6545\u9009B", "B"),
        ("\u7b54\u6848\u9009A\u3002", "A"),
        ("\u7b54\u3048\u306fB\u3067\u3059\u3002", "B"),
        ("\u6b63\u89e3\u306fC\u3067\u3059\u3002", "C"),
        ("\uc815\ub2f5\uc740 D\uc785\ub2c8\ub2e4.", "D"),
        ("\ub2f5: B", "B"),
        (
            (
                "\u0627\u0644\u0625\u062c\u0627\u0628\u0629 \u0627\u0644\u0635\u062d\u064a\u062d\u0629"
                " \u0647\u064a C."
            ),
            "C",
        ),
        ("\u0938\u0939\u0940 \u0909\u0924\u094d\u0924\u0930 B \u0939\u0948\u0964", "B"),
        ("\u0e04\u0e33\u0e15\u0e2d\u0e1a\u0e04\u0e37\u0e2d B", "B"),
        ("\u0633\u09a0\u09bf\u0995 \u0989\u09a4\u09cd\u09a4\u09b0: C", "C"),
        # none
        ("The answer is A or C.", None),
        ("The answer is either B or D.", None),
        ("Both A and B are right.", None),
        ("It is B or C.", None),
        ("\\boxed{A} or \\boxed{B}", None),
        ("The answer isn't D.", None),
        ("D is wrong.", None),
        ("C cannot be right.", None),
        ("The answer is not (B).", None),
        ("It can't be A.", None),
        ("A) 24 kg\nB) 32 kg\nC) 40 kg\nD) 56 kg", None),
        ("(A) 24 kg\n(B) 32 kg\n(C) 40 kg\n(D) 56 kg\n", None),
        ("The wrong answer is B.", None),
        ("B is surely wrong.", None),
        ("B is the wrong answer.", None),
        ("Definitely not C.", None),
        ("I rule out D.", None),
        ("I wouldn't pick B.", None),
        ("Is it B?", None),
        ("B/D", None),
        ("B or maybe C", None),
        ("None of them.", None),
        ("I doubt that it is C.", None),
        ("E.g. this one.", None),
        ("The options are A) 24 kg, B) 32 kg, C) 40 kg, D) 56 kg.", None),
        ("A crate is heavy.", None),
        ("A heavy crate is lifted by a crane every morning before the ships come in.", None),
        ("I am not sure.", None),
        ("I think that a crate is needed.", None),
        ("La respuesta no es B.", None),
        ("Die Antwort ist nicht C.", None),
        ("<think>The answer is B.", None),
        ("", None),
    ],
)
def test_the_letter_that_is_chosen_last_counts(response: str, letter: str | None) -> None:
    assert chosen(response, LENGTHS) == ([letter] if letter else [])


METALS = ["copper", "iron ore", "gold", "iron"]
SPEEDS = ["A)45", "B)60", "C)72", "D)90", "E)108"]
BRACKETED = ["(A) 45", "(B) 60", "(C) 72", "(D) 90"]


@pytest.mark.parametrize(
    ("response", "options", "letter"),
    [
        ("It must be gold.", METALS, "C"),
        ("The red one is copper.", METALS, "A"),
        ("The answer is **iron ore**.", METALS, "B"),
        ("The answer is iron.", METALS, "D"),
        ("The answer is copper, not gold.", METALS, "A"),
        ("It isn't copper. It is gold.", METALS, "C"),
        ("\\boxed{\\text{gold}}", METALS, "C"),
        ('{"answer": "gold"}', METALS, "C"),
        ("Gold", METALS, "C"),
        ("The first is too soft.\n\nSo the metal is iron ore.", METALS, "B"),
        ("It is not gold.", METALS, None),
        ("It is silver.", METALS, None),
        ("Copper and gold.", METALS, None),
        ("60 km in 50 minutes are 72 km in an hour. So the train goes 72 km/h.", SPEEDS, "C"),
        ("The speed is 90 kilometres per hour.", SPEEDS, "D"),
        ("$\\boxed{108}$", SPEEDS, "E"),
        ("So it is 45.", BRACKETED, "A"),
        ("\\boxed{60 \\text{ km/h}}", BRACKETED, "B"),
        ("Answer: 90 km/h", BRACKETED, "D"),
        ("The speed is 71 km/h.", SPEEDS, None),
        ("The answer is E.", SPEEDS, "E"),
        ("The answer is 32 kg, not 40 kg.", LENGTHS, "B"),
        ("The total is 56 kg.", LENGTHS, "D"),
        ("The mass is $40\\text{ kg}$.", LENGTHS, "C"),
        ("$\\frac{1}{2}$", ["$\\frac{1}{3}$", "$\\frac{1}{2}$", "$1$"], "B"),
        ("The answer is 1/2.", ["1/3", "1/2", "1"], "B"),
    ],
)
def test_the_text_of_an_option_may_stand_for_its_letter(
    response: str, options: list[str], letter: str | None
) -> None:
    assert chosen(response, options) == ([letter] if letter else [])


def test_a_gold_answer_may_be_announced_or_be_a_text() -> None:
    assert is_right("B", "ANSWER: B", "option", {"options": METALS})
    assert is_right("B", "Answer: (B)", "option")
    assert is_right("C", "gold", "option", {"options": METALS})
    assert not is_right("A", "Answer: B", "option")


@pytest.mark.parametrize(
    ("text", "letter"),
    [
        ("B", "B"),
        ("(c)", "C"),
        ("D) 12 m", "D"),
        ("A dog", None),
        ("A or B", None),
        ("B is wrong", None),
        ("I", "I"),
    ],
)
def test_a_short_text_names_a_letter(text: str, letter: str | None) -> None:
    assert option_letter(text) == letter


def test_options_said_again_in_one_line_are_no_choice() -> None:
    meta = {"options": ["3 kg", "5 kg", "8 kg", "9 kg"]}
    listed = "Option A: 3 kg. Option B: 5 kg. Option C: 8 kg. Option D: 9 kg."
    assert not any(is_right(final_answer(listed, "option"), letter, "option", meta) for letter in "ABCD")
    assert is_right(final_answer(f"{listed} It must be 8 kg.", "option"), "C", "option", meta)
