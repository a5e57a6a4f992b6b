"""Prints which packages of this environment are of another version than the pinned set has, one a line:
what ``make test-newest`` tries.

python -m tests.newest_versions constraints.txt
"""

import sys
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from packaging.version import Version


def differing(constraints: str) -> list[str]:
    """Return a line for each package of a text of pins (``name==version``) that is here in another version:
    ``transformers 5.24.0 (pinned: 5.23.0)``.
    """
    found = []
    for line in constraints.splitlines():
        name, _, pinned = line.partition("#")[0].strip().partition("==")
        if not pinned:
            continue
        try:
            here = version(name)
        except PackageNotFoundError:
            continue
        if Version(here).public != Version(pinned).public:  # a build for processors has the same version
            found.append(f"{name} {here} (pinned: {pinned})")
    return found


def main(arguments: Sequence[str]) -> None:
    """Print the lines of `differing`."""
    lines = differing(Path(arguments[0]).read_text(encoding="utf-8"))
    print(
        (
            "\n".join(["Newer than the pinned set:", *(f"  {line}" for line in lines)])
            if lines
            else "Nothing here is newer than the pinned set."
        ),
        flush=True,
    )


if __name__ == "__main__":
    main(sys.argv[1:])
