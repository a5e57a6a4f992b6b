"""What a student writes follows from its weights and each prompt's seed alone."""

import random
from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import AutoModelForCausalLM

from distill.training.fast.attention import NAME
from distill.training.opd.writing import Prompt, StudentWriter, _drawn
from synth.errors import StylerepError
from tests.distill.tiny_families import SHAPES, build

PROMPTS = [
    Prompt([5, 60, 70, 80, 9], 30, "a"),
    Prompt([7], 12, "b"),
    Prompt([5, 60, 71], 30, "c"),
    Prompt(list(range(20, 60)), 1, "d"),
]


def one_by_one(model: Any, prompt: Prompt, ends: frozenset[int], temperature: float, width: int) -> list[int]:
    """Write a response with no cache and nothing beside it."""
    draws, ids = random.Random(prompt.seed), list(prompt.ids)
    while len(ids) < len(prompt.ids) + prompt.limit and (len(ids) == len(prompt.ids) or ids[-1] not in ends):
        scores = model(torch.tensor([ids])).logits[:, -1, :width] / temperature
        ids.append(int(_drawn(scores, [draws.random()])))
    return ids[len(prompt.ids) :]


@pytest.mark.parametrize("name", ["llama3", "gpt2", "gemma3", "mistral", "smollm2"])
@torch.no_grad()
def test_prompts_together_are_written_as_each_alone(name: str, tmp_path: Path) -> None:
    torch.manual_seed(2)
    model = AutoModelForCausalLM.from_pretrained(build(SHAPES[name], tmp_path), dtype=torch.float32).eval()
    usual = model.config._attn_implementation
    width = 200
    ends = frozenset(range(0, 200, 9))
    told: list[int] = []
    found = StudentWriter(model, 0.8, width, ends, usual).write(PROMPTS, told.append)
    assert found == [one_by_one(model, prompt, ends, 0.8, width) for prompt in PROMPTS]
    assert len({len(response) for response in found}) > 1
    assert any(response[-1] in ends for response in found)
    assert all(token < width for response in found for token in response)
    assert told == sorted(told)
    assert told[-1] == sum(map(len, found))
    assert StudentWriter(model, 0.8, width, ends, usual).write(PROMPTS[2:3]) == found[2:3]
    other = Prompt(PROMPTS[0].ids, 30, "another seed")
    assert StudentWriter(model, 0.8, width, ends, usual).write([other]) != found[:1]


def test_the_model_is_left_as_it_was(tiny_model: Path) -> None:
    model = AutoModelForCausalLM.from_pretrained(tiny_model).train()
    usual = model.config._attn_implementation
    model.set_attn_implementation(NAME)
    StudentWriter(model, 1.0, 260, frozenset({1}), usual).write(PROMPTS[:2])
    assert model.training
    assert model.config._attn_implementation == NAME


def test_a_model_that_keeps_nothing_is_refused(tiny_model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model = AutoModelForCausalLM.from_pretrained(tiny_model)
    monkeypatch.setattr("distill.training.opd.writing.cache_argument", lambda _: "memory")
    with pytest.raises(StylerepError, match=r"student that writes did not take: .* 0 of 5 tokens were kept"):
        StudentWriter(model, 1.0, 260, frozenset({1}), "sdpa").write(PROMPTS[:2])


def test_tokens_are_drawn_by_their_shares() -> None:
    scores = torch.tensor([0.2, 0.0, 0.5, 0.3]).log().expand(1000, -1)
    found = _drawn(scores, [(number + 0.5) / 1000 for number in range(1000)])
    assert found.bincount(minlength=4).tolist() == [200, 0, 500, 300]
    assert _drawn(scores[:1], [1 - 2**-53]).item() == 3
