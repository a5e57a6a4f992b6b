"""The files of runs and of boards, as verbs read them back."""

import json
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

from benchmarks.fuzz_files.changes import any_bytes, json_file, json_lines
from benchmarks.fuzz_files.trial import Kind, command
from harness_ext.runs.run_folder import read_manifest
from tests.harness_ext.compare.runs import DATE

_N = 12
_MANIFEST = {
    "model": "hf",
    "family": "llama3",
    "base_model": "org/small-1b",
    "base_sha256": None,
    "arm": "hc",
    "seed": 1,
    "adapter_sha256": "ab" * 32,
    "dataset_fingerprint": "cd" * 32,
    "model_args": {"pretrained": "org/small-1b", "dtype": "float32"},
    "gen_kwargs": {"temperature": 0.6, "until": []},
    "chat_template": True,
    "batch_size": "8",
    "limit": 12,
    "metadata": {"items": 12},
    "decoding": {"think_budget": 10},
    "task_versions": {"style_arith": 2},
    "claims_sha256": "ef" * 32,
    "left_out": ["style_kg"],
    "files": ["model/samples.jsonl"],
    "versions": {"lm_eval": "0.4.13", "stylerep": "0.1.0"},
}
_RESULTS = {
    "results": {"style_arith": {"acc,none": 0.5, "alias": "style_arith"}},
    "versions": {"style_arith": 2.0},
    "n-shot": {"style_arith": 0},
    "config": {
        "model": "hf",
        "model_args": {"pretrained": "org/small-1b"},
        "gen_kwargs": {"temperature": 0},
        "model_num_parameters": 1_000_000,
    },
    "model_name": "org/small-1b",
    "chat_template": "{{ messages }}",
    "n-samples": {"style_arith": {"original": 12, "effective": 12}},
}


def _sample(number: int, right: bool) -> dict[str, Any]:
    meta = {"graph_search_entropy": 1.5 + number / 10, "hops": number % 3, "steps": 2}
    return {
        "doc_id": number,
        "target": str(number),
        "filter": "none",
        "metrics": ["acc"],
        "doc_hash": f"{number:064d}",
        "prompt_hash": "0" * 64,
        "doc": {
            "id": f"q{number}",
            "prompt": "How many?",
            "answer": str(number),
            "answer_type": "number",
            "level": "",
            "meta": json.dumps(meta),
        },
        "arguments": {"gen_args_0": {"arg_0": "How many?", "arg_1": {"until": [], "max_gen_toks": 8}}},
        "resps": [
            [
                f"<think>Wait, let me check: {number} + 0 = {number}.</think>\n\nThe answer is"
                f" {number if right else -1}."
            ]
        ],
        "filtered_resps": [f"The answer is {number if right else -1}."],
        "acc": float(right),
        "answered": 1.0,
        "pivot_density": 1.5 + number % 4,
        "trace_words": 20.0 + number,
        "style_adherence": 0.5,
        "recorded": float(right),
    }


def _rows(wrong: int) -> list[dict[str, Any]]:
    return [_sample(number, number % wrong != 0) for number in range(_N)]


def _run(
    folder: Path, wrong: int, manifest: dict[str, Any] | None, results: dict[str, Any] | None = None
) -> Path:
    inside = folder / "model"
    inside.mkdir(parents=True)
    (inside / f"samples_style_arith_{DATE}.jsonl").write_text(
        "".join(json.dumps(row) + "\n" for row in _rows(wrong)), encoding="utf-8"
    )
    if manifest is not None:
        (folder / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    if results is not None:
        (inside / f"results_{DATE}.json").write_text(json.dumps(results), encoding="utf-8")
    return folder


def of_runs(folder: Path) -> Iterator[Kind]:
    """Yield the files of run folders."""
    base = _run(
        folder / "base",
        3,
        {**_MANIFEST, "arm": "base", "seed": None, "adapter_sha256": None, "decoding": None},
    )
    ours, theirs = _run(folder / "hc", 4, _MANIFEST), _run(folder / "plain", 5, None, _RESULTS)
    samples, results = f"model/samples_style_arith_{DATE}.jsonl", f"model/results_{DATE}.json"
    compared = partial(command, "compare", base)
    outputs = (
        "--json",
        folder / "out/v.json",
        "--markdown",
        folder / "out/v.md",
        "--latex",
        folder / "out/v.tex",
    )

    def compare(run: Path) -> Callable[[], None]:
        def act() -> None:
            (folder / "out").mkdir(exist_ok=True)
            compared(run, *outputs)()

        return act

    out = (folder / "out",)
    yield Kind(
        "manifest of a run: compare", folder, ours / "manifest.json", json_file(_MANIFEST), compare(ours), out
    )
    yield Kind("samples: compare", folder, ours / samples, json_lines(_rows(4)), compare(ours), out)
    yield Kind(
        "manifest of a run: leaderboard",
        folder,
        ours / "manifest.json",
        json_file(_MANIFEST),
        command("leaderboard", base, ours, "-o", *out),
        out,
        share=1,
    )
    yield Kind(
        "samples: leaderboard",
        folder,
        ours / samples,
        json_lines(_rows(4)),
        command("leaderboard", base, ours, "-o", *out),
        out,
        share=1,
    )
    yield Kind(
        "results of lm_eval: leaderboard",
        folder,
        theirs / results,
        json_file(_RESULTS),
        command("leaderboard", base, theirs, "-o", *out),
        out,
        share=1,
    )
    yield Kind("samples: analyze", folder, ours / samples, json_lines(_rows(4)), command("analyze", ours))

    bases = [
        _run(
            folder / name,
            wrong,
            {**_MANIFEST, "arm": "base", "base_model": name, "adapter_sha256": None},
            {**_RESULTS, "config": {"model_num_parameters": n}},
        )
        for name, wrong, n in (("small", 3, 1_000_000), ("large", 5, 4_000_000))
    ]

    def scaling() -> None:
        from harness_ext.pipelines.study.scaling import read_scaling, scaling_tables

        scaling_tables(read_scaling(bases))

    yield Kind("samples: scaling", folder, bases[0] / samples, json_lines(_rows(3)), scaling)
    yield Kind("results of lm_eval: scaling", folder, bases[1] / results, json_file(_RESULTS), scaling)
    yield Kind(
        "manifest of an adapter",
        folder,
        ours / "manifest.json",
        json_file(_MANIFEST),
        partial(read_manifest, ours),
    )


def of_boards(folder: Path) -> Iterator[Kind]:
    """Yield the files of boards, and of runs that are put on one."""
    base, ours = (
        _run(folder / "runs/base", 3, {**_MANIFEST, "arm": "base", "seed": None}),
        _run(folder / "runs/hc", 4, _MANIFEST),
    )
    more = _run(folder / "runs/st", 5, {**_MANIFEST, "arm": "st"})
    board = folder / "board"
    command("leaderboard", base, ours, "-o", board)()
    again, add = command("leaderboard", "-o", board), command("leaderboard", more, "-o", board)
    record = next(board.glob("runs/*hc*/run.json"))
    content, settings = (
        json.loads(path.read_text(encoding="utf-8")) for path in (record, board / "board.json")
    )
    earlier = json.loads(json.dumps(content))
    for part in earlier["parts"].values():
        del part["column"]["metric"]
    order = next(board.glob("items/*/order.json"))

    def kind(name: str, target: Path, strategy: st.SearchStrategy[Any], act: Callable[[], None]) -> Kind:
        return Kind(name, folder, target, strategy, act, (board,), (board,), share=1)

    for name, act in (("read again", again), ("added to", add)):
        yield kind(f"record of a run on a board: {name}", record, json_file(content), act)
        yield kind(f"settings of a board: {name}", board / "board.json", json_file(settings), act)
        yield kind(
            f"items of a board: {name}", order, json_file(json.loads(order.read_text(encoding="utf-8"))), act
        )
    yield kind("record of a run on an earlier board", record, json_file(earlier), again)
    for pattern, name in (
        ("runs/*hc*/*/scores.parquet", "scores of a board"),
        ("runs/*hc*/*/0.js", "shard of a board"),
    ):
        path = next(board.glob(pattern))
        yield kind(name, path, any_bytes(path.read_bytes()), again)
    samples = more / f"model/samples_style_arith_{DATE}.jsonl"
    yield kind("samples: added to a board", samples, json_lines(_rows(5)), add)
    yield kind(
        "manifest of a run: added to a board",
        more / "manifest.json",
        json_file({**_MANIFEST, "arm": "st"}),
        add,
    )
