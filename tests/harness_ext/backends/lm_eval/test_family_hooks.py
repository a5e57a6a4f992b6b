"""What a family asks of lm_eval's ``hf``: it comes about, or is an error in one sentence."""

import itertools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from lm_eval.models.huggingface import HFLM
from peft import LoraConfig, get_peft_model
from torch.utils._python_dispatch import TorchDispatchMode

from distill.models.families import Family
from distill.training.adapt import trained_model
from distill.training.recipe import Recipe
from harness_ext.backends.lm_eval.hf_model import HfModel, as_family, prepare
from harness_ext.backends.lm_eval.requests import generation_request
from harness_ext.backends.style_hf.digests import weight_digests
from synth.errors import StylerepError
from tests.distill.tiny_families import SHAPES, build


@pytest.fixture(scope="module")
def gemma(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model whose turns end with another token than its EOS."""
    return build(SHAPES["gemma2"], tmp_path_factory.mktemp("family-hooks") / "gemma2")


def opened(folder: Path) -> tuple[HfModel, Any]:
    given: dict[str, Any] = {"pretrained": str(folder), "device": "cpu", "dtype": "float32"}
    family = prepare(given)
    return family, HFLM(**given, batch_size=1)


def ask(family: HfModel, model: Any) -> list[str]:
    with as_family(family):
        text = model.apply_chat_template([{"role": "user", "content": "3 + 4?"}])
        responses: list[str] = model.generate_until(
            [generation_request(text, {"until": [], "max_gen_toks": 6}, 0)], disable_tqdm=True
        )
    return responses


def prefer(model: Any, *tokens: int) -> None:
    """Have a model write these tokens, over and over."""
    turn = itertools.cycle(tokens)

    def scored(module: Any, arguments: Any, output: torch.Tensor) -> None:
        output[:, -1, next(turn)] += 1e4

    model.model.get_output_embeddings().register_forward_hook(scored)


def test_a_response_ends_with_the_familys_turn_and_one_that_goes_on_is_an_error(
    gemma: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    family, model = opened(gemma)
    word = model.tokenizer("a", add_special_tokens=False)["input_ids"][-1]
    prefer(model, word, family.tokenizer.convert_tokens_to_ids("<end_of_turn>"), word)
    assert ask(family, model) == ["a"]
    generate = HFLM._model_generate

    def drops(self: Any, *given: Any, eos_token_id: Any = None, **options: Any) -> Any:
        return generate(self, *given, **options)

    monkeypatch.setattr(HFLM, "_model_generate", drops)
    with pytest.raises(
        StylerepError,
        match=r"^The family's end of turn did not take: in HFLM of lm_eval [\d.]+, a response went on after the token \d+; ",  # noqa: E501
    ):
        ask(family, model)


class Products(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Notes what was multiplied by a matrix or by several."""

    def __init__(self, width: int) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.width, self.seen = width, set[str]()

    def __torch_dispatch__(self, function: Any, types: Any, given: Any = (), named: Any = None) -> Any:
        result = function(*given, **(named or {}))
        name = str(function.overloadpacket.__name__)
        if name in ("mm", "addmm", "bmm", "baddbmm") and result.shape[-1] == self.width:
            self.seen.add(name)
        return result


def test_an_adapters_output_layer_is_not_copied_for_each_row_of_a_batch(gemma: Path) -> None:
    family, model = opened(gemma)
    model._model = get_peft_model(model.model, LoraConfig(target_modules=["q_proj"], task_type="CAUSAL_LM"))
    prompts = torch.tensor([[5, 6, 7], [7, 6, 5]])
    products = Products(model.model.get_output_embeddings().weight.shape[0])
    with as_family(family), products:
        model._model_generate(prompts, max_length=5, stop=[])
    assert products.seen <= {"mm", "addmm"}
    assert products.seen


@pytest.mark.parametrize(
    ("shape", "method", "found"),
    [
        ("gemma2", "_model_generate", "The family's end of turn did not take"),
        ("ministral", "tok_decode", "Reading the family's think tags did not take"),
    ],
)
def test_a_method_that_is_passed_by_is_an_error(
    shape: str, method: str, found: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    family, model = opened(build(SHAPES[shape], tmp_path))
    others: dict[str, Callable[..., Any]] = {
        name: getattr(HFLM, name) for name in ("_model_generate", "tok_decode")
    }

    def passes_by(self: Any, requests: list[Any], disable_tqdm: bool = False) -> list[str]:
        for name in others:
            if name != method:
                (
                    getattr(self, name)(torch.tensor([[5, 6]]), max_length=4, stop=[])
                    if name == "_model_generate"
                    else self.tok_decode([5])
                )
        return ["" for _ in requests]

    monkeypatch.setattr(HFLM, "generate_until", passes_by)
    with pytest.raises(
        StylerepError, match=f"{found}: in HFLM of lm_eval .*, generate_until did not call {method}"
    ):
        ask(family, model)


def test_template_arguments_that_do_not_come_through_are_an_error(tmp_path: Path) -> None:
    family, model = opened(build(SHAPES["qwen3"], tmp_path))
    ask(family, model)
    model.chat_template_args = {}
    with pytest.raises(
        StylerepError, match="chat_template_args=enable_thinking of the family qwen3 did not come through"
    ):
        ask(family, model)


def test_a_target_that_no_module_is_called_by_is_an_error(gemma: Path) -> None:
    with pytest.raises(
        StylerepError,
        match=r"^The family mine cannot be adapted as its file says: lora_targets names query, and no module of this Gemma2For",  # noqa: E501
    ):
        trained_model(str(gemma), Recipe(), Family("mine", "<end_of_turn>", ["q_proj", "query"]))
    model = trained_model(str(gemma), Recipe(), Family("mine", "<end_of_turn>", ["q_proj"]))
    assert weight_digests(model)[1] is not None


def test_adapters_whose_weights_are_not_told_apart_are_an_error(gemma: Path) -> None:
    model = trained_model(str(gemma), Recipe(), Family("mine", "<end_of_turn>", ["q_proj"]))
    renamed = {name.replace("lora_", "adapter_"): weight for name, weight in model.state_dict().items()}
    model.state_dict = lambda: renamed
    with pytest.raises(
        StylerepError, match="The digest of an adapter did not take: in PeftModelForCausalLM of peft"
    ):
        weight_digests(model)
