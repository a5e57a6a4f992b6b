"""Starts Python programs of ours so that nothing of the current folder can be imported in place of what is
meant.

``python -m`` puts the current folder before everything else that is imported from: a ``json.py`` of the
user's, or of a study that came from elsewhere, would be run in place of Python's own.
"""

import os
import site
import sys
from collections.abc import Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any
from unittest.mock import patch

_ROOT = Path(__file__).resolve().parents[2]


def module_command(module: str, *arguments: str) -> list[str]:
    """Return the command that runs a module in a new Python which does not import from its current folder;
    give it `safe_environment`.
    """
    return [sys.executable, "-P", "-m", module, *arguments]


def safe_environment(environment: Mapping[str, str] = os.environ) -> dict[str, str]:
    """Return an environment in which Python programs, and those that they start, do not import from their
    current folder, but find these packages.

    Folders that the user named in ``PYTHONPATH`` stay, those of which the name is relative as seen from the
    present folder; a part without a name, which would mean the current folder, does not. A checkout that is
    not installed is put after them.
    """
    named = [os.path.abspath(one) for one in environment.get("PYTHONPATH", "").split(os.pathsep) if one]
    if not _is_installed() and str(_ROOT) not in named:
        named.append(str(_ROOT))
    return {**environment, "PYTHONSAFEPATH": "1", "PYTHONPATH": os.pathsep.join(named)}


def safe_starts() -> AbstractContextManager[Any]:
    """Return a context in which whatever library starts a Python program starts it with `safe_environment`:
    processes of multiprocessing, for one.
    """
    return patch.dict(os.environ, safe_environment())


def _is_installed() -> bool:
    """Say whether a Python that is started anywhere finds these packages by itself,
    where it looks for installed ones.
    """
    return str(_ROOT) in {
        os.path.realpath(one) for one in (*site.getsitepackages(), site.getusersitepackages())
    }
