"""Reads run folders: what ``lm_eval --log_samples`` wrote, and our manifest beside it."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from harness_ext.runs.accuracy import AccuracyMetric, accuracy_metric
from harness_ext.runs.asked_items import AskedItems, generation_of
from harness_ext.runs.manifests import MANIFEST, merged_results, read_manifest
from harness_ext.runs.sample_rows import NOT_METRICS, checked_row, item_of, metrics_of, sample_rows
from harness_ext.runs.scored_items import ScoredItem, ScoredItems
from harness_ext.runs.scored_rows import scored_rows
from harness_ext.runs.scores_file import SCORES
from synth.errors import StylerepError
from synth.files.files_below import files_below, size_of
from synth.processes.workers import Workers
from synth.progress import each
from synth.responses.samples_file import samples_name
from synth.schema import shown

__all__ = [
    "MANIFEST",
    "NOT_METRICS",
    "RESPONSES",
    "Run",
    "ScoredItem",
    "check_run_folders",
    "item_of",
    "load_run",
    "metrics_of",
    "read_manifest",
    "sample_files",
    "sample_rows",
]
RESPONSES = "responses.jsonl"
"""What the model style-hf wrote, response by response, with what was forced
(`harness_ext.backends.style_hf.journal`).
"""
_WORTH_A_POOL = 100_000_000
"""Bytes of samples from which on several processes are faster than one."""


@dataclass(frozen=True, slots=True)
class Run:
    """One run folder.

    `tasks` maps (task, filter) to its items by document hash. `manifest` is empty for a folder that
    plain lm_eval wrote. `accuracy` says which metric of a (task, filter) accuracy is, or why none is, once
    that is settled. By task, `versions` and `shots` say what is recorded of it, `generation` by which
    settings its first response was generated, `asked` what its items are.
    """

    folder: Path
    manifest: dict[str, Any]
    tasks: dict[tuple[str, str], ScoredItems]
    accuracy: Mapping[tuple[str, str], AccuracyMetric | str] = field(default_factory=dict)
    versions: Mapping[str, Any] = field(default_factory=dict)
    shots: Mapping[str, Any] = field(default_factory=dict)
    generation: Mapping[str, dict[str, str] | None] = field(default_factory=dict)
    asked: Mapping[str, AskedItems] = field(default_factory=dict)

    def outcomes(
        self, task: str, metric: str | None = None, filter_name: str | None = None
    ) -> dict[str, float]:
        """Return the accuracy of each item of a task, from 0 to 1, by document hash.

        Accuracy is the *metric* named, else the one found by its name (`harness_ext.runs.accuracy`). Raises
        StylerepError for a task that the run hasn't, or has under several filters and none is named,
        and where no metric is accuracy.
        """
        filters = [own for name, own in self.tasks if name == task and filter_name in (None, own)]
        if len(filters) != 1:
            there = ", ".join(f"{name} ({own})" if own != "none" else name for name, own in self.tasks)
            says = "is under several filters; name one" if filters else "isn't in this run"
            raise StylerepError(f"{self.folder}: the task {shown(task)} {says}. There are: {there}.")
        items = self.tasks[task, filters[0]]
        columns = items.columns()
        chosen = accuracy_metric(columns, f"{self.folder}, {task}", metric).metric
        return dict(zip(items, columns[chosen].tolist(), strict=True))


def sample_files(folder: Path) -> dict[str, Path]:
    """Return the newest samples file of each task below a folder;
    raise StylerepError if it holds several runs.

    Of a model without a name, lm_eval puts each evaluation into a folder of another name; where our manifest
    stands beside them, they are one run all the same.
    """
    newest: dict[str, tuple[str, Path]] = {}
    paths = files_below(folder, "samples_*.jsonl")
    if len(places := {path.parent for path in paths}) > 1 and not (folder / MANIFEST).is_file():
        raise StylerepError(f"{folder}: {len(places)} runs lie in this folder; name one of them.")
    for path in paths:
        if (
            (found := samples_name(path.name))
            and found.date
            and found.date > newest.get(found.task, ("", path))[0]
        ):
            newest[found.task] = (found.date, path)
    return {task: path for task, (_, path) in sorted(newest.items())}


def run_files(folder: Path) -> list[Path]:
    """Return the files that make up a run folder: the manifest, and lm_eval's results and samples."""
    return [
        path
        for path in files_below(folder)
        if path.name in (MANIFEST, RESPONSES, SCORES)
        or re.fullmatch(r"results_.*\.json|samples_.*\.jsonl", path.name)
    ]


def check_run_folders(folders: Iterable[Path]) -> None:
    """Raise StylerepError for a run folder that is not there."""
    for folder in folders:
        if not folder.is_dir():
            raise StylerepError(f"{folder}: there is no such run folder.")


def load_run(folder: Path) -> Run:
    """Read a run folder; raise StylerepError, naming file and line, for anything unreadable or doubled."""
    check_run_folders([folder])
    files = sample_files(folder)
    if not files:
        raise StylerepError(
            f"{folder}: no samples_*.jsonl lies in it; evaluate with stylerep eval, or with lm_eval"
            " --log_samples."
        )
    tasks: dict[tuple[str, str], ScoredItems] = {}
    generation: dict[str, dict[str, str] | None] = {}
    asked: dict[str, AskedItems] = {}
    for task, path in files.items():
        its = asked.setdefault(task, AskedItems())
        for row in scored_rows(path):
            its.add(row.doc_hash, row.asked)
            if task not in generation:
                generation[task] = generation_of(checked_row(row.line, f"{path}, line {row.number}"))
            key = task, row.filter
            items = tasks.get(key) or tasks.setdefault(key, ScoredItems(row.filter))
            if not items.add_values(row.doc_hash, row.names, row.values):
                raise StylerepError(
                    f"{path}, line {row.number}: the item {row.doc_hash} occurs a second time."
                )
    manifest, results = read_manifest(folder), merged_results(folder)
    versions = manifest.get("task_versions") or results.get("versions") or {}
    return Run(
        folder,
        manifest,
        tasks,
        versions=versions,
        shots=results.get("n-shot") or {},
        generation=generation,
        asked=asked,
    )


def load_runs(folders: Sequence[Path], workers: Workers) -> list[Run]:
    """Read run folders, in several processes if they're large; raise what `load_run` does, for the first
    folder that fails.
    """
    size = sum(size_of(files_below(folder, "samples_*.jsonl")) for folder in folders)
    loaded = (workers if size > _WORTH_A_POOL else Workers()).each(load_run, folders)
    return list(each(loaded, "reading runs", len(folders), "runs"))
