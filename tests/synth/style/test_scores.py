import itertools
import time
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness_ext.pages.analyze import read_responses
from synth.formats import split_response
from synth.style import KINDS, STAGES, StyleReading, load_lexicon, read_trace, read_traces, style_scores
from synth.style.adherence import WEIGHTS, style_adherence
from synth.style.consistency import answer_consistency
from synth.style.language import language_of
from synth.style.profile import load_profile
from synth.style.scores import _stage_statistics
from tests.hostile import hostile_responses

LEXICON = load_lexicon("en")
REFERENCE = load_profile("long-reasoning").rates
PLAIN = [
    "We add two and two.",
    "The sum is four.",
    "So it goes on.",
    "I think of seven apples.",
    "Then the total becomes eleven.",
]
PIVOTS = ["Wait, no.", "Let me check.", "Alternatively.", "Now I see.", "Hmm."]


def adherence(text: str) -> float:
    return style_adherence(style_scores(text, LEXICON), REFERENCE)


def test_density_and_adherence_do_not_depend_on_length() -> None:
    unit = "Wait, we add two and two. Let me check it. So I see four.\n"
    one, many = style_scores(unit * 20, LEXICON), style_scores(unit * 400, LEXICON)
    assert one.total_density == pytest.approx(many.total_density)
    assert adherence(unit * 20) == pytest.approx(adherence(unit * 400), abs=1e-9)
    assert many.words == 20 * one.words


def test_an_empty_trace_has_scores_too() -> None:
    for text in ("", " \n ", "..."):
        scores = style_scores(text, LEXICON)
        assert scores.total_density == 0
        assert all(np.isfinite(value) for value in scores.features().values())
        assert 0 <= adherence(text) <= 1


def test_scores_of_a_known_trace() -> None:
    trace = (
        "We need to find 3 + 4.\n1. Add: 3 + 4 = 7.\nWait, is it 8? Let me check: 3 + 4 = 8.\nTherefore, the"
        " answer is 7."
    )
    scores = style_scores(trace, LEXICON)
    assert scores.words == len(trace.split())
    assert (scores.questions, scores.equations, scores.numbered_steps, scores.claims, scores.true_claims) == (
        1,
        2,
        1,
        2,
        1,
    )
    assert scores.step_validity == 0.5
    assert scores.density["realization"] == pytest.approx(100 / scores.words)
    assert scores.kinds_present == 2
    assert sum(scores.stage_shares.values()) == pytest.approx(1)


def test_stages_cover_the_trace_in_order() -> None:
    trace = (
        "So I have this problem: how many apples are there? I need to find the total.\n\nFirst, compute 3 * 4"
        " = 12.\n\nThen add 5, so we get 17.\n\nWait, let me check that: 3 * 4 is 12, and 12 + 5 = 17. Yes,"
        " that matches.\n\nTherefore, the final answer is 17."
    )
    reading = read_trace(trace, LEXICON)
    assert [stage for stage, _, _ in reading.stages] == list(STAGES)
    assert reading.stages[0][1] == 0
    assert reading.stages[-1][2] == len(trace)
    assert all(
        end == start for (_, _, end), (_, start, _) in zip(reading.stages, reading.stages[1:], strict=False)
    )
    assert reading.scores.stage_order == 1
    assert reading.scores.stage_coverage == 1
    assert [pivot.kind for pivot in reading.pivots] == ["realization", "verification"]


def test_stage_order_is_the_share_of_pairs_in_order() -> None:
    def order(stages: list[int], words: list[int]) -> float:
        return float(
            _stage_statistics(
                np.array(stages, dtype=np.intp),
                np.array(words, dtype=np.intp),
                np.zeros(len(stages), dtype=np.intp),
                1,
            )[2][0]
        )

    assert order([0, 1, 2, 3], [5, 1, 7, 2]) == 1
    assert order([3, 2, 1, 0], [5, 1, 7, 2]) == 0
    assert order([0, 1, 0], [1, 1, 3]) == pytest.approx(1 / 4)
    assert order([1, 1], [4, 4]) == 0.5
    assert order([], []) == 0.5


def test_loops_and_repetition() -> None:
    loop = style_scores(
        "Start here. " + "Perhaps I can consider that the sum is odd, but that seems wrong.\n" * 50, LEXICON
    )
    assert loop.looping
    assert loop.repetition > 0.9
    cut = style_scores("Start here. " + "ab" * 2000 + "a", LEXICON)
    assert cut.looping
    once = style_scores("\n".join(f"Number {i} is a new sentence about {i * i}." for i in range(60)), LEXICON)
    assert not once.looping
    assert once.repetition == 0


sentences = st.lists(st.sampled_from(PLAIN + PIVOTS), min_size=1, max_size=60)


@given(sentences, st.sampled_from(PIVOTS), st.data())
@settings(max_examples=300)
def test_a_pivot_put_in_never_lowers_adherence_and_one_taken_out_never_raises_it(
    parts: list[str], pivot: str, data: st.DataObject
) -> None:
    place = data.draw(st.integers(0, len(parts)))
    with_it = [*parts[:place], pivot, *parts[place:]]
    assert adherence("\n".join(with_it)) >= adherence("\n".join(parts)) - 1e-12


def test_adherence_grows_until_the_reference_and_not_beyond_one() -> None:
    plain = [f"So I add number {i} to the sum of what we have up to here." for i in range(100)]
    values = []
    for every in (100, 50, 25, 10, 5, 2, 1):
        text = "\n".join(
            line if i % every else f"Wait, no. Let me check.\nAlternatively, now I see.\n{line}"
            for i, line in enumerate(plain)
        )
        values.append(adherence(text))
    assert values == sorted(values)
    assert values[-1] == pytest.approx(1)
    assert sum(WEIGHTS.values()) == pytest.approx(1)


def test_the_reference_traces_themselves_adhere(real_data: Path) -> None:
    texts = [
        split_response(one.text)
        for one in read_responses([str(real_data / "traces" / "sky-t1-correct-5k-14b" / "amc23.jsonl")])
    ]
    ended = [
        style_adherence(style_scores(split.trace, LEXICON), REFERENCE) for split in texts if split.closed
    ]
    assert np.mean(ended) > 0.6


@pytest.mark.parametrize(
    ("response", "expected"),
    [
        ("<think>3 + 4 = 7</think>The answer is 7.", 1.0),
        ("<think>3 + 4 = 7. So it is 7.</think>The answer is 9.", 0.0),
        ("<think>so x = \\frac{3}{2}</think>\\boxed{\\dfrac{3}{2}}", 1.0),
        ("<think>so x = \\frac{3}{2}</think>\\boxed{\\dfrac{5}{2}}", 0.0),
        ("<think>\\boxed{8}, with 7 in it</think>\\boxed{7}", 0.0),
        ("3 + 4 is 7. The answer is 7.", 1.0),
        ("3 + 4 is 8. The answer is 7.", 0.0),
        ("<think>3 + 4 = 7", None),
        ("The answer is 7.", None),
        ("<think>hm</think>no idea", None),
    ],
)
def test_answer_consistency(response: str, expected: float | None) -> None:
    assert answer_consistency(split_response(response)) == expected


def test_language_is_told() -> None:
    assert language_of("Wait, let me check.") == "en"
    assert language_of("等等，让我检查一下 3 + 4 = 7。") == "zh"
    assert language_of("") == "en"


def seconds(text: str) -> float:
    began = time.process_time()
    split = split_response(text)
    read_trace(split.trace, LEXICON)
    return time.process_time() - began


ADVERSARIAL = [
    "x",
    "wait ",
    "Wait. ",
    "<think>",
    "</think>",
    "let me ",
    "answer is ",
    "(",
    "1+(",
    "\n",
    " ",
    "1 + 1 = ",
    "= ",
    "\ud800",
    "\u0130",
    "等等，",
    "\\frac{",
    "\\boxed{",
    "```\n",
    "1,000",
]


@pytest.mark.parametrize("unit", ADVERSARIAL)
def test_time_grows_with_length_and_no_faster(unit: str) -> None:
    small, large = unit * (30_000 // len(unit)), unit * (600_000 // len(unit))
    seconds(small)
    # Twenty times the text may take twenty times as long; a quadratic scan would take four hundred.
    assert min(seconds(large) for _ in range(2)) < 90 * max(min(seconds(small) for _ in range(2)), 0.003)


ENGLISH, CHINESE = load_lexicon("en"), load_lexicon("zh")
PIECES = [
    *PLAIN,
    *PIVOTS,
    "\n",
    "\n\n",
    " ",
    "  ",
    "\t",
    "\0",
    "?",
    "= 7",
    " 2 + 2 = 4",
    "1. ",
    "# ",
    "**",
    "```",
    "\\[",
    "- ",
    "I see",
    "I ",
    "x",
    "...",
    "(",
    ":",
    "\u201cWait\u201d ",
    "\u7b49\u7b49\uff0c",
    "3 + 4 \u2248 7",
    "\ud800",
    "\u0130",
    "\u0663. ",
    "so the answer is 4",
    "let me ",
    " but",
    "x" * 301,
]
mixtures = st.one_of(
    st.lists(st.sampled_from(PIECES), max_size=30).map("".join),
    st.text(max_size=40),
    st.text(alphabet="\n ", max_size=5),
)


def everything(reading: StyleReading) -> list[object]:
    found, units, scores = reading.found, reading.units, reading.scores
    arrays = [
        *(
            getattr(phrases, name)
            for phrases in (found.pivots, found.cues)
            for name in ("phrases", "starts", "ends")
        ),
        found.openers,
        found.first_person,
    ]
    arrays += [units.starts, units.ends, units.breaks, reading.described, reading.unit_stages]
    return [
        *(array.tolist() for array in arrays),
        repr(scores),
        scores.features(),
        reading.text,
        reading.lexicon,
        reading.claims,
        reading.claim_spans,
        reading.stages,
    ]


def assert_alike(texts: list[str], flags: list[bool], languages: list[bool]) -> None:
    lexicons = [CHINESE if chinese else ENGLISH for chinese in languages]
    for reading, text, lexicon, closed in zip(
        read_traces(texts, lexicons, flags), texts, lexicons, flags, strict=True
    ):
        assert everything(reading) == everything(read_trace(text, lexicon, closed))


@given(st.lists(st.tuples(mixtures, st.booleans(), st.booleans()), max_size=12))
@settings(max_examples=300)
def test_many_traces_read_together_are_read_as_one_by_one(some: list[tuple[str, bool, bool]]) -> None:
    assert_alike(
        [text for text, _, _ in some], [closed for _, closed, _ in some], [chinese for _, _, chinese in some]
    )


def test_real_and_hostile_and_very_long_texts_read_together_are_read_as_one_by_one(real_data: Path) -> None:
    real = (
        split_response(one.text).trace
        for one in read_responses(
            [str(path) for path in sorted((real_data / "traces").glob("*/amc23.jsonl"))]
        )
    )
    texts = [
        *itertools.islice(real, 0, None, 5),
        *hostile_responses(150, seed=3),
        "",
        "\n\n",
        "Wait, 1 = 1.\n" * 60_000,
        "Let me check: 2 + 2 = 5. " * 500,
    ]
    assert_alike(texts, [i % 3 > 0 for i in range(len(texts))], [i % 7 == 6 for i in range(len(texts))])


def test_kinds_and_stages_are_the_papers() -> None:
    assert KINDS == ("realization", "verification", "exploration", "integration")
    assert STAGES == ("framing", "exploration", "verification", "synthesis")
