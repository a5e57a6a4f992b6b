from pathlib import Path

import pytest

import stylerep
from harness_ext.scoring.scores import METRICS, score

RESPONSE = (
    "<think>First, 2 + 3 = 5. Wait, let me check that: 5 - 3 = 3. So it is right.</think>\nThe answer is 5."
)


def test_a_response_is_judged_and_its_trace_read() -> None:
    found = stylerep.score(RESPONSE, answer="5")
    assert found.correct is True
    assert found.stated_answer == "5"
    assert [(pivot.kind, found.trace[pivot.start : pivot.end]) for pivot in found.pivots] == [
        ("realization", "Wait"),
        ("verification", "let me check"),
    ]
    assert [(true, found.trace[start:end]) for true, start, end in found.style.claims] == [
        (True, "2 + 3 = 5"),
        (False, "5 - 3 = 3"),
    ]
    assert found.style.stages[0][1] == 0
    assert found.style.stages[-1][2] == len(found.trace)
    assert str(found).startswith(
        "right (states 5); 20 words; 2 pivots (1 realization, 1 verification); stages: "
    )


def test_the_metrics_are_those_of_the_tasks() -> None:
    found = stylerep.score(RESPONSE, answer=5)
    assert dict(found.metrics) == score(RESPONSE, "5")
    assert tuple(found.metrics) == METRICS
    assert (
        found.metrics["style_adherence"]
        == found.style.adherence
        == stylerep.read_style(found.trace).adherence
    )


def test_without_an_answer_only_style_is_read() -> None:
    found = stylerep.score(RESPONSE)
    assert found.correct is None
    assert "acc" not in found.metrics
    assert found.metrics["pivot_density"] == pytest.approx(10)
    assert str(found).startswith("not judged (states 5)")


@pytest.mark.parametrize(
    ("response", "answer", "settings", "correct", "stated"),
    [
        ("<think>x</think>The answer is 6.", 5, {}, False, "6"),
        ("<think>never closed: 5", 5, {}, False, None),
        ("", 5, {}, False, None),
        ("The answer is (B).", "B", {"answer_type": "option"}, True, "B"),
        ("The answer is 2.", "B", {"answer_type": "option", "meta": {"options": ["1", "2"]}}, True, None),
        (r"Thus \boxed{\frac{1}{2}}", "0.5", {"answer_type": "latex"}, True, r"\frac{1}{2}"),
        ("The answer is 4.50.", 4.5, {}, True, "4.50"),
    ],
)
def test_answers_of_every_kind(
    response: str, answer: object, settings: dict[str, object], correct: bool, stated: str | None
) -> None:
    found = stylerep.score(response, answer, **settings)
    assert found.correct is correct
    if stated is not None or not correct:
        assert found.stated_answer == stated


def test_a_chinese_trace_is_read_with_its_lexicon() -> None:
    style = stylerep.read_style("等一下，让我检查一下：2 + 3 = 5。")
    assert style.language == "zh"
    assert style.pivots


def test_an_empty_trace_has_no_style() -> None:
    style = stylerep.read_style("")
    assert style.pivots == style.stages == ()
    assert str(style) == "0 words; 0 pivots; stages: none; adherence 0.00"
    assert str(stylerep.read_style("Wait.")).startswith("1 word; 1 pivot (1 realization); ")


def test_files_are_analyzed(tmp_path: Path) -> None:
    file = tmp_path / "traces.jsonl"
    file.write_text(
        '{"response": "<think>Wait, 1 + 1 = 2.</think>2", "is_correct": true}\n', encoding="utf-8"
    )
    one, many = stylerep.analyze(file), stylerep.analyze([file])
    assert len(one.scored) == len(many.scored) == 1
    assert one.signature == many.signature


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: stylerep.score(5), "response: expected a text, found 5"),  # type: ignore[arg-type]
        (lambda: stylerep.score("x", "5", answer_type="nope"), "answer_type is one of number, option"),
        (lambda: stylerep.score("x", True), "answer: expected a text or a number, found True"),
        (lambda: stylerep.read_style(b"x"), "trace: expected a text"),  # type: ignore[arg-type]
        (lambda: stylerep.read_style("x", language="xx"), "There is no lexicon for the language 'xx'"),
        (lambda: stylerep.read_style("x", reference="nope"), "nope: there is no such profile"),
        (lambda: stylerep.analyze("missing.jsonl"), "missing.jsonl"),
        (lambda: stylerep.analyze([]), "There is nothing to analyze"),
        (lambda: stylerep.load_problems("nope", n=1), "There is no problem source 'nope'"),
        (lambda: stylerep.render([], ["nope"]), "There is no arm 'nope'"),
        (lambda: stylerep.render([], dials={"nope": 1}), "There is no dial 'nope'"),
        (lambda: stylerep.render([], language="xx"), "There are no templates for the language 'xx'"),
    ],
)
def test_a_mistake_is_told_in_a_sentence(call: object, says: str) -> None:
    with pytest.raises(stylerep.StylerepError, match=says) as error:
        call()  # type: ignore[operator]
    assert "\n" not in str(error.value)


def test_a_notebook_shows_the_trace_with_its_pivots_marked_and_nothing_of_it_as_html() -> None:
    page = stylerep.read_style("1 < 2 <script>. Wait, it is.")._repr_html_()
    assert "1 &lt; 2 &lt;script&gt;. <b title=" in page
    assert 'title="realization"' in page
    assert ">Wait</b>, it is.</div>" in page
