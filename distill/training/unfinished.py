"""Keeps an unfinished training's checkpoints beside its output folder, with what they belong to."""

import json
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from transformers import TrainerCallback

from distill.training.output import unfinished_folder
from synth.errors import StylerepError
from synth.files.replace_file import write_text
from synth.files.replace_folder import remove_tree
from synth.schema import read_as, read_json, shown

_SETTINGS, _WHOLE = "training.json", "stylerep_checkpoint_is_whole"


def open_unfinished(out: Path, settings: Mapping[str, Any], restart: bool, main: bool = True) -> Path | None:
    """Return the latest whole checkpoint of the same training, None if it begins anew;
    only the *main* process writes.

    Raises StylerepError, and touches nothing, where another training's checkpoints lie and *restart* does not
    say to drop them.
    """
    folder = unfinished_folder(out)
    if restart and main:
        remove_tree(folder)
    wanted = json.loads(json.dumps(settings))
    whole = [path for path in folder.glob("checkpoint-*") if (path / _WHOLE).is_file()]
    if whole:
        found = _settings(folder / _SETTINGS)
        other = [key for key in {**wanted, **found} if wanted.get(key) != found.get(key)]
        if other:
            raise StylerepError(
                f"{folder}: an unfinished training with another {_difference(other[0], wanted, found)} lies"
                " here; finish it with its settings, or drop it with --restart."
            )
    elif folder.exists() and not (folder / _SETTINGS).is_file() and any(folder.iterdir()):
        raise StylerepError(
            f"{folder}: checkpoints are to be written here, and something else lies there; move it away."
        )
    if main:
        folder.mkdir(parents=True, exist_ok=True)
        write_text(folder / _SETTINGS, json.dumps(settings, indent=2) + "\n")
    return max(whole, key=_step, default=None)


def _settings(path: Path) -> dict[str, Any]:
    """Return the settings of an unfinished training; raise StylerepError where its file does not say them."""
    try:
        return read_as(dict[str, Any], read_json(path), path)
    except StylerepError as error:
        raise StylerepError(
            f"{str(error).removesuffix('.')}; drop this unfinished training with --restart."
        ) from error


def _difference(key: str, wanted: Mapping[str, Any], found: Mapping[str, Any]) -> str:
    mine, theirs = wanted.get(key), found.get(key)
    if isinstance(mine, dict) and isinstance(theirs, dict):
        name = next(name for name in {**mine, **theirs} if mine.get(name) != theirs.get(name))
        return f"{name.replace('_', '-')} ({shown(theirs.get(name))}, not {shown(mine.get(name))})"
    return f"{key.replace('_', ' ')} ({shown(theirs)}, not {shown(mine)})"


def _step(checkpoint: Path) -> int:
    number = checkpoint.name.rpartition("-")[2]
    return int(number) if number.isdigit() else -1


class Checkpoints(TrainerCallback):  # type: ignore[misc]  # transformers ships no types for it
    """Has a checkpoint written every so many minutes or steps, and marks it once it is whole."""

    def __init__(self, minutes: float, steps: int | None = None) -> None:
        self._seconds, self._steps = minutes * 60, steps
        self._latest = time.monotonic()

    def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        """Ask for a checkpoint if it is time, but not after the last step."""
        due = (
            state.global_step % self._steps == 0
            if self._steps
            else time.monotonic() - self._latest >= self._seconds
        )
        if args.world_size > 1:  # clocks differ, and all must save together
            flag = torch.tensor([int(due)], device=args.device)
            torch.distributed.broadcast(flag, 0)
            due = bool(flag.item())
        control.should_save = due and state.global_step < state.max_steps

    def on_save(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        """Mark the checkpoint."""
        self._latest = time.monotonic()
        if args.world_size > 1:  # each writes a part
            torch.distributed.barrier()
        if state.is_world_process_zero:
            (Path(args.output_dir) / f"checkpoint-{state.global_step}" / _WHOLE).touch()
