"""Directions of pivot kinds: fitted where there are enough, applied where a response is written,
and nowhere else.
"""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import save_file

from distill.models.families import model_family
from distill.models.loading import load_model, load_tokenizer
from harness_ext.backends.style_hf.digests import base_digest
from harness_ext.backends.style_hf.steer_fit import fit_directions
from harness_ext.backends.style_hf.steering import load_direction
from synth.errors import StylerepError
from synth.style import KINDS
from tests.distill.tiny_families import SHAPES, build
from tests.harness_ext.backends.style_hf.test_generation import PROMPTS, ask, ours

TRACE = (
    "We add {a} and {b}. Wait, that is {a}. It is {c}. Let me check that. So {a} and {b} make {c}. Done by"
    " now. We have {c}."
)


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    torch.manual_seed(1)
    return build(SHAPES["llama3"], tmp_path_factory.mktemp("steer") / "model")


@pytest.fixture(scope="module")
def rows() -> list[dict[str, Any]]:
    sums = [(n % 7, n % 5) for n in range(40)]
    return [
        {
            "id": str(n),
            "prompt": [{"role": "user", "content": f"{a} + {b}?"}],
            "response": f"<think>\n{TRACE.format(a=a, b=b, c=a + b)}\n</think>\n\nThe answer is {a + b}.",
        }
        for n, (a, b) in enumerate(sums)
    ]


@pytest.fixture(scope="module")
def directions(model: Path, rows: list[dict[str, Any]], tmp_path_factory: pytest.TempPathFactory) -> Path:
    loaded, tokenizer = load_model(str(model), torch.float32).eval(), load_tokenizer(str(model))
    out = tmp_path_factory.mktemp("directions") / "d.safetensors"
    fitted = fit_directions(loaded, tokenizer, model_family(loaded.config, tokenizer), rows, out)
    assert [one.kind for one in fitted] == ["realization", "verification"]
    for one in fitted:
        assert one.places == 40
        assert one.others >= 4 * 40
        assert len(one.auc) == 2
        assert all(0 <= value <= 1 for value in one.auc)
        assert one.low <= one.auc[one.layer] <= one.high
    return out


def test_a_file_of_directions_says_what_it_was_made_from(directions: Path) -> None:
    with safe_open(directions, framework="pt") as file:
        assert sorted(file.keys()) == ["realization", "verification"]
        about = json.loads(file.metadata()["stylerep"])
    assert about["layers"] == 2
    assert about["lexicon"].startswith("en/")
    assert about["model_sha256"]
    assert set(about["kinds"]) == {"realization", "verification"}
    assert load_direction(directions, "realization", None).layer == about["kinds"]["realization"]["layer"]


def test_the_places_compared_are_those_before_sentences(
    model: Path, rows: list[dict[str, Any]], directions: Path
) -> None:
    """The direction is the difference of means at the tokens before "Wait" and before other sentences,
    worked out here from whole passes.
    """
    # whose space is a token of its own before these words
    loaded, tokenizer = load_model(str(model), torch.float32).eval(), load_tokenizer(str(model))
    with safe_open(directions, framework="pt") as file:
        direction = file.get_tensor("realization")
    assert direction.shape == (2, 32)
    seen: list[torch.Tensor] = []
    loaded.model.layers[1].register_forward_hook(
        lambda _, __, output: seen.append(output[0] if isinstance(output, tuple) else output)
    )
    kinds: dict[bool, list[torch.Tensor]] = {True: [], False: []}
    import numpy as np

    fitting = np.random.default_rng(0).random(len(rows)) < 2 / 3
    for row, used in zip(rows, fitting, strict=True):
        if not used:
            continue
        prompt = tokenizer.apply_chat_template(row["prompt"], add_generation_prompt=True, tokenize=False)
        text = row["response"]
        starts = {
            text.index(part): part == "Wait" for part in ("We add", "Wait", "It is", "So ", "Done", "We have")
        }
        for place, is_wait in starts.items():
            seen.clear()
            ids = (
                tokenizer(prompt, add_special_tokens=False)["input_ids"]
                + tokenizer(text[:place], add_special_tokens=False)["input_ids"]
            )
            with torch.no_grad():
                loaded(input_ids=torch.tensor([ids]))
            kinds[is_wait].append(seen[0][0, -1])
    expected = torch.stack(kinds[True]).mean(0) - torch.stack(kinds[False]).mean(0)
    assert torch.nn.functional.cosine_similarity(expected, direction[1], 0) > 0.9


def test_steering_moves_what_is_written_and_strength_0_does_not(model: Path, directions: Path) -> None:
    plain = ask(ours(model, rows=4), PROMPTS)
    steered = {
        strength: ask(
            ours(model, rows=4, steer=str(directions), steer_kind="realization", steer_strength=strength),
            PROMPTS,
        )
        for strength in (0, 500)
    }
    assert steered[0] == plain  # in float32: what is added is 0
    assert steered[500] != plain


def test_steering_adds_the_direction_to_the_layer_and_not_to_likelihoods(
    model: Path, directions: Path
) -> None:
    from lm_eval.api.instance import Instance

    def asked(lm: Any) -> list[tuple[float, bool]]:
        return lm.loglikelihood([Instance("loglikelihood", {}, ("3 + 4 =", " 7"), 0)], disable_tqdm=True)

    steered = ours(model, steer=str(directions), steer_kind="realization", steer_strength=500)
    assert asked(steered) == asked(ours(model))  # to the last bit: the same pass


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {"steer_kind": "integration"},
            "there is no direction of integration in it; it has realization, verification",
        ),
        ({"steer_layer": 2}, "steer_layer=2: the directions of"),
    ],
)
def test_what_a_file_has_not_is_refused(
    model: Path, directions: Path, change: dict[str, Any], message: str
) -> None:
    with pytest.raises(StylerepError, match=message):
        ours(model, **{"steer": str(directions), "steer_kind": "realization", "steer_strength": 1, **change})


def test_another_models_directions_and_other_files_are_refused(
    model: Path, directions: Path, tmp_path: Path
) -> None:
    wide = tmp_path / "wide.safetensors"
    about = {"layers": 2, "kinds": {"realization": {"layer": 0}}}
    save_file({"realization": torch.zeros(2, 64)}, wide, metadata={"stylerep": json.dumps(about)})
    with pytest.raises(StylerepError, match="2 layers of width 64; this one has 2 of 32"):
        ours(model, steer=str(wide), steer_kind="realization", steer_strength=1)
    for content in (b"", b"no tensors", (model / "model.safetensors").read_bytes()):
        wide.write_bytes(content)
        with pytest.raises(StylerepError, match="no file of stylerep steer fit"):
            ours(model, steer=str(wide), steer_kind="realization", steer_strength=1)


def test_directions_of_other_weights_are_refused(model: Path, directions: Path, tmp_path: Path) -> None:
    torch.manual_seed(2)
    other = build(SHAPES["llama3"], tmp_path / "other")
    given: dict[str, Any] = {"steer": str(directions), "steer_kind": "realization", "steer_strength": 1}
    with pytest.raises(StylerepError, match="fitted on a model with other weights than this one"):
        ours(other, **given)
    ours(model, dtype="bfloat16", **given)  # the same weights in another number format


def test_an_adapter_makes_no_other_model(model: Path, tmp_path: Path) -> None:
    from peft import LoraConfig, get_peft_model

    loaded = load_model(str(model), torch.float32)
    alone = base_digest(loaded)
    adapted = get_peft_model(loaded, LoraConfig(target_modules=["q_proj", "down_proj"]))
    assert base_digest(adapted) == base_digest(adapted.get_base_model()) == alone
    assert base_digest(load_model(str(model), torch.bfloat16)) == alone


def test_too_few_places_are_refused_with_their_numbers(
    model: Path, rows: list[dict[str, Any]], tmp_path: Path
) -> None:
    loaded, tokenizer = load_model(str(model), torch.float32).eval(), load_tokenizer(str(model))
    with pytest.raises(StylerepError, match=f"5 rows hold too few places to compare .*{KINDS[0]} 5"):
        fit_directions(
            loaded, tokenizer, model_family(loaded.config, tokenizer), rows[:5], tmp_path / "d.safetensors"
        )


def test_the_command_fits_and_says_how_well(
    stylerep_here: Callable[..., Any], model: Path, tmp_path: Path
) -> None:
    data = stylerep_here(
        "synth",
        "--problems",
        "arith:train",
        "--arms",
        "hc",
        "--n",
        60,
        "--out",
        "data",
        "--dial",
        "pivot_density=6",
        "--dial",
        "trace_words=60",
    )
    assert data.returncode == 0, data.stderr
    done = stylerep_here("steer", "fit", "--model", model, "--data", "data/hc", "--out", "d.safetensors")
    assert done.returncode == 0, done.stderr
    assert "AUC" in done.stdout
    assert (tmp_path / "d.safetensors").is_file()
    refused = stylerep_here(
        "steer",
        "fit",
        "--model",
        model,
        "--data",
        "data/hc",
        "--adapter",
        "nowhere",
        "--out",
        "d.safetensors",
    )
    assert refused.returncode == 2
    assert "there is no adapter here" in refused.stderr
