"""The fast parts compute what the plain model computes."""

from typing import Any

import pytest
import torch
from peft import LoraConfig, get_peft_model
from torch.nn.functional import cross_entropy, scaled_dot_product_attention
from transformers import AutoConfig, AutoModelForCausalLM

from distill.models.families import find_family
from distill.training.adapt import trained_model
from distill.training.encode import IGNORED, Encoded, packed, padded
from distill.training.fast import attention
from distill.training.fast.attention import packed_attention, rows
from distill.training.fast.install import _gradients, speed_up
from distill.training.fast.loss import summed_cross_entropy
from distill.training.recipe import Recipe
from tests.devices import DEVICES
from tests.distill.tiny_families import SHAPES, build, build_tokenizer

LENGTHS = [5, 9, 1, 16]


def tensors(heads: int, key_heads: int, dtype: torch.dtype = torch.float64) -> list[torch.Tensor]:
    generator = torch.Generator().manual_seed(0)
    return [
        torch.randn(1, count, sum(LENGTHS), 8, generator=generator, dtype=dtype).requires_grad_()
        for count in (heads, key_heads, key_heads)
    ]


def by_row(
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    scaling: float,
    window: int | None,
    softcap: float | None,
) -> torch.Tensor:
    """Attention as in the books, one row at a time."""
    results, start = [], 0
    for length in LENGTHS:
        q, k, v = (tensor[:, :, start : start + length] for tensor in (query, key, value))
        k, v = (tensor.repeat_interleave(q.shape[1] // k.shape[1], 1) for tensor in (k, v))
        scores = q @ k.transpose(2, 3) * scaling
        if softcap:
            scores = softcap * torch.tanh(scores / softcap)
        distance = torch.arange(length)[:, None] - torch.arange(length)[None]
        hidden = (distance < 0) | (distance >= (window or length))
        results.append(scores.masked_fill(hidden, -torch.inf).softmax(-1) @ v)
        start += length
    return torch.cat(results, 2).transpose(1, 2)


@pytest.mark.parametrize("block", [4, 256])
@pytest.mark.parametrize(("heads", "key_heads"), [(4, 4), (6, 2), (3, 1)])
@pytest.mark.parametrize(("window", "softcap"), [(None, None), (100, None), (4, None), (None, 2.0), (4, 2.0)])
def test_rows_attend_to_themselves_alone(
    heads: int,
    key_heads: int,
    window: int | None,
    softcap: float | None,
    block: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(attention, "_BLOCK", block)
    inputs, weights = (
        tensors(heads, key_heads),
        torch.randn(
            1, sum(LENGTHS), heads, 8, generator=torch.Generator().manual_seed(1), dtype=torch.float64
        ),
    )
    with rows(LENGTHS):
        found, _ = packed_attention(
            torch.nn.Module(), *inputs, None, scaling=0.3, sliding_window=window, softcap=softcap
        )
    wanted = by_row(*inputs, 0.3, window, softcap)
    torch.testing.assert_close(found, wanted, rtol=1e-5, atol=1e-5)
    for one, other in zip(
        torch.autograd.grad((found * weights).sum(), inputs),
        torch.autograd.grad((wanted * weights).sum(), inputs),
        strict=True,
    ):
        torch.testing.assert_close(one, other, rtol=1e-5, atol=1e-5)  # soft-capped scores go through float32


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize(("window", "softcap"), [(None, None), (4, None), (4, 2.0)])
def test_rows_attend_alike_on_every_device(window: int | None, softcap: float | None, device: str) -> None:
    inputs = [tensor.detach().float().requires_grad_() for tensor in tensors(6, 2)]
    there = [tensor.detach().to(device).requires_grad_() for tensor in inputs]
    with rows(LENGTHS):
        found, _ = packed_attention(
            torch.nn.Module(), *there, None, scaling=0.3, sliding_window=window, softcap=softcap
        )
    wanted = by_row(*inputs, 0.3, window, softcap)
    torch.testing.assert_close(found.cpu(), wanted, rtol=1e-3, atol=1e-3)
    for one, other in zip(
        torch.autograd.grad(found.square().sum(), there),
        torch.autograd.grad(wanted.square().sum(), inputs),
        strict=True,
    ):
        torch.testing.assert_close(one.cpu(), other, rtol=1e-2, atol=1e-3)


@pytest.mark.parametrize(("window", "softcap"), [(None, None), (4, None), (6, 2.0)])
@pytest.mark.parametrize("block", [4, 256])
def test_a_shared_beginning_counts_for_every_row(
    window: int | None, softcap: float | None, block: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(attention, "_BLOCK", block)
    shared, whole = 3, tensors(6, 2)
    starts = [sum(LENGTHS[:row]) for row in range(len(LENGTHS))]
    with torch.no_grad():
        for tensor in whole:
            for start, length in zip(starts, LENGTHS, strict=True):
                tensor[:, :, start : start + min(shared, length)] = tensor[
                    :, :, : min(shared, length)
                ].clone()
    kept = [row for row in range(len(LENGTHS)) if LENGTHS[row] > shared]
    places = [*range(shared), *(starts[row] + place for row in kept for place in range(shared, LENGTHS[row]))]
    lengths = [LENGTHS[row] - shared for row in kept]
    packed_inputs = [tensor.detach()[:, :, places].requires_grad_() for tensor in whole]
    weights = torch.randn(
        1, sum(LENGTHS), 6, 8, generator=torch.Generator().manual_seed(1), dtype=torch.float64
    )
    counted = torch.zeros(sum(LENGTHS), dtype=torch.bool)
    counted[places[shared:]] = True  # nothing is asked of what the beginning itself gives
    with rows(lengths, shared):
        found, _ = packed_attention(
            torch.nn.Module(), *packed_inputs, None, scaling=0.3, sliding_window=window, softcap=softcap
        )
    wanted = by_row(*whole, 0.3, window, softcap)
    torch.testing.assert_close(found[:, shared:], wanted[:, counted], rtol=1e-5, atol=1e-5)
    ours = torch.autograd.grad((found[:, shared:] * weights[:, counted]).sum(), packed_inputs)
    theirs = torch.autograd.grad((wanted * weights * counted[None, :, None, None]).sum(), whole)
    for one, other in zip(ours, theirs, strict=True):
        # what each row asks of the beginning
        summed = sum(other[:, :, starts[row] : starts[row] + shared] for row in kept)
        torch.testing.assert_close(one[:, :, :shared], summed, rtol=1e-5, atol=1e-5)
        torch.testing.assert_close(one[:, :, shared:], other[:, :, counted], rtol=1e-5, atol=1e-5)


def test_long_rows_go_through_the_kernels_of_torch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attention, "_LONGEST_KEPT", 8)
    called: list[int] = []

    def counted(*arguments: Any, **options: Any) -> torch.Tensor:
        called.append(1)
        return scaled_dot_product_attention(*arguments, **options)

    monkeypatch.setattr(attention, "scaled_dot_product_attention", counted)
    inputs = tensors(4, 2)
    with rows(LENGTHS):
        found, _ = packed_attention(torch.nn.Module(), *inputs, None, scaling=0.3)
    torch.testing.assert_close(found, by_row(*inputs, 0.3, None, None))
    assert len(called) == len(LENGTHS)


def test_attention_without_its_rows_is_refused() -> None:
    with pytest.raises(ValueError, match="no packed rows"):
        packed_attention(torch.nn.Module(), *tensors(4, 4), None)
    with pytest.raises(ValueError, match="no packed rows"), rows(LENGTHS):
        packed_attention(torch.nn.Module(), *tensors(4, 4), torch.ones(1))


def test_the_loss_is_that_of_torch() -> None:
    generator = torch.Generator().manual_seed(0)
    logits = (torch.randn(700, 50, generator=generator) * 5).requires_grad_()
    targets = torch.randint(0, 50, (700,), generator=generator)
    targets[::7] = IGNORED
    ours = summed_cross_entropy(logits, targets, 0.5) * 2
    theirs = cross_entropy(logits, targets, ignore_index=IGNORED, reduction="sum")
    torch.testing.assert_close(ours, theirs)
    torch.testing.assert_close(
        torch.autograd.grad(3 * ours, logits)[0], torch.autograd.grad(3 * theirs, logits)[0]
    )


@pytest.mark.parametrize("name", sorted(SHAPES))
def test_every_family_is_made_fast_and_computes_the_same(
    name: str, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("distill.training.adapt.fast_dtype", lambda: torch.float32)
    tokenizer = build_tokenizer(SHAPES[name])
    family = find_family(SHAPES[name].model_type, SHAPES[name].vocab_size or len(tokenizer), tokenizer)
    model = trained_model(str(build(SHAPES[name], tmp_path)), Recipe(), family)
    generator = torch.Generator().manual_seed(3)
    for parameter in model.parameters():
        if parameter.requires_grad:
            parameter.data.normal_(0, 0.05, generator=generator)
    sample = [
        [10, 11, *torch.randint(10, 200, (length,), generator=generator).tolist()] for length in (28, 39, 5)
    ]
    assert packed([Encoded(row, len(row) // 2) for row in sample])["shared"] == 2
    wanted = _gradients(model, sample, packed_rows=False)
    speed = speed_up(model, sample)
    assert speed.packed
    # Conv1D layers (GPT-2) are left to peft, and that is said; every other model has at least the layers of
    # one attention and one MLP a layer.
    assert (speed.groups == 0) if name == "gpt2" else speed.groups >= 4
    assert [note.partition(" is a plain")[0] for note in speed.notes] == (
        ["adapters are computed one by one: none of its adapted layers"] if name == "gpt2" else []
    )
    torch.testing.assert_close(
        _gradients(model, sample, packed_rows=True), wanted, rtol=1e-3, atol=1e-5 * wanted.abs().max().item()
    )


def test_a_model_that_would_compute_something_else_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    config = AutoConfig.for_model(
        "llama",
        vocab_size=260,
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=4,
    )
    torch.manual_seed(0)
    model = get_peft_model(
        AutoModelForCausalLM.from_config(config),
        LoraConfig(r=4, target_modules="all-linear", task_type="CAUSAL_LM"),
    )
    before = model.config._attn_implementation
    forward = [layer.forward for layer in model.modules()]
    # every key is seen
    monkeypatch.setattr(
        "distill.training.fast.attention._future",
        lambda length, dtype: torch.zeros(length, length, dtype=dtype),
    )
    speed = speed_up(model, [list(range(10, 40)), list(range(50, 90))])
    assert not speed.packed
    assert "gradients would be off by" in speed.notes[0]
    assert model.config._attn_implementation == before
    assert [layer.forward for layer in model.modules()] == forward


def test_the_second_matrices_are_zero_again_after_the_check() -> None:
    config = AutoConfig.for_model(
        "llama",
        vocab_size=260,
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=4,
    )
    model = get_peft_model(
        AutoModelForCausalLM.from_config(config),
        LoraConfig(r=4, target_modules="all-linear", task_type="CAUSAL_LM"),
    )
    speed_up(model, [list(range(10, 40)), list(range(50, 90))])
    assert all(not bool(value.any()) for name, value in model.named_parameters() if "lora_B" in name)


def test_packed_and_padded_rows_have_the_same_labels() -> None:
    encoded = [Encoded([1, 2, 3, 4, 5], 2), Encoded([6, 7, 8], 1), Encoded([9, 10, 11, 12], 3)]
    flat, square = packed(encoded), padded(encoded, 0)
    assert flat["shared"] == 0
    assert flat["targets"].tolist() == [3, 4, 5, 7, 8, 12]
    assert flat["input_ids"][0, flat["logits_to_keep"]].tolist() == [2, 3, 4, 6, 7, 11]
    assert flat["position_ids"].tolist() == [[0, 1, 2, 3, 4, 0, 1, 2, 0, 1, 2, 3]]
    labelled = [
        (int(square["input_ids"][row, column]), int(target))
        for row in range(3)
        for column, target in zip(square["logits_to_keep"], square["targets"][row], strict=True)
        if target != IGNORED
    ]
    assert labelled == [(2, 3), (3, 4), (4, 5), (6, 7), (7, 8), (11, 12)]
    assert square["attention_mask"].sum().item() == 12


def test_what_all_prompts_begin_with_stands_once() -> None:
    encoded = [Encoded([1, 2, 3, 4, 5], 4), Encoded([1, 2, 3, 6, 7, 8], 5), Encoded([1, 2, 3, 9], 3)]
    flat = packed(encoded)
    assert flat["shared"] == 2  # a row's first label needs the last token of its own prompt
    assert flat["input_ids"].tolist() == [[1, 2, 3, 4, 5, 3, 6, 7, 8, 3, 9]]
    assert flat["position_ids"].tolist() == [[0, 1, 2, 3, 4, 2, 3, 4, 5, 2, 3]]
    assert flat["lengths"] == [3, 4, 2]
    assert flat["targets"].tolist() == [5, 8, 9]
    assert flat["input_ids"][0, flat["logits_to_keep"]].tolist() == [4, 7, 3]
    assert packed(encoded[:1])["shared"] == 0
