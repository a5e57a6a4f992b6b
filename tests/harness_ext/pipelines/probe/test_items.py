"""What of a run can be probed, whatever a model has written."""

from pathlib import Path
from typing import Any

import pytest

from harness_ext.pipelines.probe.items import CUT_OFF, NO_PROMPT, NO_TRACE, ProbeItem, item_of_row, read_items
from harness_ext.pipelines.probe.sentences import sentences_of
from synth.errors import StylerepError
from synth.problems import Problem
from tests.harness_ext.pipelines.probe.written_runs import problems_and_responses, sample_row, write_run

PROBLEM = Problem("p", "s", "Ann has 3 pens and buys 4. How many?", "7", "number", ())


def item(response: str, prompt: str | None = None) -> ProbeItem | str:
    return item_of_row("t", sample_row(0, PROBLEM, response, prompt))


@pytest.mark.parametrize(
    ("response", "prompt", "opening", "trace", "closing", "stated"),
    [
        (
            "<think>\n3 + 4 = 7.\n</think>\n\nThe answer is 7.",
            None,
            "<think>\n",
            "3 + 4 = 7.",
            "\n</think>",
            "7",
        ),
        ("<think>\n3 + 4 = 7.\n</think>\n\nIt is 8.", "Q<think>\n", "", "3 + 4 = 7.", "\n</think>", "8"),
        ("3 + 4 = 7.</think>The answer is 7.", "Q<think>", "", "3 + 4 = 7.", "</think>", "7"),
        ("[THINK]3 + 4 = 7.[/THINK]The answer is 7.", None, "[THINK]", "3 + 4 = 7.", "[/THINK]", "7"),
        ("3 + 4 = 7. So it fits.\n\nThe answer is 7.", None, "", "3 + 4 = 7. So it fits.", "", "7"),
        (
            "First 3. The answer is 7. I am glad that I found this so soon.",
            *(None, "", "First 3.", "", "7"),
        ),
        ("<think>3 + 4 = 7.</think>", None, "<think>", "3 + 4 = 7.", "</think>", None),
    ],
)
def test_a_response_is_taken_apart(
    response: str, prompt: str | None, opening: str, trace: str, closing: str, stated: str | None
) -> None:
    found = item(response, prompt)
    assert isinstance(found, ProbeItem), found
    assert (found.opening, found.trace, found.closing, found.stated) == (opening, trace, closing, stated)
    assert found.right == (stated == "7")
    assert found.wanted == "7"


@pytest.mark.parametrize(
    ("response", "why"),
    [
        ("<think>3 + 4 = 7. And so", CUT_OFF),
        ("The answer is 7.", NO_TRACE),
        ("<think>\n\n</think>\n\nThe answer is 7.", NO_TRACE),
        ("", NO_TRACE),
        ("   \n ", NO_TRACE),
    ],
)
def test_what_cannot_be_probed_is_counted_by_its_reason(response: str, why: str) -> None:
    assert item(response) == why


@pytest.mark.parametrize(
    "change", [{"arguments": None}, {"arguments": {"gen_args_0": {}}}, {"resps": []}, {"resps": [[None]]}]
)
def test_a_row_without_prompt_or_response_is_counted(change: dict[str, Any]) -> None:
    assert item_of_row("t", {**sample_row(0, PROBLEM, "x"), **change}) == NO_PROMPT


def test_a_run_without_any_trace_is_refused_in_a_sentence(tmp_path: Path) -> None:
    run = write_run(tmp_path / "run", [sample_row(0, PROBLEM, "The answer is 7.")])
    with pytest.raises(
        StylerepError, match="no response in it can be probed \\(1 times there is no trace\\)"
    ):
        read_items(run)
    with pytest.raises(StylerepError, match="there is no such run folder"):
        read_items(tmp_path / "run" / "none")


@pytest.mark.parametrize("source", ["arith", "chain", "kg", "kinship"])
@pytest.mark.parametrize("arm", ["hc", "sbs", "dots", "swap"])
def test_sentences_are_the_trace_and_the_proof_is_found_in_it(source: str, arm: str) -> None:
    for number, (problem, response) in enumerate(problems_and_responses(source, 6, arm, 100)):
        found = item_of_row("t", sample_row(number, problem, response))
        assert isinstance(found, ProbeItem)
        assert found.right
        own = sentences_of(found)
        assert "".join("".join(found.trace[one.start : one.end].split()) for one in own) == "".join(
            found.trace.split()
        )
        if source == "chain" and arm in ("hc", "sbs"):
            steps = [one.proof for one in own if one.kind == "step" and one.proof is not None]
            assert set(steps) == set(range(int(problem.meta["hops"])))
        if arm == "sbs":
            assert own[-1].kind == "conclusion"


def test_a_sentence_is_of_the_kind_that_it_is() -> None:
    trace = (
        "The problem gives 3 pens and asks how many.\n\nAnn buys four more: 3 + 4 = 7 pens.\n\nThat would be"
        " 3 + 4 = 8.\n\nWait, as I said, Ann buys four more: 3 + 4 = 7 pens.\n\nLet me check: 7 - 4 = 3.\n\n"
        "So the answer is 7."
    )
    found = item(f"<think>\n{trace}\n</think>\n\nThe answer is 7.")
    assert isinstance(found, ProbeItem)
    kinds = {trace[one.start : one.end][:14]: one.kind for one in sentences_of(found)}
    assert kinds["Ann buys four "] == "step"
    assert kinds["That would be "] == "wrong_turn"
    assert kinds["Wait, as I sai"] == "restatement"
    assert kinds["Let me check: "] == "check"
    assert kinds["So the answer "] == "conclusion"
