"""Keeps freed memory in the process, where large arrays come and go: in training on a CPU,
in reading many traces.
"""

import ctypes
import sys

# <malloc.h>
_M_TRIM_THRESHOLD, _M_TOP_PAD, _M_MMAP_MAX = -1, -2, -4


def keep_freed_memory() -> bool:
    """Tell glibc to reuse large freed blocks instead of returning them to the system; True if it did.

    A training step frees and takes back gigabytes of activations. By default each block over 32 MB
    is a fresh mapping whose pages fault in one by one. ``make bench`` shows what this gains.
    """
    if not sys.platform.startswith("linux"):
        return False
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is None:
        return False
    settings = ((_M_MMAP_MAX, 0), (_M_TRIM_THRESHOLD, 2**31 - 1), (_M_TOP_PAD, 256 * 2**20))
    taken = [mallopt(name, value) == 1 for name, value in settings]
    return all(taken)
