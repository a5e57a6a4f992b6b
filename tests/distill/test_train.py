import json
from pathlib import Path

import pytest
import torch
from rich.console import Console
from safetensors.torch import load_file

from distill.loading import load_model
from distill.train import Recipe, _LabelledLogitsTrainer, distill
from synth.errors import StylerepError
from synth.synthesis import synth

QUIET = Console(quiet=True)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    return synth("arith:train", ["nt", "hc"], tmp_path_factory.mktemp("data"), n=12, dials={"trace_words": 10})


def weights(folder: Path) -> dict[str, torch.Tensor]:
    return dict(load_file(folder / "adapter_model.safetensors"))


def test_an_adapter_learns_and_says_what_it_was_made_of(tiny_model: Path, data: dict[str, Path], tmp_path: Path) -> None:
    short = distill(str(tiny_model), data["hc"], tmp_path / "short", Recipe(epochs=1, batch_size=4), QUIET)
    long = distill(str(tiny_model), data["hc"], tmp_path / "long", Recipe(epochs=10, batch_size=4), QUIET)
    manifests = [json.loads((folder / "manifest.json").read_text()) for folder in (short, long)]
    assert manifests[1]["train_loss"] < manifests[0]["train_loss"]
    assert manifests[0]["arm"] == "hc"
    assert manifests[0]["dataset_fingerprint"] == json.loads((data["hc"] / "manifest.json").read_text())["fingerprint"]
    # lm_eval resizes embeddings under an adapter, so none may hold them.
    assert all("lora" in name and "embed" not in name for name in weights(long))


def test_the_same_seed_gives_the_same_adapter_and_another_another(tiny_model: Path, data: dict[str, Path], tmp_path: Path) -> None:
    one, two, other = (
        weights(distill(str(tiny_model), data["hc"], tmp_path / name, Recipe(epochs=2, batch_size=4, seed=seed), QUIET))
        for name, seed in (("a", 0), ("b", 0), ("c", 1))
    )
    assert all(torch.equal(one[name], two[name]) for name in one)
    assert not all(torch.equal(one[name], other[name]) for name in one)


def test_arms_are_trained_on_the_same_problems_in_the_same_batches(
    tiny_model: Path, data: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: dict[str, list[list[str]]] = {"nt": [], "hc": []}
    original = _LabelledLogitsTrainer.compute_loss
    for arm, batches in seen.items():

        def record(
            self: object, model: object, inputs: dict[str, torch.Tensor], *args: object, _batches: list[list[str]] = batches, **options: object
        ) -> object:
            first_label = (inputs["labels"] != -100).int().argmax(dim=1)
            _batches.append(["".join(map(chr, row[:end])) for row, end in zip(inputs["input_ids"].tolist(), first_label.tolist(), strict=True)])
            return original(self, model, inputs, *args, **options)

        monkeypatch.setattr(_LabelledLogitsTrainer, "compute_loss", record)
        distill(str(tiny_model), data[arm], tmp_path / arm, Recipe(epochs=2, batch_size=4), QUIET)
    assert seen["nt"] == seen["hc"]
    assert len(seen["nt"]) == 6


def test_logits_of_labelled_columns_alone_give_the_full_loss(tiny_model: Path) -> None:
    model = load_model(str(tiny_model), torch.float32)
    ids = torch.randint(2, 250, (3, 40), generator=torch.Generator().manual_seed(0))
    labels = ids.clone()
    labels[0, :10] = labels[1, :20] = labels[2, 30:] = -100
    keep = (labels[:, 1:] != -100).any(dim=0).nonzero().squeeze(1)
    inputs = {"input_ids": ids, "attention_mask": torch.ones_like(ids), "labels": labels, "logits_to_keep": keep}
    ours = _LabelledLogitsTrainer.compute_loss(object(), model, inputs)
    theirs = model(input_ids=ids, labels=labels).loss
    assert ours.item() == pytest.approx(theirs.item(), rel=1e-5)


def test_an_interrupted_training_leaves_the_old_adapter(tiny_model: Path, data: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    out = distill(str(tiny_model), data["hc"], tmp_path / "a", Recipe(epochs=1, batch_size=4), QUIET)
    before = (out / "adapter_model.safetensors").read_bytes()

    def interrupt(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(_LabelledLogitsTrainer, "compute_loss", interrupt)
    with pytest.raises(KeyboardInterrupt):
        distill(str(tiny_model), data["hc"], out, Recipe(epochs=1, batch_size=4, seed=1), QUIET)
    assert (out / "adapter_model.safetensors").read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == ["a"]


@pytest.mark.parametrize("option", ["epochs", "learning_rate", "batch_size", "rank", "max_length"])
def test_settings_out_of_range_are_refused(tiny_model: Path, data: dict[str, Path], tmp_path: Path, option: str) -> None:
    with pytest.raises(StylerepError, match=option.replace("_", "-")):
        distill(str(tiny_model), data["hc"], tmp_path / "a", Recipe(**{option: 0}), QUIET)


@pytest.mark.parametrize(("model", "says"), [("nowhere", "There is no model 'nowhere'"), ("/", "no config.json")])
def test_a_missing_model_is_refused(data: dict[str, Path], tmp_path: Path, model: str, says: str) -> None:
    with pytest.raises(StylerepError, match=says):
        distill(model, data["hc"], tmp_path / "a", Recipe(), QUIET)
