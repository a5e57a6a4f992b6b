"""A place of transformers that is no longer what our hooks stand on: an error in one sentence, whatever was
renamed, and never a run without it.
"""

import inspect
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import AttentionInterface, LlamaForCausalLM, LlamaModel

from distill.models.cache_argument import cache_argument
from distill.models.library_hooks import HOOKS, versions_tested
from distill.models.loading import load_model
from harness_ext.backends.style_hf.fused_linear import fuse
from harness_ext.backends.style_hf.kv_cache import ATTENTION, attend
from harness_ext.backends.style_hf.steering import Direction, Steering
from synth.errors import StylerepError
from tests.distill.tiny_families import SHAPES, SMALL, build
from tests.harness_ext.backends.style_hf.test_generation import ask, ours

ROOT = Path(__file__).resolve().parents[4]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    torch.manual_seed(1)
    return build(SHAPES["llama3"], tmp_path_factory.mktemp("hooks") / "llama")


def refused(folder: Path, asked: Callable[[], Any]) -> str:
    with pytest.raises(StylerepError, match=r"^[^\n]+$") as error:
        asked()
    return str(error.value)


def call_by(name: str, forward: Callable[..., Any]) -> Callable[..., Any]:
    """Return a model's forward that takes its cache under another name."""
    taken = next(one for one in ("cache", "past_key_values") if one in inspect.signature(forward).parameters)

    def renamed(self: Any, input_ids: Any = None, **options: Any) -> Any:
        given = options.pop(name, options.pop(taken, None))  # the library's own calls go by its name
        return forward(self, input_ids=input_ids, **{taken: given}, **options)

    parameter = inspect.Parameter(
        name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation="Cache | None"
    )
    renamed.__signature__ = inspect.Signature([parameter])  # type: ignore[attr-defined]
    return renamed


@pytest.mark.parametrize("name", ["cache", "past_key_values", "layer_past", "memory"])
def test_a_cache_is_handed_over_whatever_its_argument_is_called(
    name: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = ask(ours(folder), ["3 + 4?"], max_gen_toks=6)
    _forget(monkeypatch)
    for cls in (LlamaForCausalLM, LlamaModel):
        monkeypatch.setattr(cls, "forward", call_by(name, cls.forward))
        assert cache_argument(cls) == name
    assert ask(ours(folder), ["3 + 4?"], max_gen_toks=6) == before


def _forget(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("distill.models.cache_argument._found", {})


def test_a_model_that_drops_the_cache_is_an_error(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _forget(monkeypatch)
    forward = LlamaModel.forward

    def drops(self: Any, input_ids: Any = None, **options: Any) -> Any:
        return forward(
            self,
            input_ids=input_ids,
            **{name: value for name, value in options.items() if name not in ("cache", "past_key_values")},
        )

    monkeypatch.setattr(LlamaModel, "forward", drops)
    said = refused(folder, lambda: ask(ours(folder), ["x"]))
    assert re.match(r"The cache of style-hf did not take: in Llama\w+ of transformers [\d.]+, ", said)


def test_an_attention_function_that_is_not_called_is_an_error(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = ours(folder)
    monkeypatch.setattr(LlamaForCausalLM, "set_attn_implementation", lambda self, name: None)
    said = refused(folder, lambda: ask(model, ["x"]))
    assert re.match(
        "The (cache|attention) of style-hf did not take: in LlamaForCausalLM of transformers ", said
    )


@pytest.mark.parametrize(
    ("option", "family", "found"),
    [
        ("sliding_window", "mistral", "its layers ask for renamed_sliding_window"),
        ("softcap", "gemma2", "its layers ask for renamed_softcap"),
        ("scaling", "llama3", "no scaling is given"),
        ("style_hf_cache", "llama3", "hands on nothing"),
    ],
)
def test_an_option_of_attention_under_another_name_is_an_error(
    option: str, family: str, found: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def renamed(module: Any, *given: Any, **options: Any) -> Any:
        value = options.pop(option, None)
        return attend(
            module,
            *given,
            **options,
            **({} if option in ("scaling", "style_hf_cache") else {f"renamed_{option}": value}),
        )

    monkeypatch.setitem(AttentionInterface._global_mapping, ATTENTION, renamed)
    folder = build(SHAPES[family], tmp_path)
    assert found in refused(folder, lambda: ask(ours(folder), ["3 + 4?"]))


def test_a_window_that_no_layer_gives_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def without(module: Any, *given: Any, sliding_window: Any = None, **options: Any) -> Any:
        return attend(module, *given, **options)

    monkeypatch.setitem(AttentionInterface._global_mapping, ATTENTION, without)
    for family in ("mistral", "gemma3"):
        folder = build(SHAPES[family], tmp_path / family)
        assert "sliding" in refused(folder, lambda folder=folder: ask(ours(folder), ["3 + 4?"]))  # type: ignore[misc]


def direction(layer: int = 0, size: float = 1.0) -> Direction:
    return Direction(torch.full((SMALL["hidden_size"],), size), layer, {"layers": 2})


@pytest.mark.parametrize("family", ["llama3", "gpt_neox", "gpt2"])
def test_a_steered_layer_puts_out_the_direction_more_and_only_while_it_is_on(
    family: str, tmp_path: Path
) -> None:
    model = load_model(str(build(SHAPES[family], tmp_path)), torch.float32).eval()
    tokens = torch.tensor([[5, 6, 7]])
    seen: list[torch.Tensor] = []
    steering = Steering(model, direction(), 0.5)
    layers = {
        "gpt2": lambda: model.transformer.h,
        "gpt_neox": lambda: model.gpt_neox.layers,
        "llama3": lambda: model.model.layers,
    }[family]()
    layers[0].register_forward_hook(
        lambda _, __, output: seen.append(output[0] if isinstance(output, tuple) else output)
    )
    with torch.no_grad():
        plain = model(input_ids=tokens).logits
        with steering.on():
            steered = model(input_ids=tokens).logits
        again = model(input_ids=tokens).logits
    assert torch.allclose(seen[1], seen[0] + 0.5, atol=1e-6)
    assert torch.equal(plain, again)
    assert not torch.allclose(plain, steered)


def test_steering_that_changes_nothing_is_an_error(tmp_path: Path) -> None:
    model = load_model(str(build(SHAPES["llama3"], tmp_path)), torch.float32).eval()
    tokens = torch.tensor([[5, 6, 7]])

    def steered(strength: float) -> None:
        with torch.no_grad(), Steering(model, direction(), strength).on():
            model(input_ids=tokens)

    assert "steer_strength=1e-30 is so small that nothing changes in float32 at layer 0" in refused(
        tmp_path, lambda: steered(1e-30)
    )
    with Steering(model, direction(), 0.0).on():
        model(input_ids=tokens)
    steering = Steering(model, direction(1), 1.0)
    model.model.layers[1].forward = lambda *_, **__: {"hidden": 1}
    with (
        pytest.raises(
            StylerepError,
            match=r"Steering did not take: in LlamaForCausalLM of transformers .*, layer 1 puts out dict",
        ),
        steering.on(),
    ):
        model(input_ids=tokens)
    with pytest.raises(StylerepError, match="layer 1 was called 0 times in one pass"), steering.on():
        pass


def test_a_setting_of_decoding_that_is_not_known_is_an_error(folder: Path) -> None:
    model = ours(folder)
    model._lean.generation_config.dola_layers = "low"
    assert "dola_layers=low is asked for, which style-hf does not know" in refused(
        folder, lambda: ask(model, ["x"])
    )


def test_fused_layers_that_are_passed_by_are_taken_back_or_an_error(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = ours(folder)
    for layer in model._lean.model.layers:
        layer.mlp.forward = lambda x: x
    assert "groups of fused layers were passed by" in refused(folder, lambda: ask(model, ["x"]))
    monkeypatch.setattr("harness_ext.backends.style_hf.fused_linear.FusedLinears.install", lambda self: None)
    taken_back = fuse(load_model(str(folder), torch.float32))
    assert not taken_back.groups
    assert "4 of 4 groups were passed by" in taken_back.note


_PLACED = re.compile(
    r"patch\.object\(|register_forward_(pre_)?hook\(|AttentionInterface\.register\(|register_(model|metric)\(|\.forward = |set_attn_implem"  # noqa: E501
)


def test_every_module_that_reaches_into_a_library_is_named_in_one_place() -> None:
    """Whoever adds a hook adds it to `distill.models.library_hooks`, and says there how it is checked."""
    parts = {
        "distill.training.fast.shared_input",
        "distill.training.fast.install",
        "distill.training.opd.teacher",
        "distill.reading.reader",
        "distill.reading.vocabulary_scores",
        "harness_ext.backends.style_hf.generation",
        "harness_ext.backends.lm_eval.patched_models",
        "harness_ext.backends.lm_eval.sampling",
    }
    known = {hook.module for hook in HOOKS} | parts  # which put in place what these modules make
    for package in ("distill", "harness_ext"):
        for path in (ROOT / package).rglob("*.py"):
            name = ".".join(path.relative_to(ROOT).with_suffix("").parts)
            if _PLACED.search(path.read_text(encoding="utf-8")) and name != "distill.models.library_hooks":
                assert name in known, (
                    f"{name} places a hook that distill/models/library_hooks.py does not name"
                )
    for hook in HOOKS:
        assert (ROOT / f"{hook.module.replace('.', '/')}.py").is_file()


def test_an_error_names_the_versions_that_were_tested() -> None:
    assert re.fullmatch(r"transformers>=[\d.]+(,<[\d.]+)?", versions_tested("transformers"))
    assert versions_tested("no_such_library") == "another version of no_such_library"
