"""What models call the argument that takes their cache of keys and values."""

import inspect

_NAMES = ("cache", "past_key_values", "layer_past")
"""From transformers 5.24 on the first, before it the second."""
_found: dict[type, str] = {}


def cache_argument(cls: type) -> str:
    """Return the argument by which models of a class take their cache, by what their forward says: by its
    name, else by what it is said to be.
    """
    if cls not in _found:
        parameters = inspect.signature(getattr(cls, "forward", cls.__call__)).parameters
        by_kind = [name for name, one in parameters.items() if "Cache" in str(one.annotation)]
        _found[cls] = next((name for name in (*_NAMES, *by_kind) if name in parameters), _NAMES[1])
    return _found[cls]
