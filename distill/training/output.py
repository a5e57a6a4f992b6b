"""Checks the folders that a training writes before it begins, and locks them until it has ended."""

import contextlib
from collections.abc import Iterable, Iterator
from pathlib import Path

from synth.errors import StylerepError
from synth.files.inside_folder import refuse_ways_out
from synth.files.lock import hold
from synth.files.replace_folder import check_replaceable


def unfinished_folder(out: Path) -> Path:
    """Return the folder in which the checkpoints of the training for *out* lie."""
    return out.with_name(f"{out.name}.unfinished")


def check_training_output(out: Path, merged: Path | None = None, inputs: Iterable[str | Path] = ()) -> None:
    """Raise StylerepError where a folder of a training cannot be written, holds something other than what was
    trained before, or is one of the *inputs*.
    """
    check_replaceable(out, "manifest.json", "an adapter or model that stylerep distill trained", inputs)
    unfinished = unfinished_folder(out)
    if unfinished.is_symlink() or (unfinished.exists() and not unfinished.is_dir()):
        raise StylerepError(
            f"{unfinished}: checkpoints are to be written here, and something else lies there; move it away."
        )
    refuse_ways_out(unfinished)
    if merged is not None:
        check_replaceable(merged, "config.json", "a model", [*inputs, out])
        if merged.resolve() == out.resolve():
            raise StylerepError(f"{merged}: --merge needs a folder other than the adapter's own.")


@contextlib.contextmanager
def training_output(
    out: Path, merged: Path | None = None, inputs: Iterable[str | Path] = (), main: bool = True
) -> Iterator[None]:
    """Check the folders of a training and, in its *main* process,
    keep other commands from writing them while the block runs.
    """
    check_training_output(out, merged, inputs)
    with contextlib.ExitStack() as held:
        if main:
            held.enter_context(hold(out))
            if merged is not None:
                held.enter_context(hold(merged))
        yield
