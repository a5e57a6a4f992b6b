"""Checks that two conditions were asked the same: documents, task version, number of shots, generation
settings.
"""

import functools
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import combinations
from typing import Any

from harness_ext.compare.conditions import DECODING, Condition
from harness_ext.runs.asked_items import AskedItems, differ
from harness_ext.runs.run_folder import Run
from synth.errors import StylerepError
from synth.privacy.home_folders import without_home
from synth.privacy.secrets import SECRETS

Key = tuple[str, str]
_SHOWN, _LONGEST = 3, 160
_PACKAGES = {"the version of lm_eval": "lm_eval", "the version of stylerep": "stylerep"}


def check_documents(runs: Sequence[Run], key: Key, items: Iterable[str]) -> None:
    """Raise StylerepError where two of the runs have different documents under one hash."""
    different = {id(run): run for run in runs}.values()
    shared = list(items)
    digests = [(run, run.asked.get(key[0], AskedItems()).documents(shared)) for run in different]
    for (one, ours), (two, theirs) in combinations(digests, 2):
        other = [shared[place] for place in differ(ours, theirs)]
        if other:
            raise StylerepError(
                f"{key[0]}: {len(other)} of {len(shared)} items of {one.folder} and {two.folder} are other"
                f" documents under one hash (doc_hash {_listed(item[:12] for item in other)}), so they cannot"
                " be paired; evaluate both on the same data."
            )


def answers_note(runs: Sequence[Run], key: Key, items: Sequence[str]) -> str:
    """Say for how many items the runs disagree about the right answer; empty if they never do."""
    different = {id(run): run for run in runs}.values()
    ours, *others = (run.asked.get(key[0], AskedItems()).targets(items) for run in different)
    other = [
        items[place] for place in sorted({int(place) for theirs in others for place in differ(ours, theirs)})
    ]
    if not other:
        return ""
    return (
        f"{len(other)} of {len(items)} items have another right answer in one than in the other (doc_hash"
        f" {_listed(one[:12] for one in other)})"
    )


def renumbered(one: Run, two: Run, key: Key) -> str:
    """Say which items of two runs share a number but not a hash, because the data changed between them; empty
    if none do.
    """
    ours, theirs = (
        {
            asked.number: item
            for item, asked in run.asked.get(key[0], AskedItems()).items()
            if asked.number is not None
        }
        for run in (one, two)
    )
    other = sorted(number for number in ours.keys() & theirs.keys() if ours[number] != theirs[number])
    if not other:
        return ""
    return (
        f"{len(other)} of their documents have one number and other contents (doc_id"
        f" {_listed(map(str, other))}), so the data is not the same"
    )


def difference_notes(pairs: Sequence[tuple[Condition, Condition, Sequence[Key]]]) -> list[str]:
    """Say, one line each, how conditions differ from their baselines apart from the arm: in what was asked,
    how, and how it was scored.

    *pairs* are a condition, its baseline, and the tasks on which they are compared.
    Those that differ in the same are told together.
    """
    together: dict[tuple[str, ...], list[str]] = {}
    for one, base, keys in pairs:
        for difference in _differences(one, base, keys):
            together.setdefault((base.name, *difference), []).append(one.name)
    notes = []
    for (baseline, what, ours, theirs, where), names in together.items():
        alone = "may not be of their arms alone" if what in _PACKAGES else "is not of their arms alone"
        notes.append(
            f"{_listed(names)} and {baseline} differ in {what} ({ours}; {theirs}){where}: the difference"
            f" {alone}."
        )
    return notes


def data_notes(conditions: Sequence[Condition]) -> list[str]:
    """Say which conditions have runs that were not all trained on the same rows."""
    several = [one.name for one in conditions if len({*map(_trained_on, one.runs)} - {None}) > 1]
    if not several:
        return []
    return [
        f"{_listed(several)}: these runs were trained on other rows than one another (dataset_fingerprint),"
        " so what they differ by is not of seeds alone."
    ]


def _trained_on(run: Run) -> str | None:
    fingerprint = run.manifest.get("dataset_fingerprint")
    return fingerprint if isinstance(fingerprint, str) else None


def _differences(one: Condition, base: Condition, keys: Sequence[Key]) -> Iterator[tuple[str, str, str, str]]:
    tasks = list(dict.fromkeys(task for task, _ in keys))
    ours, theirs = one.runs[0].manifest, base.runs[0].manifest
    told = [name for name in DECODING if ours and theirs and ours.get(name) != theirs.get(name)]
    for name in told:
        yield name, *_texts(ours.get(name), theirs.get(name)), ""
    yield from _told("the digest of the base model", one, base, _digest_of_base)
    by_task: dict[tuple[str, str, str], list[str]] = {}
    readers: tuple[tuple[str, Callable[..., Any]], ...] = (
        ("the version of the task", lambda run, task: _version(run.versions.get(task))),
        ("the number of examples in the prompt", lambda run, task: run.shots.get(task)),
        ("settings of generation", lambda run, task: run.generation.get(task)),
    )
    for what, read in readers[: 2 if told else 3]:  # settings are told as gen_kwargs
        for task in tasks:
            for _, first, second, _ in _told(what, one, base, functools.partial(read, task=task)):
                by_task.setdefault((what, first, second), []).append(task)
    for (what, first, second), named in by_task.items():
        yield what, first, second, f" in {_listed(named)}"
    for what, package in _PACKAGES.items():
        yield from _told(what, one, base, functools.partial(_package, package=package))


def _told(
    what: str, one: Condition, base: Condition, read: Callable[[Run], Any]
) -> Iterator[tuple[str, str, str, str]]:
    """Yield a difference where what is read of both is known, and not the same in all their runs."""
    ours, theirs = (
        [value for run in condition.runs if (value := read(run)) is not None] for condition in (one, base)
    )
    if ours and theirs and any(value != ours[0] for value in (*ours, *theirs)):
        apart = next(
            (value for value in theirs if value != ours[0]),
            next((value for value in ours if value != ours[0]), None),
        )
        yield what, *_texts(ours[0], apart), ""


def _package(run: Run, package: str) -> str | None:
    versions = run.manifest.get("versions")
    return versions.get(package) if isinstance(versions, dict) else None


def _digest_of_base(run: Run) -> Any:
    digest = run.manifest.get("base_sha256")
    return str(digest)[:12] if digest else None


def _version(value: Any) -> str | None:
    """Return a version of a task in one form, whether it was written as 2, 2.0 or "2";
    None where it says nothing.
    """
    if value is None or str(value).strip().lower() in ("", "n/a", "yaml", "null"):
        return None
    try:
        return f"{float(value):g}"
    except (TypeError, ValueError):
        return str(value)


def _texts(one: Any, two: Any) -> tuple[str, str]:
    """Return two values as text; of settings, only those that differ."""
    if isinstance(one, dict) and isinstance(two, dict):
        names = [name for name in {**one, **two} if one.get(name, two) != two.get(name, two)]
        parts = [
            ", ".join(f"{name}={settings[name]}" if name in settings else f"no {name}" for name in names)
            for settings in (one, two)
        ]
    else:
        parts = [str(one), str(two)]
    first, second = (without_home(str(SECRETS.settings(part)))[:_LONGEST] for part in parts)
    return first, second


def _listed(names: Iterable[str]) -> str:
    found = list(names)
    return ", ".join(found[:_SHOWN]) + (", …" if len(found) > _SHOWN else "")
