"""Makes a folder that transformers loads of a GGUF file: weights as bfloat16, tokenizer, configuration."""

from collections.abc import Callable, Iterator, Sequence
from itertools import chain
from math import prod
from pathlib import Path
from typing import Any

import torch

from distill.models.from_gguf.architectures import Architecture, architecture
from distill.models.from_gguf.header import GgufHeader, read_header
from distill.models.from_gguf.safetensors_file import write_bfloat16
from distill.models.from_gguf.tensors import rows
from distill.models.from_gguf.tokenizer import build_tokenizer
from synth.errors import StylerepError

EMBEDDINGS, OUTPUT = "model.embed_tokens.weight", "lm_head.weight"


def convert(
    gguf: Path,
    folder: Path,
    tied: bool,
    pad_token: str | None = None,
    ends: Sequence[str] = (),
    done: Callable[[int], None] = lambda size: None,
) -> None:
    """Write the model of a GGUF file into a folder.

    *tied* says that the published model reads and writes tokens by one matrix. A file may hold it twice,
    rounded differently: the second, of the output, is then kept, since it's the finer one. *ends* are
    tokens that end a response beside the file's EOS. *done* is called with the bytes of weights written.
    Raises StylerepError for a file that is not wholly understood, before anything is written.
    """
    header = read_header(gguf)
    shape = architecture(header)
    tokenizer = build_tokenizer(header, pad_token)
    config = _config(header, shape, tied, tokenizer.pad_token_id)
    found = _tensors(header, shape, tied)
    wanted = _shapes(config)
    _check(header, found, wanted)
    settings = shape.config(header)

    def parts() -> Iterator[tuple[str, Iterator[torch.Tensor]]]:
        written = 0
        done(written)
        for name in sorted(wanted):
            tensor = header.tensors[found[name]]
            values = rows(gguf, tensor, shape.order(name, tensor.shape[0], settings))
            yield name, (shape.norm(part) if name.endswith("norm.weight") else part for part in values)
            written += 2 * prod(tensor.shape)
            done(written)

    write_bfloat16(folder / "model.safetensors", wanted, parts())
    tokenizer.save_pretrained(folder)
    config.save_pretrained(folder)
    _generation(config, tokenizer, ends).save_pretrained(folder)


def _config(header: GgufHeader, shape: Architecture, tied: bool, pad: int | None) -> Any:
    from transformers import AutoConfig
    from transformers.models.auto.modeling_auto import MODEL_FOR_CAUSAL_LM_MAPPING_NAMES

    settings = shape.config(header)
    for role, theirs in (("bos", "bos"), ("eos", "eos"), ("unk", "unknown")):
        if (number := header.metadata.get(f"tokenizer.ggml.{theirs}_token_id")) is not None:
            settings[f"{role}_token_id"] = number
    name = MODEL_FOR_CAUSAL_LM_MAPPING_NAMES[shape.model_type]
    return AutoConfig.for_model(
        shape.model_type,
        **settings,
        pad_token_id=pad,
        tie_word_embeddings=tied or "output.weight" not in header.tensors,
        architectures=[name],
        dtype="bfloat16",
    )


def _generation(config: Any, tokenizer: Any, ends: Sequence[str]) -> Any:
    from transformers import GenerationConfig

    settings = GenerationConfig.from_model_config(config)
    if ends:
        settings.eos_token_id = [config.eos_token_id, *tokenizer.convert_tokens_to_ids(list(ends))]
    return settings


def _tensors(header: GgufHeader, shape: Architecture, tied: bool) -> dict[str, str]:
    """Return which tensor of the file each of transformers' is."""
    found = {}
    for theirs in header.tensors:
        if (ours := shape.name(theirs)) is None:
            raise StylerepError(
                f"{header.path.name}: it holds a tensor {theirs!r}, unknown in {shape.model_type}."
            )
        found[ours] = theirs
    if tied and OUTPUT in found:
        found[EMBEDDINGS] = found.pop(OUTPUT)
    return found


def _shapes(config: Any) -> dict[str, tuple[int, ...]]:
    from distill.models.loading import empty_model

    model = empty_model(config)
    held = {name: tuple(tensor.shape) for name, tensor in model.state_dict().items()}
    if config.tie_word_embeddings:
        held.pop(OUTPUT, None)
    return held


def _check(header: GgufHeader, found: dict[str, str], wanted: dict[str, tuple[int, ...]]) -> None:
    for name in sorted(chain(found.keys() - wanted.keys(), wanted.keys() - found.keys())):
        what = (
            f"no tensor for {name}" if name in wanted else f"a tensor {found[name]!r} that no such model has"
        )
        raise StylerepError(f"{header.path.name}: it holds {what}.")
    for name, shape in wanted.items():
        if (its := header.tensors[found[name]].shape) != shape:
            raise StylerepError(f"{header.path.name}: {found[name]} is of the shape {its}, expected {shape}.")
