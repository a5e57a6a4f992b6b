"""Fills in what lm_eval's ``hf`` model needs to load a model of ours, pulled or not."""

from typing import Any, NamedTuple

from distill.allocator import keep_freed_memory
from distill.loading import load_config, load_tokenizer
from distill.precision import fast_dtype
from distill.pretrained import resolve_model
from synth.errors import StylerepError

BATCH_SIZE = 16


class HfModel(NamedTuple):
    """A model that ``hf`` is to load: what the user calls it, what transformers loads, its tokenizer and its configuration."""

    name: str
    path: str
    tokenizer: Any
    config: Any


def prepare(model_args: dict[str, Any]) -> HfModel:
    """Complete the arguments of an ``hf`` model in place: the folder of a pulled model, and a number format that is fast here.

    Raises StylerepError for a model that is not named or cannot be loaded.
    """
    name = str(model_args.get("pretrained") or "")
    if not name:
        raise StylerepError("Name the model: --model_args pretrained=NAME (a folder, a Hub id or a name of stylerep models list).")
    path = resolve_model(name)
    keep_freed_memory()
    model_args["pretrained"] = path
    tokenizer, config = load_tokenizer(str(model_args.get("tokenizer") or path)), load_config(path)
    if "dtype" not in model_args and str(config.dtype).endswith("bfloat16") and str(fast_dtype()).endswith("float32"):
        model_args["dtype"] = "float32"
    return HfModel(name, path, tokenizer, config)
