"""Where the task files are, in a checkout or an installed wheel."""

from pathlib import Path

_HERE = Path(__file__).resolve().parent


def tasks_path() -> Path:
    """Return the folder to give to ``lm_eval --include_path``."""
    return _shipped("tasks")


def studies_path() -> Path:
    """Return the folder of the studies that come with stylerep."""
    return _shipped("studies")


def _shipped(name: str) -> Path:
    inside = _HERE / name
    return inside if inside.is_dir() else _HERE.parent / name
