"""The paper's study runs whole with tiny random models of its three families, a scripted teacher,
and problems of our own.
"""

import json
import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from harness_ext.scoring.task_folder import studies_path
from tests.distill.tiny_families import SHAPES, build
from tests.harness_ext.teacher_server import teacher

Run = Callable[..., subprocess.CompletedProcess[str]]
FAMILIES = {
    "Llama-3.2-3B-Instruct": "llama3",
    "Ministral-8B-Instruct-2410": "mistral",
    "Qwen2.5-32B-Instruct": "qwen2_5",
}


def test_the_papers_study_can_be_planned(stylerep: Run) -> None:
    result = stylerep("reproduce", "paper", "--out", "p", "--engine", "slurm", "--dry-run")
    assert result.returncode == 0, result.stderr
    assert result.stdout.count("GPU") == 3 * (5 + 6)
    assert "16 GPUs  stylerep distill --model Qwen/Qwen2.5-32B-Instruct --data data/hc_w" in result.stdout
    assert (
        "pretrained=adapters/Ministral-8B-Instruct-2410/hc-0 --tasks"
        " style_math500,style_aime24,style_gpqa_diamond" in result.stdout
    )


@pytest.mark.slow
def test_the_papers_study_runs_on_tiny_models_of_its_families(
    stylerep: Run, tmp_path: Path, published_sets: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("STYLEREP_DATA", str(published_sets))
    problems = tmp_path / "problems.jsonl"
    rows = [
        {
            "question": f"Ann has {a} pens and buys 3. How many?",
            "answer": f"{a}+3=<<{a}+3={a + 3}>>{a + 3}\n#### {a + 3}",
        }
        for a in range(20, 26)
    ]
    problems.write_text("".join(json.dumps(row) + "\n" for row in rows))
    study = yaml.safe_load((studies_path() / "paper.yaml").read_text(encoding="utf-8"))
    names = [model["name"].rpartition("/")[2] for model in study["models"]]
    assert names == list(FAMILIES)
    study["models"] = [
        {"name": str(build(SHAPES[FAMILIES[name]], tmp_path / name)), "as": name} for name in names
    ]
    # each arm costs every family half a minute
    study |= {"problems": str(problems), "n": 6, "arms": ["hc", "hc_w", "st"]}
    study["train"] |= {"epochs": 1, "batch-size": 2, "max-length": 2048}
    study["evaluate"] |= {"model": "hf", "limit": 2, "max_gen_toks": 4, "batch-size": 2}

    def solve(prompt: str, _: int) -> str:
        found = re.search(r"Ann has (\d+)", prompt)
        total = int(found[1]) + 3 if found else 0
        return (
            f"<think>\nShe buys 3 more. Wait, let me check: {total - 3} + 3 = {total}.\n</think>\n\nThe"
            f" answer is {total}."
        )

    with teacher(solve) as server:
        arguments = ",".join(f"{key}={value}" for key, value in server.model_args.items())
        study["teach"] = {
            "model": "local-chat-completions",
            "model_args": arguments,
            "samples": 1,
            "max-tokens": 64,
            "batch": 4,
        }
        (tmp_path / "study.yaml").write_text(yaml.safe_dump(study))
        result = stylerep("reproduce", "study.yaml", "--out", "s", "--jobs", 2)
    assert result.returncode == 0, result.stderr[-3000:]
    verdicts = json.loads((tmp_path / "s/verdicts.json").read_text(encoding="utf-8"))
    found = {(Path(one["model"]).name, one["arm"], one["task"]) for one in verdicts["comparisons"]}
    tasks = ("style_math500", "style_aime24", "style_gpqa_diamond")
    assert found == {(name, arm, task) for name in names for arm in study["arms"] for task in tasks}
    assert {one["family"] for one in verdicts["comparisons"]} == set(FAMILIES.values())
    assert len(verdicts["claims"]["claims"]) == 4
    for arm in study["arms"]:  # all arms hold the problems of the teacher's, in its order
        manifest = json.loads((tmp_path / f"s/data/{arm}/manifest.json").read_text())
        assert (
            manifest["problem_ids_sha256"]
            == json.loads((tmp_path / "s/data/st/manifest.json").read_text())["problem_ids_sha256"]
        )
