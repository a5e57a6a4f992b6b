"""What becomes of the problems that no right trace was sampled for, in words."""

from collections.abc import Mapping
from typing import Any

HANDLINGS = {
    "drop": "dropped from all arms",
    "sbs": "filled from sbs, in the arms of stages and pivots from hc",
}
"""What becomes of unsolved problems, by the word that declares it."""
_NAMED = 5


def unsolved_in_words(report: Mapping[str, Any]) -> str:
    """Say how many problems were solved and what became of the others, from what a manifest reports of the
    sampled traces.
    """
    unsolved, asked = report["unsolved"], report["asked"]
    solved = f"{report['arm']}: a right trace of {asked - unsolved['count']} of {asked} problems"
    if not unsolved["count"]:
        return f"{solved}."
    named, more = ", ".join(unsolved["ids"][:_NAMED]), unsolved["count"] - _NAMED
    return (
        f"{solved}; the other {unsolved['count']} are {HANDLINGS[unsolved['handled']]}: {named}"
        f"{f' and {more} more, all in the manifest' if more > 0 else ''}."
    )


def sampling_in_words(report: Mapping[str, Any]) -> str:
    """Say how the traces were sampled, from the same report."""
    return (
        f"sampled at temperature {report['temperature']:g}, at most {report['attempts']} responses a problem"
    )
