"""What a board folder keeps of each run, so that a model is added without the run folders of the others.

    items/<set>/order.json, 0.js …                      the items of a set, in the order of the first run that
    had them runs/<run>/run.json                                 who answered, and what the run has
    runs/<run>/<column>/scores.parquet, outcomes.js, 0.js …   its scores in that order, and its responses

A column's folder is written whole or not at all, and ``run.json`` after it,
so that a killed process leaves a board as it was.
"""

import json
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from harness_ext.pages.leaderboard.board import Column
from harness_ext.pages.leaderboard.board_records import RunRecord, SetRecord, read_record, read_scores
from harness_ext.pages.leaderboard.facts import RunFacts, digest, read_facts, slug
from harness_ext.pages.leaderboard.samples import Scanned, file_digest, rows_at, scan, set_digest
from harness_ext.runs.accuracy import DEFAULT, OtherMetric, find_metric
from harness_ext.runs.run_folder import sample_files
from synth.errors import StylerepError
from synth.files.inside_folder import inside
from synth.files.replace_file import write_text
from synth.files.replace_folder import remove_tree, replace_folder
from synth.processes.workers import Workers
from synth.progress import each

FORMAT = 1
"""Raised when what is kept changes; what an older stylerep kept is then made anew from the run folders."""
_WORTH_A_POOL = 5_000_000
"""Bytes to read from which on several processes are faster than one."""


@dataclass(frozen=True, slots=True)
class StoredPart:
    """What a run has of a column: where its responses are cut into shards, and how they were generated.

    `source` tells whether its file has changed, or another metric is asked for.
    `others` are the metrics that differ from accuracy.
    """

    column: Column
    decoding: str
    shards: tuple[int, ...]
    source: str
    others: tuple[OtherMetric, ...] = ()


@dataclass(frozen=True, slots=True)
class KeptRun:
    """A run on a board."""

    facts: RunFacts
    parts: Mapping[str, StoredPart]


@dataclass(slots=True)
class Added:
    """What adding run folders changed: names of runs, and sentences that a user should read."""

    added: list[str] = field(default_factory=list)
    unchanged: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


class Store:
    """The runs and sets of items of a board folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def runs(self) -> list[KeptRun]:
        """Return all runs, in the order of their names; raise StylerepError for one that cannot be read."""
        return [self._kept(path) for path in sorted((self.folder / "runs").glob("*/run.json"))]

    def _kept(self, path: Path) -> KeptRun:
        """Read a run's record; what it names in the board must lie where it says, and nowhere else."""
        kept = _read_run(path)
        if kept.facts.id != path.parent.name:
            raise StylerepError(
                f"{path}: this is the record of {kept.facts.id!r}, and lies in the folder of another run;"
                " remove that folder from the board."
            )
        for name, part in kept.parts.items():
            inside(path.parent, name)
            inside(self.folder / "items", part.column.items)
            if part.column.id != name:
                raise StylerepError(
                    f"{path}: the column {name!r} is called {part.column.id!r} within; remove this run's"
                    " folder and add the run again."
                )
        return kept

    def scores(self, run: str, column: str) -> dict[str, npt.NDArray[np.float64]]:
        """Return the scores of a run on a column, each of shape (items,), in the order of the set."""
        return read_scores(
            self.folder / "runs" / run / column / "scores.parquet", self._parts(run)[column].column.n
        )

    def item_shards(self, items: str) -> list[int]:
        """Return the number of the first item of each shard of a set."""
        return self._set(items).shards

    def remove(self, run: str) -> None:
        """Take a run off the board, and the sets of items that no other run has; raise StylerepError, before
        anything is removed, for what is no run's name.
        """
        folder = inside(self.folder / "runs", run)
        kept = {
            part.column.items for one in self.runs() if one.facts.id != run for part in one.parts.values()
        }
        remove_tree(folder)
        for path in (self.folder / "items").glob("*/order.json"):
            if path.parent.name not in kept:
                remove_tree(path.parent)

    def add(
        self,
        folders: Sequence[Path],
        traces: int | None,
        workers: int,
        metric: str | None = None,
        needed: bool = False,
    ) -> Added:
        """Add run folders; what the board has of other runs is not touched.

        *traces* is how many responses of each column are kept to be read (the first ones; None for all),
        *workers* how many processes may read, *metric* what accuracy is in tasks that have it. A task that a
        run already has on the board is made anew only if its file changed or another metric is asked for.
        Raises StylerepError for a folder that cannot be read, for two that hold the same task of the same run
        with different contents, and where no task has a metric that is *needed*.
        """
        done, work = Added(), []
        seen: dict[tuple[str, str], tuple[Path, str]] = {}
        for folder in folders:
            if not folder.is_dir():
                raise StylerepError(f"{folder}: there is no such run folder.")
            if not (files := sample_files(folder)):
                raise StylerepError(
                    f"{folder}: no samples_*.jsonl lies in it; evaluate with stylerep eval, or bring results"
                    " of other harnesses by stylerep import."
                )
            facts = read_facts(folder)
            there = {part.source for part in self._parts(facts.id).values()}
            for task, path in files.items():
                source = digest([file_digest(path), traces, FORMAT, *([metric] if metric else [])])
                other, known = seen.setdefault((facts.id, task), (path, source))
                if known != source:
                    raise StylerepError(
                        f"{other} and {path}: the same run (model, arm, seed, decoding) with different"
                        f" responses to {task}; give one of them."
                    )
                if other == path and source not in there:
                    work.append((facts, task, path, source))
            (done.added if any(facts.id == one[0].id for one in work) else done.unchanged).append(facts.id)
        scanned = list(
            _mapped(scan, [(task, path, metric) for _, task, path, _ in work], workers, "reading runs")
        )
        names = dict.fromkeys(name for columns in scanned for one in columns for name in one.metrics)
        if metric and needed and names and find_metric(names, metric) is None:
            raise StylerepError(
                f"--metric {metric}: no task of the runs to add has such a metric with one number for each"
                f" item; there are {', '.join(names)}."
            )
        jobs = []
        for (facts, _, _, source), columns in zip(work, scanned, strict=True):
            for one in columns:
                column = _column(one, facts)
                if against := self._reason_against(column, one):
                    done.notes.append(f"{facts.id}, {one.label}: left out, since {against}")
                    continue
                if metric and one.metrics and column.metric != find_metric(one.metrics, metric):
                    done.notes.append(
                        f"{facts.id}, {one.label}: there is no metric {metric}; its accuracy is"
                        f" {column.metric}."
                    )
                jobs.append((self.folder, facts, column, one, self._order(column, one), traces, source))
        for (_, facts, *_), part in zip(
            jobs, _mapped(_write_part, jobs, workers, "reading traces"), strict=True
        ):
            self._record(facts, part)
        return done

    def _parts(self, run: str) -> Mapping[str, StoredPart]:
        path = self.folder / "runs" / run / "run.json"
        return self._kept(path).parts if path.is_file() else {}

    def _record(self, facts: RunFacts, part: StoredPart) -> None:
        """Add a part to a run's record; another column of the same task and source gives way,
        since its file is no more.
        """
        kept = {
            name: one for name, one in self._parts(facts.id).items() if one.column.task != part.column.task
        }
        gone = set(self._parts(facts.id)) - set(kept) - {part.column.id}
        content = {
            "format": FORMAT,
            "facts": facts.model_dump(),
            "parts": {name: asdict(one) for name, one in {**kept, part.column.id: part}.items()},
        }
        write_text(
            self.folder / "runs" / facts.id / "run.json", json.dumps(content, indent=1, sort_keys=True) + "\n"
        )
        for name in gone:
            remove_tree(inside(self.folder / "runs" / facts.id, name))

    def _set(self, items: str) -> SetRecord:
        path = self.folder / "items" / items / "order.json"
        found: SetRecord = read_record(path, SetRecord, "remove its folder and add the runs again")
        if set_digest(found.hashes) != items:
            raise StylerepError(
                f"{path}: these are not the items that its folder is named by; remove it and add the runs"
                " again."
            )
        return found

    def _reason_against(self, column: Column, scanned: Scanned) -> str:
        """Say why a column cannot stand on the board: it has no accuracy, or other documents than the board's
        under the same hashes; empty where it can.
        """
        if scanned.accuracy is None:
            return f"its items have no accuracy. {scanned.lacks}"
        if scanned.documents and (self.folder / "items" / column.items / "order.json").is_file():
            there = self._set(column.items).documents
            if there and there != scanned.documents:
                return (
                    "its documents are others than those that runs on the board have under the same hashes."
                )
        return ""

    def _order(self, column: Column, scanned: Scanned) -> list[int]:
        """Return the places, in the scanned rows, of the items in the order of their set,
        which is written if it is new.
        """
        from harness_ext.pages.leaderboard.annotate import item_record
        from harness_ext.pages.leaderboard.shards import write_shards

        target = self.folder / "items" / column.items
        if not (target / "order.json").is_file():
            with replace_folder(target) as fresh:
                shards = write_shards(
                    f"items/{column.items}", map(item_record, rows_at(scanned.path, scanned.lines)), fresh
                )
                write_text(
                    fresh / "order.json",
                    json.dumps({"hashes": scanned.hashes, "shards": shards, "documents": scanned.documents})
                    + "\n",
                )
            return list(range(len(scanned.hashes)))
        places = {item: place for place, item in enumerate(scanned.hashes)}
        return [places[item] for item in self._set(column.items).hashes]


def _write_part(
    board: Path,
    facts: RunFacts,
    column: Column,
    scanned: Scanned,
    order: list[int],
    traces: int | None,
    source: str,
) -> StoredPart:
    import pyarrow as pa
    import pyarrow.parquet as pq

    from harness_ext.pages.leaderboard.annotate import response_records
    from harness_ext.pages.leaderboard.shards import write_outcomes, write_shards

    key, shown = f"runs/{facts.id}/{column.id}", order if traces is None else order[:traces]
    scores = {name: values[order] for name, values in scanned.scores.items()}
    with replace_folder(board / key) as fresh:
        rows = rows_at(scanned.path, [scanned.lines[place] for place in shown])
        shards = write_shards(key, response_records((_text(row), row) for row in rows), fresh)
        write_outcomes(key, scores["acc"].tolist(), fresh)
        pq.write_table(pa.table(scores), fresh / "scores.parquet", compression="zstd")
    return StoredPart(
        column,
        scanned.decoding or facts.gen_kwargs,
        tuple(shards),
        source,
        scanned.accuracy.others if scanned.accuracy else (),
    )


def _text(row: Mapping[str, Any]) -> str | None:
    """Return the first response of a row; None where likelihoods were asked for."""
    found = row.get("resps")
    while isinstance(found, list) and found:
        found = found[0]
    return found if isinstance(found, str) else None


def _column(scanned: Scanned, facts: RunFacts) -> Column:
    shots = facts.shots.get(scanned.task, 0)
    version = ", ".join(
        part for part in (facts.versions.get(scanned.task, ""), f"{shots}-shot" if shots else "") if part
    )
    metric = scanned.accuracy.metric if scanned.accuracy else DEFAULT
    return Column(
        column_id(scanned.label, version, scanned.items, metric),
        scanned.label,
        version,
        scanned.items,
        len(scanned.hashes),
        metric,
    )


def column_id(task: str, version: str, items: str, metric: str) -> str:
    """Return the id of a column; of one whose metric is acc as it was before columns had metrics."""
    return f"{slug(task)}-{digest([task, version, items, *([] if metric == DEFAULT else [metric])])[:8]}"


def _mapped(
    work: Callable[..., Any],
    jobs: Sequence[tuple[Any, ...]],
    workers: int,
    doing: str,
) -> Iterator[Any]:
    """Do all jobs, one a task of a run, in several processes if it is worth their start."""
    size = sum(os.path.getsize(path) for job in jobs for path in _paths(job))
    if workers < 2 or len(jobs) < 2 or size < _WORTH_A_POOL:
        yield from each((work(*job) for job in jobs), doing, len(jobs), "tasks of runs")
        return
    with Workers(min(workers, len(jobs))) as several:
        done = several.each(_done, ((work, job) for job in jobs))
        yield from each(done, doing, len(jobs), "tasks of runs")


def _done(piece: tuple[Callable[..., Any], tuple[Any, ...]]) -> Any:
    work, job = piece
    return work(*job)


def _paths(job: Iterable[Any]) -> Iterator[Path]:
    for value in job:
        if isinstance(value, Scanned):
            yield value.path
        elif isinstance(value, Path) and value.is_file():
            yield value


def _read_run(path: Path) -> KeptRun:
    found: RunRecord = read_record(path, RunRecord, "remove its folder and add the run again")
    parts = {
        name: StoredPart(
            Column(**one.column.model_dump()),
            one.decoding,
            tuple(one.shards),
            one.source if found.format == FORMAT else "",
            tuple(OtherMetric(**other.model_dump()) for other in one.others),
        )
        for name, one in found.parts.items()
    }
    return KeptRun(found.facts, parts)
