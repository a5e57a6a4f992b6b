"""lm_eval's cache of responses (``--use_cache``), kept apart by model.

Its keys are the type and the arguments of a request: they know no model, and no draw. Written against lm_eval
0.4.13. What it relies on: ``CachingLM`` holds the model as ``lm``, and doesn't look up what is asked with
``do_sample``.
"""

import argparse
import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from synth.privacy.secrets import SECRETS
from synth.terminal import say

_WEIGHTS = ("*.safetensors", "*.bin", "*.gguf")
_OF_RUN = ("model", "base_model", "base_sha256", "adapter_sha256")
_DIGITS = 12


def keep_apart(args: argparse.Namespace, manifest: Mapping[str, Any]) -> None:
    """Have the cache that *args* ask for, if any, be one of this model, adapter and arguments alone, in a
    file whose name ends with their digest; *manifest* is what the run's says of them.

    Weights in a folder count by their files' sizes and times.
    """
    path = getattr(args, "use_cache", None)
    if not path:
        return
    settings = {str(name): SECRETS.settings(value) for name, value in args.model_args.items()}
    folders = [Path(value) for value in args.model_args.values() if isinstance(value, str)]
    weights = [
        (file.name, file.stat().st_size, file.stat().st_mtime_ns)
        for folder in folders
        if folder.is_dir()
        for pattern in _WEIGHTS
        for file in sorted(folder.glob(pattern))
    ]
    of_run = {name: manifest.get(name) for name in _OF_RUN}
    parts = json.dumps([of_run, settings, weights], sort_keys=True, default=str)
    digest = hashlib.sha256(parts.encode()).hexdigest()
    args.use_cache = f"{path}-{digest[:_DIGITS]}"
    say(
        f"--use_cache: lm_eval would take one model's responses for another's; this one's lie in"
        f" {args.use_cache}_rank*.db.",
        err=True,
    )


def without_cache(lm: Any) -> Any:
    """Return lm_eval's model itself, also where a cache of responses lies around it."""
    from lm_eval.api.model import CachingLM

    return lm.lm if isinstance(lm, CachingLM) else lm
