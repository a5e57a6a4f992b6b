import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from synth.errors import StylerepError
from synth.style import KINDS, LANGUAGES, load_lexicon
from synth.style.characters import look
from synth.style.lexicon import _FOLDER

LEXICON = load_lexicon("en")


def kinds(text: str, language: str = "en") -> list[str]:
    return [pivot.kind for pivot in load_lexicon(language).find(text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Wait, that can't be right.", ["realization", "realization"]),
        ("2 + 2 = 5. Wait, no.", ["realization"]),
        ("**Wait** a bit", ["realization"]),
        ("- Wait, is it?", ["realization"]),
        ("But wait, maybe I should try.", ["realization", "exploration"]),
        ("Let me double-check the sum.", ["verification"]),
        ("Let\u2019s verify this.", ["verification"]),
        ("LET ME CHECK", ["verification"]),
        ("What if we try 3?", ["exploration"]),
        ("Alternatively, add first.", ["exploration"]),
        ("Now I see how it fits.", ["integration"]),
        ("line one\nHmm, line two", ["realization"]),
        ("let  me\ncheck", ["verification"]),
        ("\\( x = 5 \\). Wait, no.", ["realization"]),
        ("I\u0307\u0130 Wait. Wait, no", ["realization"]),
    ],
)
def test_pivots_are_found(text: str, expected: list[str]) -> None:
    assert kinds(text) == expected


def test_chinese_pivots_are_found() -> None:
    text = "等等，不对，我算错了。让我检查一下。另一种方法是换个思路。综上所述，答案是5。"
    assert kinds(text, "zh") == ["realization"] * 3 + ["verification"] + ["exploration"] * 2 + ["integration"]
    assert [text[p.start : p.end] for p in load_lexicon("zh").find(text)][:2] == ["等等", "不对"]


@pytest.mark.parametrize(
    ("phrase", "sentence", "language"),
    [
        (phrase, sentence, language)
        for language in LANGUAGES
        for phrase, cases in load_lexicon(language).negative_cases.items()
        for sentence in cases
    ],
)
def test_negative_cases(phrase: str, sentence: str, language: str) -> None:
    assert phrase not in [pivot.phrase for pivot in load_lexicon(language).find(sentence)]


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_phrase_is_found_where_it_may_stand(language: str) -> None:
    lexicon = load_lexicon(language)
    for phrase in lexicon.pivots:
        found = lexicon.find(phrase.wording)
        assert [(pivot.phrase, pivot.kind) for pivot in found][:1] == [(phrase.wording, phrase.label)], (
            phrase.wording
        )


def test_phrases_are_whole_words_and_those_of_sentence_beginnings_stand_there() -> None:
    for phrase in LEXICON.pivots:
        for text in (
            f"x{phrase.wording}",
            f"{phrase.wording}x",
            f"re-{phrase.wording}",
            *([f"the {phrase.wording}"] if phrase.at_start else []),
        ):
            assert all(pivot.phrase != phrase.wording for pivot in LEXICON.find(text)), text


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_phrase_stands_twice_and_every_ambiguous_one_has_a_negative_case(language: str) -> None:
    content = yaml.safe_load((_FOLDER / f"{language}.yaml").read_text(encoding="utf-8"))
    for section in (content["kinds"], content["cues"]):
        phrases = [phrase for group in section.values() for place in group.values() for phrase in place]
        doubled = {phrase for phrase in phrases if phrases.count(phrase) > 1}
        assert not doubled
    known = {phrase.wording for phrase in load_lexicon(language).pivots}
    assert set(content["negative_cases"]) <= known
    assert set(content["guards"]) <= known | {phrase.wording for phrase in load_lexicon(language).cues}
    assert {phrase.label for phrase in load_lexicon(language).pivots} == set(KINDS)


def test_the_longest_phrase_wins_and_positions_lie_in_the_text() -> None:
    text = "So.  Wait a minute, let me\tcheck \u00d7 \U0001f600. Hmm"
    assert [text[pivot.start : pivot.end] for pivot in LEXICON.find(text)] == [
        "Wait a minute",
        "let me\tcheck",
        "Hmm",
    ]


@given(
    st.lists(
        st.sampled_from(
            [
                "Wait",
                "let me check",
                "perhaps",
                "x = 3",
                "\u00e9\u00e9",
                "  ",
                "\n",
                ". ",
                ", ",
                "\u0130",
                "so",
                "I see",
                "\ud800",
                "等等",
            ]
        ),
        max_size=30,
    )
)
def test_spans_are_in_order_disjoint_and_hold_their_phrase(parts: list[str]) -> None:
    text = " ".join(parts)
    end = 0
    for pivot in LEXICON.find(text):
        assert pivot.start >= end
        end = pivot.end
        assert " ".join(text[pivot.start : end].lower().split()) == pivot.phrase


def test_an_unknown_language_is_told() -> None:
    with pytest.raises(StylerepError, match="no lexicon for the language 'xx'"):
        load_lexicon("xx")


@given(st.text(alphabet="ab .!?:\n\t'\"(1,\u3002\uff0c\u4e2d", max_size=60))
def test_words_are_those_of_split(text: str) -> None:
    counted = len(look(text).words())
    spaced = "".join(f" {c} " if "\u3040" <= c <= "\ufb00" else c for c in text)
    if "\u4e2d" in text:
        assert counted >= len(text.split())
        assert counted <= len(spaced.split())
    else:
        assert counted == len(text.split())


def test_only_two_letters_beyond_ascii_have_small_forms_that_a_phrase_could_hold() -> None:
    phrases = "".join(
        phrase.wording
        for language in LANGUAGES
        for lexicon in [load_lexicon(language)]
        for phrase in (*lexicon.pivots, *lexicon.cues)
    )
    small = {
        character
        for character in map(chr, range(128, 0x110000))
        if any(one.isascii() or one in phrases for one in character.lower() if one != character)
    }
    assert small == {"\u0130", "\u212a"}
    assert kinds("\u212aelvin. LET ME CHEC\u212a") == ["verification"]
