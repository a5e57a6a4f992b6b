"""Activations of a model with its adapter and without, on the same tokens."""

from pathlib import Path

import pytest
import torch
from peft import LoraConfig, get_peft_model

from distill.crosscoder.activations import OUTLIER, PairReader, scale_of
from distill.crosscoder.rows import CrosscodedRow, split_rows
from distill.models.loading import load_model
from synth.errors import StylerepError
from tests.distill.tiny_families import SHAPES, build


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    torch.manual_seed(0)
    return build(SHAPES["qwen2_5"], tmp_path_factory.mktemp("pair") / "model")


def _adapted(folder: Path) -> object:
    model = get_peft_model(load_model(str(folder), torch.float32), LoraConfig(r=2, target_modules=["q_proj"]))
    torch.manual_seed(1)
    for name, weight in model.named_parameters():
        if "lora_B" in name:
            torch.nn.init.normal_(weight)
    return model.eval()


def test_both_models_are_read_at_the_layers_asked_for(models: Path) -> None:
    base, adapted = load_model(str(models), torch.float32).eval(), _adapted(models)
    rows = [CrosscodedRow({}, list(range(5, 5 + n)), 2, "", None) for n in (9, 4, 6)]
    read = dict(PairReader(adapted, (0, 1)).read(rows))
    for number, row in enumerate(rows):
        ids = torch.tensor([row.ids])
        with torch.inference_mode():
            for at, model in enumerate((base, adapted)):
                wanted = model(input_ids=ids, output_hidden_states=True).hidden_states[1][0, 2:]
                assert torch.allclose(read[number][:, at, 0], wanted, atol=1e-5)
    assert [read[number].shape for number in range(3)] == [(n - 2, 2, 2, 32) for n in (9, 4, 6)]
    assert not torch.allclose(read[0][:, 0, 1], read[0][:, 1, 1], atol=1e-3)


def test_a_layer_that_the_model_lacks_is_refused(models: Path) -> None:
    with pytest.raises(StylerepError, match="There is no layer 2: this model has 2"):
        PairReader(_adapted(models), (2,))


def test_activations_are_scaled_to_the_root_of_their_width_and_sinks_are_outliers() -> None:
    x = (
        torch.randn(200, 2, 1, 16, generator=torch.Generator().manual_seed(0))
        * torch.tensor([3.0, 5])[:, None, None]
    )
    x[7, 1] *= 50 * OUTLIER
    scaled, usual = scale_of(x).apply(x)
    assert usual.tolist() == [number != 7 for number in range(200)]
    assert torch.allclose(scaled[usual].norm(dim=-1).mean(0), torch.tensor(4.0), rtol=1e-3)
    with pytest.raises(StylerepError, match="all 0"):
        scale_of(torch.zeros(5, 2, 1, 16))


def test_problems_are_held_out_by_id_in_every_arm() -> None:
    rows = [{"id": f"p{number}", "arm": arm} for number in range(300) for arm in ("hc", "sbs")]
    fitted, held = split_rows(rows)
    assert 0.05 < len(held) / len(rows) < 0.15
    assert not {row["id"] for row in held} & {row["id"] for row in fitted}
