"""Which runs are probed, by which probes, and with which model: the one that wrote them.

Nothing here imports torch, so that what is wrong is said at once.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from distill.models.adapter_base import weights_digest
from distill.models.pretrained import check_adapter, resolve_model
from harness_ext.runs.outcomes import is_restored
from harness_ext.runs.run_folder import check_run_folders, read_manifest
from synth.errors import StylerepError
from synth.printable import printable
from synth.responses.samples_file import left_out
from synth.schema import shown

PROBES = (
    *("none", "early", "delete", "delete_all", "corrupt", "carry", "paraphrase"),
    *("pivots_within", "pivots_between", "filler", "swap"),
)
"""What is done to traces (`harness_ext.pipelines.probe.variants`)."""


@dataclass(frozen=True, slots=True)
class ProbedRun:
    """A run folder, and model and adapter that wrote it."""

    folder: Path
    name: str
    arm: str
    model: str
    adapter: Path | None

    def record(self) -> dict[str, Any]:
        """Return what tells one run from another, as a journal records it."""
        return {"name": self.name, "model": self.model, "adapter": str(self.adapter or "")}


def check_probes(names: Sequence[str]) -> tuple[str, ...]:
    """Return the probes of these names in the order of PROBES, all where none is named; raise StylerepError
    for a name that is none.
    """
    if unknown := [name for name in names if name not in PROBES]:
        raise StylerepError(f"There is no probe {shown(unknown[0])}; choose from {', '.join(PROBES)}.")
    return tuple(name for name in PROBES if name in names or not names)


def probed_run(folder: Path, model: str | None = None, adapter: Path | None = None) -> ProbedRun:
    """Return a run with its model and adapter: those given, else those that its manifest names.

    Raises StylerepError where neither says a model, where it isn't here, and where its weights are not those
    that the manifest has digests of.
    """
    check_run_folders([folder])
    manifest = read_manifest(folder)
    if is_restored(manifest):
        raise left_out(folder)
    recorded = manifest.get("model_args")
    args: dict[str, Any] = recorded if isinstance(recorded, dict) else {}
    name = model or args.get("pretrained") or manifest.get("base_model")
    if not isinstance(name, str):
        raise StylerepError(f"{folder}: no manifest says which model wrote this run; name it with --model.")
    if adapter is None and model is None and isinstance(args.get("peft"), str):
        adapter = Path(args["peft"])
    path = resolve_model(name)
    if adapter is not None:
        check_adapter(adapter)
    weights = weights_digest(path)
    shown_as = printable(folder.resolve().name)
    probed = ProbedRun(folder, shown_as, printable(str(manifest.get("arm") or shown_as)), name, adapter)
    if adapter is None and weights and manifest.get("adapter_sha256") == weights:
        return probed  # a model that was trained whole, of which the manifest also names the base
    _check_digest(folder, "model", name, manifest.get("base_sha256"), weights)
    _check_digest(
        folder,
        "adapter",
        str(adapter or "no adapter"),
        manifest.get("adapter_sha256"),
        weights_digest(adapter) if adapter is not None else None,
        bool(manifest),
    )
    return probed


def _check_digest(
    folder: Path, what: str, name: str, recorded: Any, found: str | None, both: bool = False
) -> None:
    """Raise StylerepError for weights that are not those of the run; where *both* must be known, also where
    one is missing.
    """
    if recorded == found or not (both or (recorded and found)):
        return
    says = f"whose weights have the SHA-256 {found[:12]}…" if found else "which has no weights here"
    wrote = f"one of SHA-256 {str(recorded)[:12]}…" if recorded else f"a model without {what}"
    raise StylerepError(
        f"{folder}: this run was written by {wrote}, not by {name}, {says}; probe it with the {what} that"
        f" wrote it (--{what})."
    )
