"""Resolves models: a name pulled from a package index or trained from nothing, a local folder, or
a Hub id.
"""

from pathlib import Path

from distill.experimental.scratch.names import is_scratch, scratch_model
from distill.models.cache import MANIFEST, cache_folder
from distill.models.model_files import check_adapter_weights, check_weights
from distill.models.packaged import NAMED
from synth.errors import StylerepError


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
