import itertools
import random
from pathlib import Path

import pytest

from synth.errors import StylerepError
from synth.problems import arith
from synth.style import KINDS, load_lexicon, read_trace
from synth.traces.writing.assemble import write_body, write_conclusion
from synth.traces.writing.calculations import EXPLORING, VERIFYING, Calculation, operate
from synth.traces.writing.phrasebook import LEADS, MACROS, load_phrasebook
from synth.traces.writing.plan import draw_plan
from synth.traces.writing.target import style_target

LANGUAGES = ("en", "zh")
# Macros that quote or state in one way.
SINGLE = ("idea", "rejected", "checked", "equation")
VALUES = {
    name: f"{number}" for number, name in enumerate({name for names in MACROS.values() for name in names}, 11)
}


def filled(language: str, macro: str) -> list[str]:
    return [form.wording.fill(VALUES) for form in load_phrasebook(language).macros[macro].forms]


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("macro", MACROS)
def test_a_macro_can_be_said_in_several_ways(language: str, macro: str) -> None:
    said = set(filled(language, macro))
    assert len(said) >= (1 if macro in SINGLE else 3)
    assert all(said)


@pytest.mark.parametrize("language", LANGUAGES)
def test_both_languages_have_about_as_many_wordings(language: str) -> None:
    book, english = load_phrasebook(language), load_phrasebook("en")
    for macro in MACROS:
        assert len(book.macros[macro].forms) >= 0.6 * len(english.macros[macro].forms), macro


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("macro", LEADS)
def test_every_lead_in_is_a_pivot_of_its_kind(language: str, macro: str) -> None:
    lexicon = load_lexicon(language)
    for lead in filled(language, macro):
        assert {pivot.kind for pivot in lexicon.find(f"{lead} 12 + 3 = 15.")} == {LEADS[macro]}, lead


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(
    "calculation", [("+", 48, 19), ("-", 62, 38), ("*", 14, 12), ("/", 96, 8), ("+", 12, 13)]
)
def test_what_is_said_of_a_calculation_holds_no_pivot(
    language: str, calculation: tuple[str, int, int]
) -> None:
    symbol, left, right = calculation
    c, book, lexicon = (
        Calculation(left, symbol, right, operate(left, symbol, right)),
        load_phrasebook(language),
        load_lexicon(language),
    )
    for look in (*EXPLORING, *VERIFYING):
        if texts := look(c, random.Random(0)):
            for form in book.macros[look.__name__].forms:
                assert not lexicon.find(book.fill(form, texts)), form.wording.where


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_line_that_turns_back_reads_as_one(language: str) -> None:
    lexicon = load_lexicon(language)
    for line in filled(language, "backtrack"):
        assert read_trace(line, lexicon).scores.backtracks == 1, line


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_question_is_one(language: str) -> None:
    assert all(line.endswith(("?", "\uff1f")) for line in filled(language, "question"))


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("kind", KINDS)
def test_there_is_a_lead_in_for_clauses_and_for_sentences(language: str, kind: str) -> None:
    book = load_phrasebook(language)
    for clause in (True, False):
        leads = {book.lead(kind, clause, False, u / 100).text for u in range(100)}
        assert len(leads) >= 3
        assert clause or not any(lead.endswith((",", "\uff0c")) for lead in leads)


@pytest.mark.parametrize("macro", [name for name in MACROS if name not in LEADS])
def test_chinese_lines_hold_no_english_and_no_half_width_marks(macro: str) -> None:
    book = load_phrasebook("zh")
    for form in book.macros[macro].forms:
        text = form.wording.fill(dict.fromkeys(MACROS[macro], "7"))
        assert not any(character.isascii() and character.isalpha() for character in text), text
        assert not any(mark in text for mark in ",.;:?!"), text


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_words_of_a_text_are_those_of_the_style_scorer(language: str) -> None:
    text = {
        "en": "So it says: 24 + 6 = 30 children.",
        "zh": "题目说：There are 24 children. 那么 24 + 6 = 30，得到 30。",
    }[language]
    assert load_phrasebook(language).words(text) == read_trace(text, load_lexicon(language)).scores.words


def test_texts_stand_side_by_side_as_the_language_has_it() -> None:
    english, chinese = load_phrasebook("en"), load_phrasebook("zh")
    assert english.side_by_side("So,", "", "it is.") == "So, it is."
    assert chinese.side_by_side("所以", "这是 7。", "7 是对的。") == "所以这是 7。7 是对的。"
    assert chinese.side_by_side("There are 7.", "所以", "7 是对的。") == "There are 7. 所以 7 是对的。"


def test_equations_are_listed_as_the_language_has_it() -> None:
    texts = {"first": "10 * 3 = 30 and 2 * 3 = 6", "second": "30 + 6 = 36"}
    for language, between in (("en", " and "), ("zh", "\uff0c")):
        book = load_phrasebook(language)
        form = next(form for form in book.macros["split"].forms if set(form.wording.names) == set(texts))
        assert f"10 * 3 = 30{between}2 * 3 = 6" in book.fill(form, texts)


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_wording_is_left_unused(language: str) -> None:
    book, style = load_phrasebook(language), style_target(dials={"trace_words": 600})
    text = ""
    for problem in itertools.islice(arith("train", 0), 600):
        plan = draw_plan(problem, style, book, random.Random(problem.id))
        text += f"{write_body(plan, book).text}\n{write_conclusion(plan, book, '7')}\n"
    # Macros that most problems give occasion to use.
    for macro in (
        "begin",
        "given",
        "asked",
        "step",
        "again",
        "turned",
        "swapped",
        "size",
        "undo",
        "other_number",
        "voice",
        "onward",
        "conclusion",
    ):
        for form in book.macros[macro].forms:
            longest = max(form.wording.pattern.split("%s"), key=len) if form.wording.template is None else ""
            assert longest[1:] in text, (macro, form.wording.where)  # its first letter may be a capital


def test_fewer_pivots_are_the_first_of_each_kind() -> None:
    book = load_phrasebook("en")
    few = book.fewer_pivots(2)
    for kind in KINDS:
        assert few.macros[kind].forms == book.macros[kind].forms[:2]
    assert few.digest != book.digest


def test_a_user_folder_changes_the_digest(tmp_path: Path) -> None:
    (tmp_path / "mine.jinja").write_text("{% macro onward() %}\ngoing on:\n{% endmacro %}\n")
    book, mine = load_phrasebook("en"), load_phrasebook("en", tmp_path)
    assert mine.digest != book.digest
    assert [form.text for form in mine.macros["onward"].forms] == ["going on:"]
    assert mine.macros["voice"] == book.macros["voice"]


def test_a_language_without_templates_is_refused() -> None:
    with pytest.raises(StylerepError, match="'fr'; there are en, zh"):
        load_phrasebook("fr")
