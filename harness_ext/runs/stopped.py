"""What a manifest says of a run that was watched and stopped before all items were asked."""

from collections.abc import Mapping
from typing import Any


def stopping_of(manifest: Mapping[str, Any], task: str) -> Mapping[str, Any] | None:
    """Return the stopping rule that a task was evaluated by, None if there was none."""
    found = (manifest.get("stopping") or {}).get(task)
    return found if isinstance(found, Mapping) else None


def stopped_early(manifest: Mapping[str, Any], task: str) -> bool:
    """Say whether a task was stopped before all of its items were asked."""
    found = stopping_of(manifest, task)
    return found is not None and bool(found["early"])


def stopped_tasks(manifest: Mapping[str, Any]) -> list[str]:
    """Return the tasks that were stopped early."""
    return [task for task in manifest.get("stopping") or {} if stopped_early(manifest, task)]
