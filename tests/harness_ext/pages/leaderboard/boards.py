"""Made-up boards of any size, with the files that their pages load."""

import random
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from harness_ext.pages.leaderboard.annotate import item_record, response_records
from harness_ext.pages.leaderboard.board import (
    FRONTS,
    Board,
    BoardRun,
    Column,
    Entry,
    Figure,
    Front,
    Rank,
    View,
)
from harness_ext.pages.leaderboard.page import write_pages
from harness_ext.pages.leaderboard.shards import write_outcomes, write_shards
from harness_ext.stats import Interval

ARMS = ("base", "nt", "sbs", "hc", "hc_w")
STYLED = (
    "<think>First, I need to find how many are left. 18 + {i} = {sum}. Wait, is that right? Let me check:"
    " {sum} - {i} = 18.\n\nWhat if they get off later? Then 18 + 2 = 21.\n\nSo, now I see how it fits"
    " together.</think>\n\nThe answer is {sum}."
)


def columns(n: int, items: int = 20, names: Sequence[str] = ()) -> tuple[Column, ...]:
    tasks = [*names, *(f"style_task{i}" for i in range(n))][:n]
    return tuple(Column(f"c{i}", task, str(i % 2 + 1), f"{i:012x}", items) for i, task in enumerate(tasks))


def entries(
    n: int, own: Sequence[Column], seed: int = 0, models: Sequence[str] = (), arms: Sequence[str] = ARMS
) -> list[Entry]:
    """Return *n* entries, the first of two seeds and without accuracy at equal length;
    every fourth has a recorded score.
    """
    rng = random.Random(seed)
    made = []
    for i in range(n):
        family = f"family-{i // len(arms) % 4}"
        model, arm = models[i] if i < len(models) else f"{family}-{i // len(arms) + 1}b", arms[i % len(arms)]
        runs = tuple(
            BoardRun(
                f"r{i}-{s}",
                f"{model} {arm}",
                model,
                family,
                arm,
                str(s),
                "greedy" if i % 7 else "sampled at 0.6",
            )
            for s in range(2 if i == 0 else 1)
        )
        tasks = {column.id: figure(rng.uniform(0.1, 0.9)) for column in own}
        style = {
            "style_adherence": rng.random(),
            "pivot_density": 4 * rng.random(),
            "pivot_kinds": 4 * rng.random(),
            "stage_coverage": rng.random(),
            "trace_words": rng.uniform(10, 4000),
            "answered": rng.uniform(0.5, 1),
        }
        made.append(
            Entry(
                f"k{i}",
                runs,
                figure(sum(one.estimate for one in tasks.values()) / len(tasks)),
                recorded=0.5 if i % 4 == 1 else None,
                equal_length=figure(rng.uniform(0.1, 0.9)) if i else None,
                length_note="" if i else "its traces are all shorter than those of the baseline",
                style=style,
                tasks=tasks,
            )
        )
    return made


def figure(estimate: float) -> Figure:
    return Figure(estimate, Interval(max(0, estimate - 0.06), min(1, estimate + 0.06), 0.95))


def ranked(made: Sequence[Entry]) -> tuple[Entry, ...]:
    """Return the entries in the order of their accuracy, with ranks, groups and fronts."""
    order = sorted(
        (one for one in made if one.accuracy), key=lambda one: -(one.accuracy.estimate if one.accuracy else 0)
    )

    def front(entry: Entry, score: str) -> Front:
        sign = -1 if score == "trace_words" else 1
        own = (entry.accuracy.estimate if entry.accuracy else 0, sign * entry.style[score])
        others = (
            (one.accuracy.estimate if one.accuracy else 0, sign * one.style[score])
            for one in order
            if one is not entry
        )
        return Front(member := not any(a > own[0] and b > own[1] for a, b in others), 0.8 if member else 0.1)

    return tuple(
        Entry(
            one.key,
            one.runs,
            one.accuracy,
            Rank(
                i + 1,
                max(1, i - 1),
                min(len(order), i + 3),
                "abcdefghijklmnopqrstuvwxyz"[i % 26 // 2 : i % 26 // 2 + 2],
            ),
            one.recorded,
            one.equal_length,
            one.length_note,
            one.style,
            one.tasks,
            {score: front(one, score) for score in FRONTS if score in one.style},
        )
        for i, one in enumerate(order)
    )


def board(
    n: int = 8, tasks: int = 3, items: int = 20, *, title: str = "A made-up board", **options: Any
) -> Board:
    """Return a board whose last entry lacks the last task, so that it has no rank over all."""
    own = columns(tasks, items, options.pop("names", ()))
    made = entries(n, own, **options)
    views = []
    for view_id, name, over in [("all", "All tasks", own), *((one.id, one.task, (one,)) for one in own)]:
        here = [
            Entry(
                one.key,
                one.runs,
                one.tasks[over[0].id] if len(over) == 1 else one.accuracy,
                recorded=one.recorded,
                equal_length=one.equal_length,
                length_note=one.length_note,
                style=one.style,
                tasks=one.tasks,
            )
            for one in made
        ]
        last = here.pop()
        lacking = Entry(
            last.key,
            last.runs,
            None,
            style=last.style,
            tasks={own[0].id: last.tasks[own[0].id]},
            reason=f"it lacks {own[-1].task}",
        )
        views.append(
            View(
                view_id,
                name,
                over,
                ranked([*here, last] if over == own[:1] else here),
                () if over == own[:1] else (lacking,),
            )
        )
    runs = tuple(run for one in made for run in one.runs)
    return Board(
        title,
        tuple(views),
        own,
        runs,
        "k0",
        "board:mean|n:20|seed:0|stylerep:0.1.0",
        ("Intervals are at 95 %.",),
    )


def sample(i: int, response: str | None, right: bool, question: str = "", gold: str = "") -> dict[str, Any]:
    doc = {
        "id": f"item-{i}",
        "prompt": question or f"A bus has 18 people, {i} get on. How many?",
        "answer": gold or str(18 + i),
        "answer_type": "number",
    }
    scores = {"acc": float(right), "pivot_density": 1.5, "trace_words": 40.0}
    return {
        "doc_id": i,
        "doc": doc,
        "target": doc["answer"],
        "filter": "none",
        "resps": [[response]],
        "filtered_resps": [response],
        **scores,
    }


def write_board(
    made: Board,
    folder: Path,
    *,
    samples: Mapping[tuple[str, str], Sequence[dict[str, Any]]] | None = None,
    runs: int | None = None,
) -> Path:
    """Write pages and shards of a board; *samples* by (run, column) replaces the usual ones,
    *runs* says how many have responses.
    """
    catalogue: dict[str, Any] = {"columns": [], "runs": []}
    for column in made.columns:
        own = next((rows for (_, name), rows in (samples or {}).items() if name == column.id), None) or usual(
            made, 0, column
        )
        shards = write_shards(f"items/{column.items}", map(item_record, own), folder / "items" / column.items)
        catalogue["columns"].append(
            {"id": column.id, "label": column.task, "set": column.items, "n": column.n, "shards": shards}
        )
    for i, run in enumerate(made.runs[:runs]):
        parts = {}
        for column in made.columns:
            rows = (samples or {}).get((run.id, column.id)) or usual(made, i, column)
            key = f"runs/{run.id}/{column.id}"
            shards = write_shards(
                key, response_records((row["resps"][0][0], row) for row in rows), folder / key
            )
            write_outcomes(key, [row["acc"] for row in rows], folder / key)
            parts[column.id] = {"shards": shards, "accuracy": sum(row["acc"] for row in rows) / len(rows)}
        one = {
            "id": run.id,
            "label": run.label,
            "model": run.model,
            "family": run.family,
            "arm": run.arm,
            "seed": run.seed,
            "decoding": run.decoding,
        }
        catalogue["runs"].append({**one, "parts": parts})
    write_pages(made, catalogue, folder)
    return folder


def usual(made: Board, run: int, column: Column) -> list[dict[str, Any]]:
    """Return styled responses, the first run's wrong at every third item and the others' at other ones."""
    return [
        sample(i, STYLED.format(i=i, sum=18 + i + (i % 3 == run % 3)), i % 3 != run % 3)
        for i in range(column.n)
    ]
