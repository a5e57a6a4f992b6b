"""Scores of many sequences read as a tree are those of each read alone."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from distill.models.loading import load_model
from distill.reading.reader import TreeReader
from distill.reading.token_tree import WantedTokens, in_order, in_passes, lay_out
from synth.errors import StylerepError
from tests.distill.tiny_families import SHAPES, build

TOKENS = st.lists(st.integers(0, 2), min_size=2, max_size=9)
SEQUENCES = [
    WantedTokens([5, 6, 7, 8, 9, 10, 11, 12], 4),
    WantedTokens([5, 6, 7, 8, 9, 13], 5),
    WantedTokens([5, 6, 7, 20, 21], 1),
    WantedTokens([5, 6, 7, 8, 9, 10, 11, 12], 7),
    WantedTokens([30, 31], 1),
    WantedTokens([5, 6, 7, 8, 9, 13, 14, 15, 16, 17, 18, 19, 20], 6),
]


def model_of(family: str, folder: Path) -> Any:
    torch.manual_seed(0)
    return load_model(str(build(SHAPES[family], folder)), torch.float32)


def alone(model: Any, one: WantedTokens) -> tuple[list[float], list[int]]:
    """Surprisal and rank, one sequence at a time, as in the books."""
    with torch.no_grad():
        logits = model(input_ids=torch.tensor([one.ids])).logits[0].double()
    logs = logits.log_softmax(-1)
    places = [(place - 1, one.ids[place]) for place in range(one.start, len(one.ids))]
    return (
        [-logs[row, token].item() for row, token in places],
        [int((logits[row] > logits[row, token]).sum()) + 1 for row, token in places],
    )


@pytest.mark.parametrize("family", ["smollm2", "gemma3", "qwen3", "gpt2", "gpt_neox", "granite", "phi3"])
@pytest.mark.parametrize("tokens", [2048, 9])
def test_a_tree_is_read_as_its_sequences_are(family: str, tokens: int, tmp_path: Path) -> None:
    model = model_of(family, tmp_path)
    reader = TreeReader(model, tokens)
    for one, found in zip(SEQUENCES, reader.scores(SEQUENCES), strict=True):
        surprisal, ranks = alone(model, one)
        np.testing.assert_allclose(found.surprisal, surprisal, atol=2e-5)
        assert found.ranks.tolist() == ranks
    assert reader.note == ""
    assert reader._head is not None
    assert (reader.passes == 1) == (tokens == 2048)


@pytest.mark.parametrize(("window", "softcap"), [(4, None), (None, 2.0), (4, 2.0)])
def test_windows_and_caps_are_kept(window: int | None, softcap: float | None) -> None:
    from transformers import Gemma2Config, Gemma2ForCausalLM

    torch.manual_seed(0)
    config = Gemma2Config(
        vocab_size=64,
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        head_dim=8,
        sliding_window=window or 4096,
        attn_logit_softcapping=softcap,
    )
    model = Gemma2ForCausalLM._from_config(config, attn_implementation="eager")
    reader = TreeReader(model)
    for one, found in zip(SEQUENCES, reader.scores(SEQUENCES), strict=True):
        np.testing.assert_allclose(found.surprisal, alone(model, one)[0], atol=2e-5)
    assert reader.note == ""
    assert reader._head is not None


def test_a_model_that_takes_no_tree_is_read_sequence_by_sequence(tmp_path: Path) -> None:
    model = model_of("smollm2", tmp_path)
    inner = model.model.layers[1].self_attn.forward

    def shifted(*args: Any, **named: Any) -> Any:
        out, weights = inner(*args, **named)
        return (out if model.config._attn_implementation == "sdpa" else out * 3), weights

    model.model.layers[1].self_attn.forward = shifted
    reader = TreeReader(model)
    found = reader.scores(SEQUENCES)
    assert "would be off by" in reader.note
    np.testing.assert_allclose(found[1].surprisal, alone(model, SEQUENCES[1])[0], atol=2e-5)


def test_scores_that_a_model_alters_after_its_head_are_its_own(tmp_path: Path) -> None:
    model = model_of("granite", tmp_path)
    model.config.logits_scaling = 4.0
    reader = TreeReader(model)
    found = reader.scores(SEQUENCES)
    assert reader.note == ""
    assert reader._head is None
    np.testing.assert_allclose(found[1].surprisal, alone(model, SEQUENCES[1])[0], atol=2e-5)


def test_a_broken_model_is_told(tmp_path: Path) -> None:
    model = model_of("smollm2", tmp_path)
    model.lm_head.weight.data[:] = float("nan")
    with pytest.raises(StylerepError, match="is the model whole"):
        TreeReader(model).scores(SEQUENCES)


def test_what_is_shared_is_read_once() -> None:
    tree = lay_out([SEQUENCES[number] for number in in_order(SEQUENCES)])
    assert sorted(tree.ids) == sorted([5, 6, 7, 8, 9, 10, 11, 13, 14, 15, 16, 17, 18, 19, 20, 30])


@given(st.lists(TOKENS, min_size=1, max_size=12), st.integers(1, 12), st.integers(1, 12))
def test_every_sequence_finds_its_tokens_in_the_tree(
    texts: list[list[int]], tokens: int, wanted: int
) -> None:
    sequences = [WantedTokens(ids, 1) for ids in texts]
    passes = list(in_passes(sequences, in_order(sequences), tokens, wanted))
    assert sorted(number for part in passes for number in part) == list(range(len(texts)))
    for part in passes:
        tree = lay_out([sequences[number] for number in part])
        assert len(part) == 1 or sum(len(texts[number]) - 1 for number in part) <= wanted
        for number, places in zip(part, tree.places, strict=True):
            assert [tree.ids[place] for place in places] == texts[number][:-1]
            assert [tree.positions[place] for place in places] == list(range(len(texts[number]) - 1))
            last = next(branch for branch in tree.branches if branch.start <= places[-1] < branch.stop)
            before = [place for place in places if place < last.start]
            assert [*before, *range(last.start, places[-1] + 1)] == places
            assert len(before) == last.before
