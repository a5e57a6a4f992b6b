"""Fills in what a model needs before an evaluation, and says what the manifest holds of it."""

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from distill.models.cache import MANIFEST as MODEL_MANIFEST
from distill.models.families.dated_template import DEFAULT, default_template
from harness_ext.backends.lm_eval.models import register_ours
from harness_ext.backends.lm_eval.names import ADAPTER, STYLE_HF, VLLM
from harness_ext.runs.run_folder import RESPONSES, read_manifest
from synth.errors import StylerepError

if TYPE_CHECKING:
    from harness_ext.backends.lm_eval.hf_model import HfModel
    from harness_ext.backends.style_hf.control_settings import Controls


# lm_eval's own, of Python, numpy, torch and few-shot examples.
_SEEDS = [0, 1234, 1234, 1234]


def prepare_server(args: argparse.Namespace) -> dict[str, Any]:
    """Fill in what a model behind an address needs and return what the manifest says of it."""
    if "chat-completions" in args.model and not hasattr(args, "apply_chat_template"):
        args.apply_chat_template = True
    if getattr(args, "seed", None) is None:
        # nothing here draws with torch, which takes a second to import
        args.seed = [*_SEEDS[:2], None, _SEEDS[3]]
    return {"model": args.model, "base_model": args.model_args.get("model"), "arm": None}


def prepare_local(args: argparse.Namespace) -> "tuple[dict[str, Any], HfModel]":
    """Fill in what a model that runs here needs; return what the manifest says of it, and the model."""
    from distill.models.pretrained import resolve_model
    from harness_ext.backends.lm_eval.hf_model import BATCH_SIZE, check_adapter_base, prepare

    name = args.model or "hf"
    register_ours(name)
    model = prepare(args.model_args, name)
    adapter: dict[str, Any] = {}
    if peft := args.model_args.get(ADAPTER.get(name, "peft")):
        check_adapter_base(model, peft)
        adapter = read_manifest(Path(peft))
        if adapter.get("family", model.family.name) != model.family.name:
            raise StylerepError(
                f"{peft}: this adapter was trained with the family {adapter['family']}, and {model.name} is"
                f" now taken for {model.family.name}; let STYLEREP_FAMILIES name the folder that it named in"
                " training."
            )
        if (
            adapter.get("template_arguments", model.family.template_arguments)
            != model.family.template_arguments
        ):
            raise StylerepError(
                f"{peft}: this adapter was trained with the chat template's arguments"
                f" {adapter['template_arguments']}, and the family {model.family.name} now gives"
                f" {model.family.template_arguments}."
            )
    # a model that stylerep distill trained whole, if any
    trained = {} if peft else read_manifest(Path(model.path))
    trained = trained if "arm" in trained and "base_model" in trained else {}
    if default_template(model.tokenizer):
        _put_chat_template(args, model)
    if not hasattr(args, "batch_size"):
        args.batch_size = "auto" if name == VLLM else str(BATCH_SIZE)
    manifest = {
        "model": name,
        "family": model.family.name,
        "base_model": trained.get("base_model", model.name),
        "base_sha256": _base_digest(Path(resolve_model(trained["base_model"]) if trained else model.path)),
        "arm": adapter.get("arm", "unknown") if peft else trained.get("arm", "base"),
        **{key: (adapter or trained).get(key) for key in ("seed", "adapter_sha256", "dataset_fingerprint")},
    }
    return manifest, model


def _put_chat_template(args: argparse.Namespace, model: "HfModel") -> None:
    """Have the chat template put, the one that training puts; lm_eval records another that is named,
    and puts the default one all the same.
    """
    named = getattr(args, "apply_chat_template", True)
    if isinstance(named, str) and isinstance(model.tokenizer.chat_template, dict) and named != DEFAULT:
        raise StylerepError(
            f"--apply_chat_template {named}: adapters are trained with the chat template named {DEFAULT}, and"
            " lm_eval puts no other; leave it out."
        )
    args.apply_chat_template = named


def asked_controls(args: argparse.Namespace) -> "Controls":
    """Return the controls of style; raise StylerepError for some that are wrong,
    or given to a model that has none.
    """
    from harness_ext.backends.style_hf.control_settings import NAMES, Controls, read_controls

    if args.model in (STYLE_HF, VLLM):
        return read_controls(args.model_args)
    if given := [name for name in NAMES if name in args.model_args]:
        raise StylerepError(
            f"--model_args {given[0]} goes with --model {STYLE_HF} or {VLLM}, not with {args.model or 'hf'}."
        )
    return Controls()


def prepare_controls(args: argparse.Namespace, folder: Path, arm: str) -> dict[str, Any]:
    """Check what is to be changed of the model's style, have it keep its responses in the run folder, and
    return what the manifest says of it.
    """
    from harness_ext.backends.style_hf.control_settings import read_controls

    if getattr(args, "use_cache", None):
        raise StylerepError(
            "--use_cache mixes up the responses of adapters; style-hf keeps its responses in the run folder,"
            " or where --model_args journal=FILE says."
        )
    controls = read_controls(args.model_args)
    args.model_args.setdefault("journal", str(folder / RESPONSES))
    return {"decoding": controls.record() or None, "arm": controls.arm(arm)}


def prepare_vllm_controls(args: argparse.Namespace, model: "HfModel", arm: str) -> dict[str, Any]:
    """Put what is to be changed of the model's style where vLLM finds it,
    and return what the manifest says of it.
    """
    from harness_ext.backends.experimental.vllm_controls import vllm_arguments
    from harness_ext.backends.style_hf.control_settings import NAMES, read_controls

    controls = read_controls(args.model_args)
    args.model_args = {name: value for name, value in args.model_args.items() if name not in NAMES}
    if not controls.label:
        return {}
    if getattr(args, "use_cache", None):
        raise StylerepError("--use_cache mixes up the responses of different controls; leave it out.")
    end = model.tokenizer.convert_tokens_to_ids(model.family.end_of_turn)
    args.model_args |= vllm_arguments(
        controls, model.family.think[1], {end, model.tokenizer.eos_token_id} - {None}, args.model_args
    )
    return {"decoding": controls.record(), "arm": controls.arm(arm)}


def _base_digest(folder: Path) -> str | None:
    """Return the digest a pulled model was recorded with; None for any other model."""
    path = folder / MODEL_MANIFEST
    return json.loads(path.read_text(encoding="utf-8"))["sha256"] if path.is_file() else None
