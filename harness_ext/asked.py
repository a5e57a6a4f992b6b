"""What the items of a run asked: enough of each document to tell whether two runs mean the same by one hash, and of how responses were generated."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any, NamedTuple

import msgspec


class Asked(NamedTuple):
    """Of one item: its number in the task's data, and the digests (8 bytes) of its document and of its right answer; None for what a row does not hold."""

    number: int | None
    document: bytes | None
    target: bytes | None


def asked_of(row: Mapping[str, Any]) -> Asked:
    """Return what a row of a samples file asked."""
    number, document, target = row.get("doc_id"), row.get("doc"), row.get("target")
    return Asked(
        number if isinstance(number, int) and not isinstance(number, bool) else None,
        _digest(_sorted(document)) if isinstance(document, Mapping) and document else None,
        _digest(str(target).strip().encode("utf-8", "replace")) if target not in (None, "") else None,
    )


def generation_of(row: Mapping[str, Any]) -> dict[str, str] | None:
    """Return the settings by which the response of a row was generated, but for an empty list of stop strings; None where the row does not say."""
    arguments = row.get("arguments")
    first = arguments.get("gen_args_0") if isinstance(arguments, Mapping) else None
    settings = first.get("arg_1") if isinstance(first, Mapping) else None
    if not isinstance(settings, Mapping):
        return None
    return {str(name): json.dumps(value, sort_keys=True, default=str) for name, value in settings.items() if not (name == "until" and not value)}


def _sorted(document: Mapping[str, Any]) -> bytes:
    """Return a document as JSON whose keys are in order."""
    try:
        return msgspec.json.encode(document, order="sorted")
    except (ValueError, TypeError, RecursionError):  # halves of surrogates
        return json.dumps(document, sort_keys=True, default=str).encode("utf-8", "replace")


def _digest(content: bytes) -> bytes:
    return hashlib.blake2b(content, digest_size=8).digest()
