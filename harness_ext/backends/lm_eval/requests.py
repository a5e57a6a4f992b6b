"""Requests of our own to lm_eval's models, in the form of the lm_eval that is installed.

0.4.13 has a document's number in a tuple, ``metadata``; from 0.5 on (read on its branch) it is ``doc_id``,
fields go by name alone, and a request says what answer is expected.
"""

import dataclasses
from typing import Any

from distill.models.library_hooks import REQUESTS, not_taken


def generation_request(context: Any, settings: dict[str, Any], number: int, kind: Any = None) -> Any:
    """Return a request for a response to a prompt, the *number*-th, under *settings* of decoding; *kind* is
    lm_eval's class, found unless given.
    """
    if kind is None:
        from lm_eval.api import instance

        kind = instance.Instance
    fields = {field.name: field for field in dataclasses.fields(kind)}
    known: dict[str, Any] = {
        "request_type": "generate_until",
        "doc": {},
        "arguments": (context, settings),
        "idx": number,
        "task_name": "stylerep",
        "doc_id": number,
        "repeats": 1,
        "target": "",
    }
    if fields["metadata"].default_factory is not dataclasses.MISSING and isinstance(
        fields["metadata"].default_factory(), tuple
    ):
        known["metadata"] = ("stylerep", number, 1)
    needed = [
        field.name
        for field in fields.values()
        if field.default is field.default_factory is dataclasses.MISSING and field.name not in known
    ]
    if needed or "arguments" not in fields:
        raise not_taken(
            REQUESTS, kind, f"a request needs {needed[0]}" if needed else "there is no field arguments"
        )
    return kind(**{name: value for name, value in known.items() if name in fields})
