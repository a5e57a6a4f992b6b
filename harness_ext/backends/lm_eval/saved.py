"""Checks what an evaluation left in its run folder, and records it in the manifest."""

import argparse
import json
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness_ext.backends.lm_eval.command_line import task_metadata
from harness_ext.backends.lm_eval.model_args import public_model_args
from harness_ext.runs.run_folder import MANIFEST, read_manifest, sample_files
from synth.errors import StylerepError
from synth.files.files_below import files_below
from synth.files.replace_file import write_text
from synth.privacy.secrets import SECRETS
from synth.responses.samples_file import samples_name

if TYPE_CHECKING:
    from harness_ext.backends.style_hf.control_settings import Controls


def recorded_settings(args: argparse.Namespace) -> dict[str, Any]:
    """Return what the manifest says of how the model was asked, and by which versions."""
    return {
        "model_args": {key: str(value) for key, value in public_model_args(args.model_args).items()},
        "gen_kwargs": getattr(args, "gen_kwargs", None),
        "chat_template": bool(getattr(args, "apply_chat_template", False)),
        "batch_size": str(getattr(args, "batch_size", None)),
        "limit": getattr(args, "limit", None),
        "metadata": {key: value for key, value in task_metadata(args).items() if key != "data_dir"},
        "versions": {
            name: version(name) for name in ("lm_eval", "torch", "transformers", "peft", "stylerep")
        },
    }


def refuse_other_run(folder: Path, manifest: dict[str, Any]) -> None:
    """Keep two different models or settings from sharing a run folder."""
    there = SECRETS.settings(read_manifest(folder))  # as it would be written now
    keys = ("model", "base_model", "arm", "adapter_sha256", "gen_kwargs", "repeats", "chat_template")
    for key in (*keys, "decoding"):
        if there and there.get(key) != manifest.get(key):
            raise StylerepError(
                f"{folder} already holds a run whose {key} is {there.get(key)!r}, not {manifest.get(key)!r};"
                " choose another --output_path."
            )


def tasks_left_out(new: Sequence[Path], folder: Path) -> list[str]:
    """Return the tasks of a run folder that have been left out, now or by an earlier call,
    and not been run since.
    """
    from harness_ext.backends.lm_eval.style_task import LEFT_OUT

    (results,) = (
        json.loads(path.read_text(encoding="utf-8"))["results"]
        for path in new
        if path.name.startswith("results_")
    )
    now = {task for task, scores in results.items() if LEFT_OUT in scores}
    return sorted({*read_manifest(folder).get("left_out", []), *now} - sample_files(folder).keys())


def result_files(folder: Path) -> set[Path]:
    """Return the results and samples that lm_eval has written in a run folder."""
    return set(files_below(folder, "results_*.json", "samples_*.jsonl"))


def check_saved(new: Sequence[Path], folder: Path) -> None:
    """Make sure that everything was saved whole: lm_eval only logs a failure to save."""
    try:
        results = [path for path in new if path.name.startswith("results_")]
        contents = json.loads(results[0].read_text(encoding="utf-8"))
        for task, counts in contents["n-samples"].items():
            # by the whole name: style_arith's is how style_arith_short's begins
            (path,) = (
                item for item in new if (name := samples_name(item.name)) is not None and name.task == task
            )
            lines = path.read_bytes().split(b"\n")
            if len(lines) - 1 < counts["effective"] or lines[-1]:
                raise ValueError(path.name)
    except (IndexError, ValueError, KeyError) as error:
        for path in new:
            path.unlink(missing_ok=True)
        raise StylerepError(
            f"{folder}: lm_eval could not save the results whole (is the disk full?); its broken files were"
            " removed."
        ) from error


def check_controls_acted(controls: "Controls", new: Sequence[Path], close: str | None) -> None:
    """Raise StylerepError where controls did not act (see `harness_ext.backends.lm_eval.controls_taken`); the
    results are then kept under names that no one reads.
    """
    from harness_ext.backends.lm_eval.controls_taken import check_controls

    try:
        check_controls([path for path in new if path.name.startswith("samples_")], controls, close)
    except StylerepError as error:
        for path in new:
            path.rename(path.with_name(f"{path.name}.refused"))
        raise StylerepError(
            f"{str(error).rstrip('.')} (what was measured is kept in {new[0].parent} as *.refused)."
        ) from error


def write_manifest(folder: Path, manifest: Mapping[str, Any]) -> None:
    """Write the manifest of a run; raise StylerepError, saying what became of the results,
    where it cannot be written.
    """
    try:
        write_text(folder / MANIFEST, json.dumps(manifest, indent=2) + "\n")
    except OSError as error:
        raise StylerepError(
            f"{folder}: all results were saved, but {MANIFEST}, which says what was run, could not be written"
            f" ({error.strerror}); make room, and give the same command again, or the results will be taken"
            " for those of an unknown model."
        ) from error
