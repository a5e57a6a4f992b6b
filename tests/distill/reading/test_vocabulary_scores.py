"""Scores a block of the vocabulary at a time are those of the whole vocabulary."""

from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from distill.reading.vocabulary_scores import (
    HeadScores,
    OutputHead,
    WholeScores,
    output_head,
    surprisal_and_ranks,
)
from synth.errors import StylerepError

CPU = torch.device("cpu")


def head_of(vocabulary: int, softcap: float | None = None, dtype: torch.dtype = torch.float32) -> OutputHead:
    torch.manual_seed(0)
    return OutputHead(nn.Linear(16, vocabulary, dtype=dtype), softcap)


@pytest.mark.parametrize("vocabulary", [50, 1024, 2500])
@pytest.mark.parametrize("softcap", [None, 3.0])
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_blocks_make_up_the_vocabulary(vocabulary: int, softcap: float | None, dtype: torch.dtype) -> None:
    head = head_of(vocabulary, softcap, dtype)
    states = torch.randn(9, 16).to(dtype) * 3
    rng = np.random.default_rng(0)
    asked = [(int(rng.integers(9)), int(rng.integers(vocabulary))) for _ in range(600)]
    with torch.inference_mode():
        whole = HeadScores(states, head).block(0, vocabulary)
        for scores in (HeadScores(states, head), WholeScores(whole)):
            surprisal, ranks = surprisal_and_ranks(scores, asked, CPU)
            places, tokens = torch.tensor(asked).T
            logits = whole[places].double()
            own = logits.gather(1, tokens[:, None])
            expected = logits.logsumexp(1) - own[:, 0]
            np.testing.assert_allclose(surprisal, expected, atol=1e-4 if dtype == torch.float32 else 0.05)
            true = (logits > own).sum(1).numpy() + 1
            assert (ranks == true).mean() > 0.98  # neighbours may be rounded to one score, or apart
            assert np.abs(ranks - true).max() <= 8


def test_a_token_far_below_the_others_has_its_surprisal() -> None:
    logits = torch.zeros(2, 3000)
    logits[0, 5], logits[1, 7] = -500.0, 400.0
    surprisal, ranks = surprisal_and_ranks(WholeScores(logits), [(0, 5), (1, 8), (1, 7)], CPU)
    np.testing.assert_allclose(surprisal, [500 + np.log(2999), 400, 0], atol=1e-4)
    assert ranks.tolist() == [3000, 2, 1]


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
def test_scores_that_are_no_numbers_are_told(value: float) -> None:
    logits = torch.zeros(1, 30)
    logits[0, 3] = value
    with pytest.raises(StylerepError, match="is the model whole"):
        surprisal_and_ranks(WholeScores(logits), [(0, 3)], CPU)


def test_a_head_is_idle_once_and_then_computes_again() -> None:
    class Model(nn.Module):
        def __init__(self, head: nn.Module) -> None:
            super().__init__()
            self.head = head
            self.config: Any = self
            self.get_text_config = lambda: None

        def get_output_embeddings(self) -> nn.Module:
            return self.head

    layer, states = nn.Linear(4, 6), torch.randn(3, 4)
    head = output_head(Model(layer))
    assert head is not None
    expected = layer(states)
    with head.idle() as read:
        assert layer(states).shape == (3, 1)
    assert torch.equal(read[0], states)
    assert torch.equal(layer(states), expected)
    assert torch.allclose(head(states, slice(2, 5)), expected[:, 2:5])
    assert output_head(Model(nn.Identity())) is None
