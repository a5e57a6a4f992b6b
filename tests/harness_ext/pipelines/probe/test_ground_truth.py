"""Probes against models of which is known what their answers hang on: programs in a model's clothes."""

import re
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from sklearn.metrics import roc_auc_score

from distill.reading.reader import TreeReader
from harness_ext.pipelines.probe.forced_answers import ForcedAnswers
from harness_ext.pipelines.probe.items import ProbeItem, item_of_row
from harness_ext.pipelines.probe.report import ProbeReport, report_of
from harness_ext.pipelines.probe.run import probe_items
from harness_ext.pipelines.probe.sentences import sentences_of
from harness_ext.pipelines.probe.variants import variants_of
from tests.harness_ext.pipelines.probe.written_runs import problems_and_responses, sample_row

ITEMS = 200
_CERTAIN = 10.0
_EQUATION = re.compile(r"= (\d+)")


class Characters:
    """A tokenizer of one token a character, of 128 characters."""

    bos_token = None

    def __call__(self, text: str, add_special_tokens: bool = True) -> dict[str, list[int]]:
        return {"input_ids": [min(ord(letter), 127) for letter in text]}


class Program:
    """Writes, after "The answer is", the answer that a function gives of all before it, almost surely."""

    dtype = torch.float32

    def __init__(self, answer: Callable[[str, str], str]) -> None:
        self.config = SimpleNamespace(
            vocab_size=128, _attn_implementation="", get_text_config=lambda: self.config
        )
        self._answer = answer

    def eval(self) -> "Program":
        return self

    def get_input_embeddings(self) -> Any:
        return SimpleNamespace(weight=torch.zeros(1))

    def get_output_embeddings(self) -> None:
        return None

    def set_attn_implementation(self, name: str) -> None:
        raise ValueError("it is a program")

    def __call__(self, input_ids: torch.Tensor, logits_to_keep: Any = None, **_: Any) -> Any:
        text = "".join(chr(one) for one in input_ids[0].tolist())
        logits = torch.zeros(1, len(text), 128)
        before, asks, _ = text.rpartition("\n\nThe answer is")
        if asks:
            question, _, trace = before.partition("<think>")
            told = f" {self._answer(question, trace)}."
            start = len(before) + len(asks)
            for place in range(start, len(text) + 1):
                written = text[start:place]
                if told.startswith(written) and place - start < len(told):
                    logits[0, place - 1, ord(told[place - start])] = _CERTAIN
        return SimpleNamespace(logits=logits if logits_to_keep is None else logits[:, logits_to_keep])


def last_result(question: str, trace: str) -> str:
    """Follow the trace: the last result of an equation before the conclusion."""
    found = _EQUATION.findall(trace)
    return found[-1] if found else "0"


def knows(answers: dict[str, str]) -> Callable[[str, str], str]:
    """Ignore the trace."""
    return lambda question, trace: next((value for key, value in answers.items() if key in question), "0")


@pytest.fixture(scope="module")
def items() -> list[ProbeItem]:
    made = [
        item_of_row("arith", sample_row(number, problem, response))
        for number, (problem, response) in enumerate(problems_and_responses("arith", ITEMS, "sbs"))
    ]
    return [one for one in made if isinstance(one, ProbeItem)]


def probed(items: list[ProbeItem], answer: Callable[[str, str], str]) -> list[dict[str, Any]]:
    forced = ForcedAnswers(TreeReader(Program(answer)), Characters(), 1 << 20)
    answers = [one.answer for one in items]
    rows = []
    for number, item in enumerate(items):
        variants = [
            one
            for one in variants_of(item, items[number - 1], answers, 0)
            if one.probe in ("early", "none", "delete", "corrupt", "filler", "swap")
        ]
        rows += probe_items([item], [variants], forced)[0]
    return [{"run": "r", "arm": "sbs", **row} for row in rows]


def effects(report: ProbeReport) -> dict[tuple[str, str], Any]:
    return {(one.probe, one.kind): one for one in report.effects if not one.stage}


def test_probes_tell_steps_that_bear_the_answer_from_idle_ones(items: list[ProbeItem]) -> None:
    assert len(items) == ITEMS
    rows = probed(items, last_result)
    truth, found = [], []
    for item in items:
        own = sentences_of(item)
        bears = max(number for number, one in enumerate(own) if "=" in item.trace[one.start : one.end])
        for row in rows:
            if row["item"] == item.item and row["probe"] == "corrupt":
                truth.append(row["sentence"] == bears)
                found.append(row["effect"])
    assert roc_auc_score(truth, found) >= 0.9
    said = effects(report_of(rows))
    assert said["corrupt", "conclusion"].none
    assert said["corrupt", "step"].effect.estimate > 0.2
    assert said["filler", ""].effect.estimate > 0.5
    follows = said["corrupt", "step"].follows
    assert follows is not None
    assert follows > 0.95  # an earlier step may give the number that the answer is
    early = report_of(rows).early[0]
    assert early.reached[-1] == 1.0
    assert early.reached[2] < 0.1


def test_a_model_that_ignores_its_trace_shows_no_effect(items: list[ProbeItem]) -> None:
    rows = probed(items, knows({item.question: item.answer for item in items}))
    report = report_of(rows)
    assert [(one.probe, one.kind) for one in report.effects if not one.none] == []
    assert report.early[0].reached == (1.0,) * 11
