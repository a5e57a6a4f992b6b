"""Random generators that depend on names, not on call order."""

import hashlib
import random


def digest(*parts: object) -> int:
    """Return a 64-bit integer that depends on every part and its position."""
    text = "\x1f".join(str(part) for part in parts)
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big")


def generator(*parts: object) -> random.Random:
    """Return a generator seeded by the parts: the same parts give the same draws on any machine."""
    return random.Random(digest(*parts))
