"""What a folder of a crosscoder holds; importing this takes no time."""

from pathlib import Path

from synth.errors import StylerepError

WEIGHTS, MANIFEST = "crosscoder.safetensors", "manifest.json"
WHAT = "a crosscoder that stylerep crosscode fit made"


def check_crosscoder(folder: Path) -> None:
    """Raise StylerepError for a folder that holds no crosscoder."""
    if not (folder / WEIGHTS).is_file() or not (folder / MANIFEST).is_file():
        raise StylerepError(
            f"{folder}: this is no crosscoder (it needs {WEIGHTS} and {MANIFEST}); make one with stylerep"
            " crosscode fit."
        )
