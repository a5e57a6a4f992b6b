import itertools
import random
import statistics
import time
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from synth.errors import StylerepError
from synth.grading.explanation import Explanation, explanation_scores, has_proof
from synth.grading.explanation.mentions import sentences
from synth.problems import load_problems
from synth.traces.rendering import render

SOURCES = ("kg", "kinship", "chain", "claims")

NORA: dict[str, Any] = {
    "proof": [
        ["Nora", "birthplace", "Velmora"],
        ["Velmora", "country", "Karonia"],
        ["Karonia", "language", "Velish"],
    ],
    "facts_stated": [
        ["Pia", "birthplace", "Torsund"],
        ["Velmora", "country", "Karonia"],
        ["Nora", "mentor", "Pia"],
        ["Torsund", "country", "Malavia"],
        ["Karonia", "language", "Velish"],
        ["Velmora", "mayor", "Otto"],
        ["Nora", "birthplace", "Velmora"],
        ["Otto", "employer", "Haltec"],
    ],
    "rules": [["crest", "birthplace", "country"]],
}
IDA: dict[str, Any] = {
    "proof": [["Ida", "mother", "Paul"], ["Rosa", "daughter", "Paul"]],
    "facts_stated": [
        ["Otto", "husband", "Ida"],
        ["Rosa", "daughter", "Paul"],
        ["Nils", "brother", "Rosa"],
        ["Ida", "mother", "Paul"],
        ["Vera", "wife", "Nils"],
    ],
    "women": ["Ida", "Rosa", "Vera"],
}
A9: dict[str, Any] = {
    "proof": [["A9", "leads to", "D8"], ["D8", "leads to", "K2"]],
    "facts_stated": [
        ["D8", "leads to", "K2"],
        ["T5", "leads to", "M3"],
        ["A9", "leads to", "D8"],
        ["K2", "leads to", "R4"],
        ["M3", "leads to", "B1"],
    ],
}
OPEN: dict[str, Any] = {
    "proof": [["Nora", "birthplace", "Velmora"]],
    "missing": ["Velmora", "country"],
    "facts_stated": [
        ["Pia", "birthplace", "Torsund"],
        ["Torsund", "country", "Malavia"],
        ["Nora", "birthplace", "Velmora"],
        ["Velmora", "mayor", "Otto"],
        ["Malavia", "language", "Velish"],
    ],
    "rules": [["crest", "birthplace", "country"]],
}


def counts(trace: str, meta: Mapping[str, Any]) -> tuple[int, int, int]:
    found = explanation_scores(trace, meta)
    assert found.stated == found.matched + found.beside + found.false
    assert 0 <= found.f1 <= 1
    return found.matched, found.beside, found.false


@pytest.mark.parametrize(
    ("trace", "expected"),
    [
        ("Nora was born in Velmora. Velmora lies in Karonia. Karonia has Velish as its language.", (3, 0, 0)),
        (
            (
                "1. Nora's birthplace is **Velmora**.\n2. Velmora is a city in **Karonia**.\n3. The language"
                " of Karonia is **Velish**.\n\nSo: Velish."
            ),
            (3, 0, 0),
        ),
        ("Nora → born in Velmora → located in Karonia → language: Velish", (3, 0, 0)),
        (
            "- Birthplace of Nora: Velmora\n- Country of Velmora: Karonia\n- Language of Karonia: Velish",
            (3, 0, 0),
        ),
        ("birthplace(Nora) = Velmora, country(Velmora) = Karonia and language(Karonia) = Velish", (3, 0, 0)),
        (
            (
                "| Nora | birthplace | Velmora |\n| Velmora | country | Karonia |\n| Karonia | language |"
                " Velish |"
            ),
            (3, 0, 0),
        ),
        ("Okay, so Nora hails from Velmora, which is in Karonia, where Velish is spoken.", (3, 0, 0)),
        (
            (
                "Since Velmora is where Nora was born and Velmora is located in Karonia, her crest is"
                " Karonia. People in Karonia speak Velish."
            ),
            (3, 0, 0),
        ),
        ("Nora was born in Velmora. This city is in Karonia. Its language is Velish.", (3, 0, 0)),
        ("Nora (born in Velmora). It lies in Karonia. Its language is Velish.", (3, 0, 0)),
        (
            (
                "Karonia's official language is Velish; Velmora belongs to Karonia; Velmora is Nora's"
                " birthplace."
            ),
            (3, 0, 0),
        ),
        (
            "The crest of a person is the country of their birthplace, so the crest of Nora is Karonia.",
            (0, 0, 0),
        ),
        ("Nora was born in Velmora, so the crest of Nora is Malavia.", (1, 0, 1)),
        ("Nora was born in Torsund.", (0, 0, 1)),
        ("Nora was born in Torsund. No, that is Pia. Nora was born in Velmora.", (1, 0, 0)),
        ("Nora was not born in Torsund.", (0, 0, 0)),
        ("Was Nora born in Torsund? Was Nora born in Velmora?", (0, 0, 0)),
        ("Maybe Nora was born in Torsund.", (0, 0, 0)),
        (
            (
                "Nora was born in Velmora. Again: the birthplace of Nora is Velmora. Velmora is the"
                " birthplace of Nora."
            ),
            (1, 0, 0),
        ),
        ("Nora was born in Velmora, and Nora is mentored by Pia.", (1, 1, 0)),
        ("Pia is mentored by Nora.", (0, 0, 1)),
        ("Nora is the mayor of Velmora.", (0, 0, 1)),
        ("Nora, Velmora, Karonia, Velish.", (0, 0, 0)),
        ("Nora thinks of Velmora. Karonia and Velish come to mind.", (0, 0, 0)),
        ("The mayor of Velmora is Otto, who works for Haltec.", (0, 2, 0)),
        ("Otto is the mayor of Velmora and works for Haltec.", (0, 2, 0)),
        ("Nothing is said about the birthplace of Nora.", (0, 0, 1)),
        ("No other city is given as the birthplace of Nora.", (0, 0, 0)),
        ("We need Nora's birthplace. The facts tell us that it is Velmora.", (0, 0, 0)),
    ],
)
def test_explanations_over_a_knowledge_graph(trace: str, expected: tuple[int, int, int]) -> None:
    assert counts(trace, NORA) == expected


@pytest.mark.parametrize(
    ("trace", "expected"),
    [
        ("Ida is the mother of Paul. Rosa is the daughter of Paul. So Ida is Rosa's grandmother.", (2, 0, 0)),
        ("Paul's mother is Ida, and Paul has a daughter named Rosa.", (2, 0, 0)),
        (
            (
                "- **Ida** → mother of **Paul**\n- **Paul** → father of **Rosa**\n\nHence Ida → grandmother"
                " of Rosa."
            ),
            (2, 0, 0),
        ),
        ("Paul is Ida's son and Rosa's father, which makes Ida Rosa's grandmother.", (2, 0, 0)),
        ("Since Ida is Paul's mother and Paul is Rosa's parent, she is her grandmother.", (2, 0, 0)),
        ("Ida (Paul's mother) is married to Otto.", (1, 1, 0)),
        (
            "If Ida is the mother of Paul, and Rosa is a child of Paul, then Ida is the grandmother of Rosa.",
            (2, 0, 0),
        ),
        ("Ida has a son, Paul. His daughter is Rosa.", (2, 0, 0)),
        ("Ida is the mother of Paul. He is the father of Rosa.", (2, 0, 0)),
        ("Ida and Otto are the parents of Paul.", (1, 0, 0)),
        ("Rosa and Nils are siblings.", (0, 1, 0)),
        ("Rosa and Nils are married.", (0, 0, 1)),
        ("Ida is the mother of Paul's daughter Rosa.", (1, 0, 0)),
        ("The mother of Paul's brother is Ida.", (0, 0, 0)),
        ("Ida is the sister of Paul. Hmm, no: Ida is the mother of Paul.", (1, 0, 0)),
        ("Paul is the mother of Ida.", (0, 0, 1)),
        ("Ida is the father of Paul.", (0, 0, 1)),
        ("Ida is Rosa's aunt.", (0, 0, 1)),
        ("Given that Ida is Paul's mother, Otto is Ida's husband.", (1, 1, 0)),
        ("Paul's mother, Ida, and his daughter, Rosa.", (2, 0, 0)),
        ("Ida is not Rosa's aunt but her grandmother.", (0, 0, 0)),
        ("Is Ida the mother of Paul?", (0, 0, 0)),
        ("Ida is the great grandmother of Paul.", (0, 0, 1)),
        ("Vera is the sister in law of Rosa.", (0, 0, 0)),
        ("The mother of a parent is a grandmother.", (0, 0, 0)),
        ("Rosa --(daughter of)--> Paul --(son of)--> Ida", (2, 0, 0)),
        ("Rosa is the daughter of Paul and Ida is his mother.", (2, 0, 0)),
    ],
)
def test_explanations_over_a_family(trace: str, expected: tuple[int, int, int]) -> None:
    assert counts(trace, IDA) == expected


@pytest.mark.parametrize(
    ("trace", "expected"),
    [
        ("A9 -> D8, D8 -> K2. The answer is K2.", (2, 0, 0)),
        ("A9 → D8 → K2", (2, 0, 0)),
        (r"$A9 \to D8 \rightarrow K2$", (2, 0, 0)),
        ("From A9 we go to D8. From D8 we go to K2.", (2, 0, 0)),
        ("Start at A9.\n- Step 1: A9 leads to D8\n- Step 2: D8 leads to K2", (2, 0, 0)),
        ("Start at A9. It leads to D8, which in turn leads to K2.", (2, 0, 0)),
        ("After A9 comes D8, and after D8 comes K2.", (2, 0, 0)),
        ("K2 follows D8, and D8 is reached from A9.", (2, 0, 0)),
        ("(A9, D8), then (D8, K2)", (2, 0, 0)),
        ("We begin at A9 and jump to D8. From there we move to K2.", (2, 0, 0)),
        ("A9 -> D8 -> K2 -> R4", (2, 1, 0)),
        ("A9 leads to K2 after two steps.", (0, 0, 0)),
        ("A9 leads to M3.", (0, 0, 1)),
        ("A9 leads to M3. Wait, A9 leads to D8.", (1, 0, 0)),
        ("D8 leads to A9.", (0, 0, 1)),
        ("A9 does not lead to M3.", (0, 0, 0)),
        ("The symbols are A9, D8, K2 and M3.", (0, 0, 0)),
    ],
)
def test_explanations_over_a_chain(trace: str, expected: tuple[int, int, int]) -> None:
    assert counts(trace, A9) == expected


@pytest.mark.parametrize(
    ("trace", "expected"),
    [
        (
            (
                "Nora was born in Velmora. No sentence tells the country of Velmora, so there is not enough"
                " evidence."
            ),
            (2, 0, 0),
        ),
        ("Nora's birthplace is Velmora, but the country of Velmora is not given.", (2, 0, 0)),
        ("We don't know which country Velmora belongs to.", (1, 0, 0)),
        ("Velmora's country is unknown.", (1, 0, 0)),
        ("There is no information about Velmora's country.", (1, 0, 0)),
        ("Nora was born in Velmora. Velmora lies in Malavia.", (1, 0, 1)),
        ("There is not enough evidence.", (0, 0, 0)),
        ("", (0, 0, 0)),
        ("The country of Torsund is not given.", (0, 0, 1)),
        ("The facts do not say where Nora was born.", (0, 0, 1)),
    ],
)
def test_what_is_missing_is_a_step_where_there_is_not_enough_evidence(
    trace: str, expected: tuple[int, int, int]
) -> None:
    assert counts(trace, OPEN) == expected


def test_the_formula() -> None:
    found = explanation_scores(
        "Nora was born in Velmora. Velmora lies in Karonia. Nora has Pia as a mentor. Karonia pays with"
        " Velish. Otto was born in Velmora.",
        NORA,
    )
    assert (found.matched, found.beside, found.false, found.needed) == (2, 1, 1, 3)
    assert (found.precision, found.recall, found.f1) == (
        2 / 4,
        2 / 3,
        pytest.approx(2 * (1 / 2) * (2 / 3) / (1 / 2 + 2 / 3)),
    )
    assert explanation_scores("", NORA) == Explanation(0, 0, 0, 0, 0, 0, 0, 3)


FACTS = (
    "Pia was born in Torsund",
    "Velmora lies in Karonia",
    "Nora has Pia as a mentor",
    "Torsund is a city in Malavia",
    "Velish is spoken in Karonia",
    "Otto is the mayor of Velmora",
    "Nora was born in Velmora",
    "Otto works for Haltec",
)


def test_to_copy_the_question_is_no_explanation() -> None:
    copied = ". ".join(FACTS) + "."
    assert explanation_scores(copied, NORA).f1 == 0
    explained = (
        copied + "\n\nNora was born in Velmora. Velmora lies in Karonia. There Velish is spoken in Karonia."
    )
    assert explanation_scores(explained, NORA).f1 == 1
    mixed = ". ".join(FACTS[i] for i in (6, 3, 0, 5, 1, 7, 4, 2)) + "."
    assert counts(mixed, NORA) == (3, 5, 0)


def test_arms_of_our_own_traces() -> None:
    arms = ["sbs", "hc", "hc_len", "delete=0.67", "swap", "dots"]
    for source in SOURCES:
        problems = list(load_problems(f"{source}:test", 100))
        rows = render(problems, arms)
        mean = {
            arm: statistics.mean(
                explanation_scores(row[arm].trace, problem.meta).f1
                for problem, row in zip(problems, rows, strict=True)
            )
            for arm in arms
        }
        assert mean["sbs"] > 0.99
        assert mean["hc_len"] > 0.98
        assert mean["sbs"] >= mean["hc"] > 0.84
        assert 0.4 < mean["delete=0.67"] < 0.8
        assert mean["swap"] < 0.02
        assert mean["dots"] == 0


def test_one_step_less_lowers_recall_and_one_false_step_precision() -> None:
    for source in SOURCES:
        problems = list(load_problems(f"{source}:train", 60))
        rows = render(problems, ["sbs"])
        for problem, row in zip(problems, rows, strict=True):
            whole = explanation_scores(row["sbs"].trace, problem.meta)
            fewer = [
                explanation_scores("\n\n".join(kept), problem.meta).recall
                for kept in _each_left_out(row["sbs"].trace.split("\n\n"))
            ]
            assert max(fewer) <= whole.recall
            assert min(fewer) < whole.recall
            turns = [turn.text for step in problem.steps for turn in step.wrong_turns]
            false = [explanation_scores(f"{row['sbs'].trace}\n\n{turn}", problem.meta) for turn in turns]
            assert all(one.precision <= whole.precision and one.recall == whole.recall for one in false)


def _each_left_out(parts: list[str]) -> list[list[str]]:
    return [[part for j, part in enumerate(parts) if j != i] for i in range(len(parts))]


def test_wording_of_names_order_of_sentences_and_markup_do_not_count() -> None:
    rng = random.Random(0)
    for source in SOURCES:
        problems = list(load_problems(f"{source}:validation", 40))
        for problem, row in zip(problems, render(problems, ["sbs"]), strict=True):
            trace = row["sbs"].trace
            parts = trace.split("\n\n")
            marked = trace
            for thing in {thing for edge in problem.meta["proof"] for thing in (edge[0], edge[2])}:
                marked = marked.replace(thing, f"**{thing}**")
            lists = "\n".join(f"{i}. {part}" for i, part in enumerate(rng.sample(parts, len(parts)), 1))
            score = explanation_scores(trace, problem.meta)
            assert explanation_scores(marked, problem.meta) == score
            assert explanation_scores(lists, problem.meta).matched == score.matched


def test_problems_without_a_proof_are_refused() -> None:
    meta = next(iter(load_problems("arith:test", 1))).meta
    assert not has_proof(meta)
    with pytest.raises(StylerepError, match="proof"):
        explanation_scores("Nora was born in Velmora.", meta)


@settings(max_examples=150, deadline=None)
@given(
    st.lists(
        st.one_of(
            st.sampled_from(
                "Nora Velmora Karonia Velish Pia is the mother of 's born in not ? . \n , and it his ( ) ->"
                " Ida Paul A9 D8".split(" ")
            ),
            st.text(max_size=8),
        )
    )
)
def test_any_text_has_a_score(words: list[str]) -> None:
    for meta in (NORA, IDA, A9, OPEN):
        found = explanation_scores(" ".join(words) + "\ud800", meta)
        assert 0 <= found.f1 <= 1


HOSTILE = [
    "Nora Velmora ",
    "Nora and ",
    "Nora was born in Velmora. ",
    "'s mother ",
    "Nora's ",
    "of the ",
    "it ",
    "(",
    "great ",
    "\n",
    "Nora not known ",
    ", ",
    "a" * 50,
    "\udcff",
    "A9 ",
]


@pytest.mark.parametrize("piece", HOSTILE)
def test_time_is_linear(piece: str) -> None:
    for meta in (NORA, IDA, A9):
        begin = time.process_time()
        explanation_scores(piece * (300_000 // len(piece)), meta)
        explanation_scores("Nora " + piece * (300_000 // len(piece)) + " Velmora", meta)
        assert time.process_time() - begin < 4


def test_meta_has_all_facts_in_the_order_of_the_question() -> None:
    for source in SOURCES:
        for problem in itertools.islice(load_problems(f"{source}:train", 100), 100):
            facts = [tuple(edge) for edge in problem.meta["facts_stated"]]
            assert {tuple(edge) for edge in problem.meta["proof"]} <= set(facts)
            assert len(set(facts)) == len(facts)
            assert all(edge[0] in problem.question and edge[2] in problem.question for edge in facts)
            if source != "chain":
                sentences = problem.question.split(". ")
                at = [
                    next((i for i, one in enumerate(sentences) if edge[0] in one and edge[2] in one), 0)
                    for edge in facts
                ]
                assert len(at) == len(facts)


@pytest.mark.parametrize("mark", [".", "!", "?", "。", "?!"])
def test_a_row_of_marks_takes_time_in_its_length(mark: str) -> None:
    row = mark * 20_000 + "x"
    began = time.process_time()
    assert list(sentences(f"One? {row} Two.")) == [(4, True), (len(row) + 10, False), (len(row) + 10, False)]
    assert time.process_time() - began < 1
