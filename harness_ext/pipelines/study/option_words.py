"""Writes a study's options as command-line words."""

from collections.abc import Mapping
from typing import Any

_SWITCHED_OFF = ("decontaminate",)
"""Options that are on unless they are switched off by --no-NAME."""


def words(options: Mapping[str, Any]) -> list[str]:
    """Return options as a command line has them: ``epochs: 1`` as ``--epochs 1``, ``plain:
    true`` as ``--plain``.
    """
    found: list[str] = []
    for key, value in options.items():
        if value is True:
            found.append(f"--{key}")
        elif value is False:
            found += [f"--no-{key}"] if key in _SWITCHED_OFF else []
        else:
            found += [f"--{key}", str(value)]
    return found
