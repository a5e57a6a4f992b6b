"""The order in which items are asked where somebody looks before all of them have been: by a hash, so that it
depends neither on how hard they are nor on what else is asked.
"""

import hashlib
from collections.abc import Iterable

Item = tuple[str, str]
"""A task and the hash of a document."""


def in_order(items: Iterable[Item], seed: int = 0) -> list[Item]:
    """Return items in the order of SHA-256 of (seed, task, document hash): that of any of them is a part of
    it.
    """
    return sorted(items, key=lambda item: (_place(item, seed), item))


def order_digest(ordered: Iterable[Item]) -> str:
    """Return a digest of items in their order, to be recorded before the first is asked."""
    return hashlib.sha256("\n".join(f"{task}\t{item}" for task, item in ordered).encode()).hexdigest()


def _place(item: Item, seed: int) -> bytes:
    return hashlib.sha256(f"{seed}\x1f{item[0]}\x1f{item[1]}".encode()).digest()
