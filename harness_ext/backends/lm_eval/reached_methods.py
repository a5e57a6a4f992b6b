"""Checks that ``generate_until`` of lm_eval's models goes through the methods that we replace."""

import functools
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from distill.models.library_hooks import Hook, not_taken


def counted(name: str, method: Callable[..., Any], called: Counter[str]) -> Callable[..., Any]:
    """Return a method that adds 1 to *called* under a name each time it is called."""

    @functools.wraps(method)
    def counting(*arguments: Any, **options: Any) -> Any:
        called[name] += 1
        return method(*arguments, **options)

    return counting


def reaching(
    generate: Callable[..., list[str]], called: Counter[str], needed: Mapping[str, Hook]
) -> Callable[..., list[str]]:
    """Have a call of generate_until raise StylerepError if it passed by a method that it is to go through,
    by its name in *called*.
    """

    @functools.wraps(generate)
    def generated(self: Any, requests: Sequence[Any], *arguments: Any, **options: Any) -> list[str]:
        before = called.copy()
        texts = generate(self, requests, *arguments, **options)
        for name, hook in needed.items():
            if requests and called[name] == before[name]:
                raise not_taken(hook, self, f"generate_until did not call {name}")
        return texts

    return generated
