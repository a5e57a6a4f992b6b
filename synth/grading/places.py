"""Where in a text something is stated."""

from typing import NamedTuple


class Place(NamedTuple):
    """Something that a text states to be its answer, and where it stands."""

    start: int
    end: int
    text: str
