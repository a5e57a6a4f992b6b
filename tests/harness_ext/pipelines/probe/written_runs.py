"""Run folders of responses that templates wrote, in the form in which lm_eval writes them."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from distill.models.adapter_base import weights_digest
from harness_ext.scoring.documents import document_hash
from synth.problems import Problem, iter_problems
from synth.problems.problem import prompt
from synth.traces.rendering import render


def problems_and_responses(source: str, n: int, arm: str, words: float = 60) -> list[tuple[Problem, str]]:
    problems = list(iter_problems(source, n, 0))
    rows = render(problems, [arm], dials={"trace_words": words})
    return [(problem, row[arm].response) for problem, row in zip(problems, rows, strict=True)]


def sample_row(number: int, problem: Problem, response: str, asked: str | None = None) -> dict[str, Any]:
    text = prompt(problem.question, problem.answer_type)
    doc = {
        "id": problem.id,
        "prompt": text,
        "answer": problem.answer,
        "answer_type": problem.answer_type,
        "meta": json.dumps(dict(problem.meta)),
    }
    return {
        "doc_id": number,
        "doc": doc,
        "target": problem.answer,
        "arguments": {"gen_args_0": {"arg_0": asked or text, "arg_1": {"until": []}}},
        "resps": [[response]],
        "filtered_resps": [response],
        "filter": "none",
        "metrics": ["acc"],
        "doc_hash": document_hash(doc),
        "acc": 1.0,
    }


def write_run(
    folder: Path, rows: Sequence[Mapping[str, Any]], model: Path | None = None, **manifest: Any
) -> Path:
    """Write a run folder; with *model*, its manifest names that and its digest."""
    (folder / "m").mkdir(parents=True)
    (folder / "m" / "samples_style_x_2026-01-01T00-00-00.000000.jsonl").write_text(
        "".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8"
    )
    if model is not None:
        manifest = {
            "model_args": {"pretrained": str(model)},
            "base_sha256": weights_digest(model),
            **manifest,
        }
    if manifest:
        (folder / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    return folder
