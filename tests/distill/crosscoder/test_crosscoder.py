"""Crosscoders: what they compute, what they find in activations made of known features, how they are kept."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file

from distill.crosscoder.activations import ActivationScale
from distill.crosscoder.crosscoder import Crosscoder, relative_norms
from distill.crosscoder.fitting import FitSettings, Sparsity, fit_crosscoder
from distill.crosscoder.measures import quality_of
from distill.crosscoder.saved import load_crosscoder, save_crosscoder
from synth.errors import StylerepError
from tests.distill.known_features import known_activations, matched


def test_activations_and_reconstruction_are_those_of_the_formula() -> None:
    crosscoder = Crosscoder(2, 1, 2, 2)
    with torch.no_grad():
        crosscoder.encoder.copy_(torch.tensor([[1.0, 0], [0, 1], [1, 0], [0, -1]]))
        crosscoder.encoder_bias.copy_(torch.tensor([-1.0, 0]))
        crosscoder.decoder.copy_(torch.tensor([[[[3.0, 4]], [[0, 0]]], [[[0, 1]], [[0, 2]]]]))
        crosscoder.decoder_bias.fill_(0.5)
    x = torch.tensor([[[[1.0, 5]], [[2, 1]]]])
    assert crosscoder.weight.tolist() == [5, 3]
    # feature 0: 1 + 2 − 1 = 2; feature 1: 5 − 1 = 4; their weights are 5 and 3
    assert crosscoder.encode(x).tolist() == [[2, 4]]
    crosscoder.threshold.fill_(11)
    active = crosscoder.encode(x)
    assert active.tolist() == [[0, 4]]
    assert crosscoder.decode(active).tolist() == [[[[0.5, 4.5]], [[0.5, 8.5]]]]


def test_relative_norms_are_0_for_the_base_alone_and_1_for_the_adapter_alone() -> None:
    decoder = torch.tensor([[[3.0, 4], [0, 0]], [[0, 0], [0, 2]], [[1, 0], [0, 1]], [[0, 1], [0, 4]]])
    assert relative_norms(decoder[:, :, None]).tolist() == [0, 1, 0.5, 0.875]


@pytest.mark.parametrize("sparsity", ["batchtopk", "l1"])
def test_known_features_are_found_with_the_model_that_has_them(sparsity: Sparsity) -> None:
    """Of 12 features, 2 only the adapter has and 1 only the base."""
    known, draw = known_activations(seed=3)
    crosscoder = Crosscoder(2, 1, 24, 24, seed=3)
    settings = FitSettings(sparsity=sparsity, k=3, l1=0.3, rate=3e-3)
    fit_crosscoder(crosscoder, (draw(512) for _ in range(1500)), 1500, settings)
    crosscoder.requires_grad_(False)
    quality = quality_of(crosscoder, [draw(2000)])
    assert min(quality.explained["base"][0], quality.explained["adapter"][0]) > 0.8
    assert quality.difference[0] > 0.8
    assert quality.active < 6
    found = relative_norms(crosscoder.decoder)[matched(crosscoder, known)]
    assert (found[:2] > 0.9).all()
    assert found[2] < 0.1
    assert ((found[3:] > 0.35) & (found[3:] < 0.65)).all()


def test_the_same_seed_fits_the_same_crosscoder() -> None:
    def fitted() -> torch.Tensor:
        _, draw = known_activations(seed=0)
        crosscoder = Crosscoder(2, 1, 24, 8, seed=1)
        fit_crosscoder(crosscoder, (draw(64) for _ in range(20)), 20, FitSettings(k=3))
        return crosscoder.decoder.detach()

    assert torch.equal(fitted(), fitted())


def test_explained_variance_is_1_without_error_and_0_for_the_mean() -> None:
    x = torch.randn(50, 2, 1, 3, generator=torch.Generator().manual_seed(0))
    crosscoder = Crosscoder(2, 1, 3, 6)
    with torch.no_grad():
        crosscoder.encoder.zero_()
        crosscoder.decoder_bias.copy_(x.mean(0))
    quality = quality_of(crosscoder.requires_grad_(False), x.split(7))
    assert quality.tokens == 50
    assert quality.explained["base"][0] == pytest.approx(0, abs=1e-6)
    assert quality.active == 0
    assert quality.dead == 1


MANIFEST: dict[str, Any] = {
    "model": "m",
    "base_sha256": "b",
    "adapter": "a/hc",
    "adapter_sha256": "c",
    "arms": ["hc"],
    "layers": [4],
    "tokens": 100,
    "settings": {"features": 6},
    "versions": {"stylerep": "0"},
    "held_out": {
        "tokens": 10,
        "explained": {"base": [0.9], "adapter": [0.8]},
        "difference": [0.5],
        "moved": [0.1],
        "active": 3.0,
        "dead": 0.25,
    },
}


def test_a_crosscoder_is_read_as_it_was_written(tmp_path: Path) -> None:
    crosscoder = Crosscoder(2, 1, 5, 6, seed=2)
    crosscoder.threshold.fill_(0.7)
    save_crosscoder(tmp_path, crosscoder, ActivationScale(torch.tensor([[2.0], [3]])), MANIFEST)
    read = load_crosscoder(tmp_path)
    x = torch.randn(4, 2, 1, 5)
    assert torch.equal(read.crosscoder.encode(x), crosscoder.encode(x))
    assert read.scale.factor.tolist() == [[2], [3]]
    assert (read.layers, read.model, str(read.adapter)) == ((4,), "m", "a/hc")
    assert "| explained variance, base | 90.0 % |" in (tmp_path / "README.md").read_text(encoding="utf-8")


def test_what_is_no_crosscoder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(StylerepError, match="this is no crosscoder"):
        load_crosscoder(tmp_path)
    crosscoder = Crosscoder(2, 1, 5, 6)
    save_crosscoder(tmp_path, crosscoder, ActivationScale(torch.ones(2, 1)), MANIFEST)
    weights = tmp_path / "crosscoder.safetensors"
    tensors = load_file(weights)
    save_file({**tensors, "decoder": torch.full((6, 2, 1, 5), torch.nan)}, weights)
    with pytest.raises(StylerepError, match="not all weights are finite"):
        load_crosscoder(tmp_path)
    save_file(tensors, weights)
    (tmp_path / "manifest.json").write_text(json.dumps({**MANIFEST, "layers": [1, 2]}), encoding="utf-8")
    with pytest.raises(StylerepError, match="not of 2 and 2"):
        load_crosscoder(tmp_path)
    weights.write_bytes(b"x")
    with pytest.raises(StylerepError, match="not the weights of a crosscoder"):
        load_crosscoder(tmp_path)
