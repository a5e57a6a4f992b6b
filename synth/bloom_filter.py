"""Remembers what was seen, in the same little memory whatever the number of things."""

from synth.seeding import digest

_BITS = 1 << 25
_HASHES = 4


class Seen:
    """A Bloom filter (Bloom 1970) of 4 MiB and four hashes.

    A thing seen before is always known again. One not seen before is taken for a known one with a chance of
    about 10^-10 after 10,000 things and 2 · 10^-4 after a million:
    then a problem that is none is dropped as a repeat.
    """

    def __init__(self) -> None:
        self._bits = bytearray(_BITS // 8)

    def add(self, thing: str) -> bool:
        """Remember a thing; return whether it is new."""
        value = digest(thing)
        # Two halves of one digest give as many hashes as are wanted (Kirsch & Mitzenmacher 2006).
        low, high = value & 0xFFFFFFFF, (value >> 32) | 1
        new = False
        for i in range(_HASHES):
            place = (low + i * high) % _BITS
            byte, bit = place >> 3, 1 << (place & 7)
            if not self._bits[byte] & bit:
                new = True
                self._bits[byte] |= bit
        return new
