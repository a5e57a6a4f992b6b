"""Reads from a run folder which model, arm and seed a run is of, and which task versions it answered."""

import hashlib
import json
import re
from collections.abc import Mapping
from pathlib import Path

from pydantic import ConfigDict, Field

from harness_ext.runs.manifests import merged_results, read_manifest
from harness_ext.runs.stopped import stopped_tasks
from synth.errors import StylerepError
from synth.privacy.home_folders import without_homes
from synth.privacy.secrets import SECRETS
from synth.schema import Schema, Whole

_IDENTITY = ("base_model", "base_sha256", "model_name", "arm", "gen_kwargs", "chat_template")
"""What runs of one arm have in common when only their seeds differ."""
_CONTROLS = "decoding"
"""So, where style is controlled at decoding time, what the manifest says of that
(`harness_ext.backends.style_hf.control_settings`).
"""
_OWN = ("seed", "adapter_sha256", "dataset_fingerprint")


class RunFacts(Schema):
    """Who answered; what a board's ``run.json`` keeps of it.

    `group` is shared by the seeds of one arm, empty where a folder does not say enough. `template` says
    whether prompts went through a chat template, None if unknown; `versions` and `shots` are by task.
    `folder` is the name of the run folder.
    """

    model_config = ConfigDict(extra="ignore")
    id: str
    model: str
    family: str
    arm: str
    seed: str
    group: str
    template: bool | None
    gen_kwargs: str
    folder: str
    versions: dict[str, str] = Field(default={})
    shots: dict[str, Whole] = Field(default={})


def read_facts(folder: Path) -> RunFacts:
    """Read what a run folder says of itself: its manifest, else what lm_eval wrote of the model;
    else its own name stands for the model.

    Raises StylerepError for a manifest or results file that cannot be read, and for a run that stopped early.
    """
    given, results = read_manifest(folder), merged_results(folder)
    if early := stopped_tasks(given):
        raise StylerepError(
            f"{folder} stopped early on {early[0]}, and has no place on a board: outcomes decided how many"
            " items it has, and ranks are tests for a fixed number; evaluate it on all items."
        )
    SECRETS.learn({"manifest": given, "results": results.get("config")}, folder.resolve().name)
    manifest = SECRETS.settings(given)
    versions = manifest.get("task_versions") or results.get("versions") or {}
    shots = results.get("n-shot") or {}
    config = SECRETS.settings(results.get("config") or {})
    if not manifest and config:
        arguments = config.get("model_args")
        named = arguments.get("pretrained") or arguments.get("model") if isinstance(arguments, dict) else None
        manifest = {
            "base_model": named or results.get("model_name"),
            "model_args": arguments,
            "gen_kwargs": config.get("gen_kwargs"),
            "chat_template": bool(results.get("chat_template")),
        }
    name = folder.resolve().name
    model = str(manifest.get("model_name") or manifest.get("base_model") or name)
    arm, seed = _text(manifest.get("arm")), _text(manifest.get("seed"))
    identity = {key: manifest.get(key) for key in _IDENTITY}
    if manifest.get(_CONTROLS):  # absent where there are none, so that ids of boards stay
        identity[_CONTROLS] = manifest[_CONTROLS]
    grouped = bool(manifest.get("base_model") and arm and arm != "unknown")
    own = {
        **identity,
        **{key: manifest.get(key) for key in _OWN},
        **({} if grouped else {"folder": name, "arguments": manifest.get("model_args")}),
    }
    short = printable(re.split(r"[/\\]", model.rstrip("/\\"))[-1] or model)
    return RunFacts(
        id=f"{slug('-'.join(part for part in (short, arm, seed) if part))}-{digest(own)[:6]}",
        model=short,
        family=printable(_text(manifest.get("family"))),
        arm=printable(arm),
        seed=printable(seed),
        group=digest(identity)[:12] if grouped else "",
        template=manifest.get("chat_template"),
        gen_kwargs=settings_text(manifest.get("gen_kwargs")),
        folder=printable(name),
        versions={
            task: f"{version:g}" if isinstance(version, float) else str(version)
            for task, version in versions.items()
            if version is not None
        },
        shots={task: int(count) for task, count in shots.items() if isinstance(count, int)},
    )


def settings_text(settings: object) -> str:
    """Return settings of decoding as one line, ``do_sample=False, max_gen_toks=224``, without an empty list
    of stop strings, secrets and home folders.
    """
    settings = without_homes(SECRETS.settings(settings))
    if isinstance(settings, Mapping):
        return printable(
            ", ".join(
                f"{name}={value}"
                for name, value in sorted(settings.items())
                if not (name == "until" and not value)
            )
        )
    return printable(_text(settings))


def slug(text: str) -> str:
    """Return a name for files and addresses: lower case, and no more than 60 letters, digits, dots,
    dashes and underscores.
    """
    return re.sub(r"[^a-z0-9._]+", "-", text.lower()).strip("-._")[:60] or "x"


def digest(value: object) -> str:
    """Return the SHA-256 of a value as JSON."""
    return hashlib.sha256(json.dumps(value, sort_keys=True, default=str).encode(errors="replace")).hexdigest()


def printable(text: str) -> str:
    """Return what can be shown on one line: other characters become marks."""
    return "".join(character if character.isprintable() else "\ufffd" for character in text)


def _text(value: object) -> str:
    return "" if value is None else str(value)
