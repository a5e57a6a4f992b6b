"""How many claims of a finished study its design settles an hour, and how many it would have settled had its
runs stopped once they were: both are replayed, cell by cell and item by item, from what the study recorded.
"""

import json
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from benchmarks.statistics.rows import origin, put
from harness_ext.compare.claims_so_far import SoFar
from harness_ext.compare.settling import Baseline, InOrder, Settling, StoppingRule
from harness_ext.compare.settling_claims import SettlingClaims, claimed_partners
from harness_ext.pipelines.study.cells import Cell, study_cells
from harness_ext.pipelines.study.file import Study, StudyModel, load_study, study_claims
from harness_ext.pipelines.study.next_cell import ByClaims
from harness_ext.pipelines.study.worker import STATE, read_record
from harness_ext.runs.run_folder import load_run, read_manifest

_SETUP = ("data", "model")


@dataclass(frozen=True, slots=True)
class Step:
    """A cell that has ended: seconds of study until then, items that it asked, and how the claims stand."""

    cell: Cell
    seconds: float
    items: int
    standing: tuple[SoFar, ...]

    @property
    def settled(self) -> int:
        """How many claims are met or not met."""
        return sum(one.outcome is not None for one in self.standing)


def of_one_seed(study: Study, folder: Path, seed: int) -> Study | None:
    """Return the part of a study that is of one seed, and of the models whose cells all are on record,
    without claims over families; None where there is no such model or claim.
    """
    claims = tuple(one for one in study.claims if one.get("across") != "families")
    part = replace(study, seeds=(seed,), claims=claims, learnability=None, probes=None)

    def recorded(model: StudyModel) -> bool:
        own = study_cells(replace(part, models=(model,)))
        return all(read_record(folder, cell) for cell in own if cell.kind not in _SETUP)

    models = tuple(model for model in study.models if recorded(model))
    return replace(part, models=models) if models and claims else None


def stopping(study: Study) -> Study:
    """Return a study with its runs stopping once settled."""
    models = tuple(replace(one, evaluate={**one.evaluate, "stop": "settled"}) for one in study.models)
    return replace(study, models=models)


def played(study: Study, source: Path, folder: Path, slower: float = 1.0) -> list[Step]:
    """Replay a study of one seed into a folder, one cell at a time, from the records and runs of *source*.

    A run that stops takes the recorded seconds in proportion to its items, *slower* times as long an item.
    """
    cells = study_cells(study)
    by_claims = ByClaims(study, cells, folder)
    stops = any(one.evaluate.get("stop") == "settled" for one in study.models)
    steps: list[Step] = []
    clock, finished = 0.0, set[str]()
    while True:
        left_out = by_claims.left_out(finished) if stops else {}
        ready = [
            cell
            for cell in cells
            if cell.name not in finished and cell.name not in left_out and finished.issuperset(cell.after)
        ]
        if not ready:
            return steps
        cell = by_claims.choose(ready, finished, (), ()) if stops else ready[0]
        share, items = _write(study, cell, source, folder) if cell.kind == "evaluate" else (1.0, 0)
        seconds = float(read_record(source, cell).get("seconds", 0.0)) * share * (slower if share < 1 else 1)
        clock += seconds
        (folder / STATE).mkdir(parents=True, exist_ok=True)
        record = {"key": cell.key, "seconds": seconds}
        (folder / STATE / f"{cell.slug}.json").write_text(json.dumps(record), encoding="utf-8")
        finished.add(cell.name)
        steps.append(Step(cell, clock, items, tuple(by_claims.standing(finished))))


def _write(study: Study, cell: Cell, source: Path, folder: Path) -> tuple[float, int]:
    """Write a run as its cell would have, of the items of the recorded one; return their share and number."""
    there, run = source / Path(cell.output).parent, folder / Path(cell.output).parent
    shutil.copytree(there, run)
    recorded = load_run(there)
    asked = [(task, item) for (task, _), items in recorded.tasks.items() for item in items]
    asked = list(dict.fromkeys(asked))
    against = [folder / value for name, value in pairwise(cell.command) if name == "--against"]
    if not against:
        return 1.0, len(asked)
    claims = study_claims(study)
    assert claims is not None
    rule = StoppingRule(against[0], study.margin, also=tuple(against[1:]), claims=claims)
    baselines = [Baseline(one) for one in against]
    settling: InOrder = (
        SettlingClaims(rule, baselines, claims, cell.arm, asked)
        if claimed_partners(claims, cell.arm)
        else Settling(rule, baselines[0], asked)
    )
    while items := settling.next_items():
        scores = {
            key: {item: own[item].metrics for task, item in items if task == key[0]}
            for key, own in recorded.tasks.items()
        }
        settling.see(items, scores)
    kept = {item for done in settling.done.values() for item in done}
    for path in run.rglob("samples_*.jsonl"):
        rows = path.read_text(encoding="utf-8").splitlines(keepends=True)
        path.write_text("".join(row for row in rows if json.loads(row)["doc_hash"] in kept), encoding="utf-8")
    manifest: dict[str, Any] = {**read_manifest(run), "stopping": settling.record()}
    (run / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    return len(kept) / len(asked), len(kept)


def claims_per_hour(
    study_file: Path, source: Path, slower: Sequence[float] = (1.0, 1.5), write: Path | None = None
) -> list[str]:
    """Replay every seed of a study that is on record by both designs, print the table, and write it into a
    page, under the name of the study's folder.
    """
    study = load_study(study_file)
    rows, orders = [], []
    for seed in study.seeds:
        part = of_one_seed(study, source, seed)
        if part is None:
            continue
        with TemporaryDirectory() as folder:
            fixed = played(part, source, Path(folder))
        rows.append(_row(seed, "fixed", fixed, fixed))
        for factor in slower:
            with TemporaryDirectory() as folder:
                watched = played(stopping(part), source, Path(folder), factor)
            name = "settled" if factor == 1 else f"settled, an item taking {factor:g} times as long"
            rows.append(_row(seed, name, watched, fixed))
            if factor == slower[0]:
                orders.append(f"Seed {seed}, in the order of the rule: {_order(watched)}.")
    if not rows:
        raise SystemExit(f"{source}: no seed of {study_file} has all of its cells on record")
    lines = [
        "",
        f"`python -m benchmarks.statistics claims-per-hour {study_file.name} {source.name}`, {origin()}.",
        "",
        "| seed | design | cells | items asked | evaluation, s | all cells, s | claims | settled | an hour |"
        " × fixed | an hour of evaluation | × fixed |",
        "|---" * 12 + "|",
        *rows,
        "",
        *(part for order in orders for part in (order, "")),
    ]
    print("\n".join(lines), flush=True)
    if write:
        put(write, f"claims-{source.name}", lines)
    return lines


def _rates(steps: Sequence[Step]) -> Iterator[tuple[float, float]]:
    """Yield seconds and settled claims an hour, of all cells and of evaluations alone."""
    ends = [0.0, *(step.seconds for step in steps)]
    own = [end - start for start, end in pairwise(ends)]
    evaluating = sum(
        seconds for seconds, step in zip(own, steps, strict=True) if step.cell.kind == "evaluate"
    )
    for seconds in (ends[-1], evaluating):
        yield seconds, 3600 * steps[-1].settled / seconds


def _row(seed: int, name: str, steps: Sequence[Step], fixed: Sequence[Step]) -> str:
    (total, hourly), (evaluating, of_evaluation) = _rates(steps)
    (_, base), (_, base_of_evaluation) = _rates(fixed)

    def times(one: float, other: float) -> str:
        return f"{one / other:.2f}" if other else "–"

    return (
        f"| {seed} | {name} | {len(steps)} | {sum(step.items for step in steps):,} | {evaluating:,.0f} |"
        f" {total:,.0f} | {len(steps[-1].standing)} | {steps[-1].settled} | {hourly:.1f} |"
        f" {times(hourly, base)} | {of_evaluation:.1f} | {times(of_evaluation, base_of_evaluation)} |"
    )


def _order(steps: Sequence[Step]) -> str:
    return ", ".join(
        f"{step.cell.arm} ({step.items} items, {step.settled} settled)"
        for step in steps
        if step.cell.kind == "evaluate"
    )
