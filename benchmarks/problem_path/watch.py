"""Watches one process: which module of ours calls which, and whether a problem is in hand.

A process that is to be watched imports this first and calls `start`; see `benchmarks.problem_path`.
"""

import os
import sys
import threading
import time
from collections import deque
from collections.abc import Iterable, Mapping
from types import CodeType, FrameType
from typing import Any

_PACKAGES = ("synth", "distill", "harness_ext", "stylerep")
_LOOKED_AT = 300
"""The most objects looked at in the arguments of one call."""
_LEARNT = ("response", "trace", "results", "doc_hash")
"""Fields of a problem's rows, and arguments beside a problem, whose texts stand for it from then on."""
_SHORTEST = 12


class Watch:
    """The calls of a process from one module of ours to another, each pair written down once."""

    def __init__(self, root: str, texts: Iterable[str], tokens: Iterable[list[int]], output: str) -> None:
        self._root = root.rstrip(os.sep) + os.sep
        self._texts = set(texts)
        self._tokens = [_joined(ids) for ids in tokens]
        self._output = output
        self._modules: dict[CodeType, str] = {}
        self._noted: set[tuple[str, str, bool]] = set()

    def __call__(self, frame: FrameType, event: str, result: Any) -> None:
        """Take note of a call or a return, as `sys.setprofile` tells of them."""
        if event not in ("call", "return"):
            return
        module = self._modules.get(frame.f_code)
        if module is None:
            module = self._modules[frame.f_code] = self._module(frame.f_code)
        if not module or (caller := self._caller(frame, module)) is None:
            return
        if (caller, module, True) in self._noted:
            return
        if event == "call":
            self._learn(frame.f_locals)
        in_hand = self._holds(list(frame.f_locals.values()) if event == "call" else [result])
        if in_hand or (caller, module, False) not in self._noted:
            self._noted.add((caller, module, in_hand))
            with open(self._output, "a", encoding="utf-8") as file:
                file.write(f"{time.monotonic_ns()} {caller} {module} {int(in_hand)}\n")

    def _module(self, code: CodeType) -> str:
        path = code.co_filename
        inside = path.removeprefix(self._root)
        # What an import runs, the bodies of modules and classes, is no call.
        if inside == path or code.co_name == "<module>" or not code.co_flags & 2:
            return ""
        name = inside.removesuffix(".py").replace(os.sep, ".").removesuffix(".__init__")
        return name if name.partition(".")[0] in _PACKAGES else ""

    def _caller(self, frame: FrameType, module: str) -> str | None:
        """Return the module of ours that called, libraries in between left out; empty for the start of the
        process, None where it is the same module.
        """
        before = frame.f_back
        while before is not None:
            code = before.f_code
            name = self._modules.get(code)
            if name is None:
                name = self._modules[code] = self._module(code)
            if name:
                return None if name == module else name
            before = before.f_back
        return "start"

    def _holds(self, values: list[Any]) -> bool:
        """Say whether a problem is in hand: its question, its id, a response to it or their tokens."""
        waiting, seen = deque((value, 0) for value in values), 0
        while waiting and seen < _LOOKED_AT:
            value, depth = waiting.popleft()
            seen += 1
            if isinstance(value, str):
                if self._is_text(value):
                    return True
            elif _is_array(value) or (isinstance(value, list) and value and type(value[0]) is int):
                if self._is_tokens(value):
                    return True
            elif depth < 4:
                parts = _parts(value)
                self._learn(parts)
                waiting.extend((part, depth + 1) for part in parts.values())
        return False

    def _is_text(self, text: str) -> bool:
        return any(known in text or (len(text) >= _SHORTEST and text in known) for known in list(self._texts))

    def _is_tokens(self, value: Any) -> bool:
        try:
            ids = value if isinstance(value, list) else value.reshape(-1).tolist()
            joined = _joined(ids)
        except (TypeError, ValueError, OverflowError, RuntimeError):
            return False
        return any(known in joined for known in self._tokens)

    def _learn(self, parts: Mapping[Any, Any]) -> None:
        found = [parts[key] for key in _LEARNT if key in parts]
        if not found:
            return
        inner = [one for part in parts.values() if isinstance(part, dict) for one in part.values()]
        if any(isinstance(part, str) and self._is_text(part) for part in (*parts.values(), *inner)):
            texts = [one for part in found for one in (part if isinstance(part, list) else [part])]
            self._texts.update(one for one in texts if isinstance(one, str) and len(one) >= _SHORTEST)


def _parts(value: Any) -> Mapping[Any, Any]:
    """Return what an object holds, by name or number; nothing for what isn't plain data."""
    if isinstance(value, dict):
        return value if len(value) <= _LOOKED_AT else {}
    if isinstance(value, (list, tuple)):
        return dict(enumerate(value[:_LOOKED_AT]))
    own = type(value)
    if own.__module__.partition(".")[0] not in _PACKAGES:
        return {}
    slots = {name: getattr(value, name, None) for name in getattr(own, "__slots__", ())}
    return {**slots, **getattr(value, "__dict__", {})}


def _is_array(value: Any) -> bool:
    """Say whether a value is a NumPy array or tensor of whole numbers, not so large that it takes time."""
    kind = str(getattr(value, "dtype", ""))
    size = getattr(value, "size", 0)
    number = value.numel() if callable(getattr(value, "numel", None)) else size
    return "int" in kind and isinstance(number, int) and 0 < number <= 100_000


def _joined(ids: Iterable[int]) -> str:
    return " " + " ".join(map(str, ids)) + " "


def start(root: str, texts: Iterable[str], tokens: Iterable[list[int]], output: str) -> None:
    """Watch all threads of this process from here on."""
    watch = Watch(root, texts, tokens, f"{output}.{os.getpid()}")
    threading.setprofile(watch)
    sys.setprofile(watch)
