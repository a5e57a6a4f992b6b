"""Accuracy of one model on ``style_gsm8k`` beside the harness's own ``gsm8k``, on the same items and prompt,
and every item where they differ.

    python -m benchmarks.gsm8k_agreement [LIMIT]     # 200 items of SmolLM2-135M-Instruct,
    up to 256 new tokens

The harness's task keeps its documents, filters and metric; it gets our prompt and decoding, so that what
differs is how an answer is found.
"""

import json
import sys
import tempfile
from pathlib import Path
from typing import Any

from harness_ext.backends.lm_eval import evaluate
from harness_ext.runs.run_folder import sample_files
from synth.grading.answers import final_answer
from synth.problems import prompt
from synth.problems.local_files import benchmark_file

MODEL, TOKENS = "smollm2-135m-instruct", 256
THEIRS = "gsm8k_same_prompt"
_TASK = """include: {gsm8k}
task: {name}
tag: []
dataset_path: json
dataset_name: null
dataset_kwargs: {{data_files: {{train: "{data}", test: "{data}"}}}}
doc_to_text: "{prompt}"
num_fewshot: 0
generation_kwargs: {{until: [], do_sample: false, max_gen_toks: {tokens}}}
"""


def main(limit: int) -> None:
    """Run both tasks and print the accuracies and the differences."""
    import lm_eval

    data = benchmark_file("gsm8k_test.jsonl")
    if data is None:
        print("left out: gsm8k_test.jsonl is not here (put it into a folder and name that in STYLEREP_DATA)")
        return
    with tempfile.TemporaryDirectory() as folder:
        asked = prompt("{{question.strip()}}").replace("\n", "\\n")
        theirs = Path(lm_eval.__file__).parent / "tasks" / "gsm8k" / "gsm8k.yaml"
        Path(folder, f"{THEIRS}.yaml").write_text(
            _TASK.format(gsm8k=theirs, name=THEIRS, data=data, prompt=asked, tokens=TOKENS), encoding="utf-8"
        )
        tasks = [
            "--include_path",
            folder,
            "--tasks",
            f"style_gsm8k,{THEIRS}",
            "--limit",
            str(limit),
            "--gen_kwargs",
            f"max_gen_toks={TOKENS}",
        ]
        run = evaluate(
            [
                "--model",
                "hf",
                "--model_args",
                f"pretrained={MODEL}",
                *tasks,
                "--output_path",
                str(Path(folder, "run")),
            ]
        )
        files = sample_files(run)
        ours = {row["doc_id"]: row for row in _rows(files["style_gsm8k"])}
        both = {
            name: {row["doc_id"]: row for row in _rows(files[THEIRS]) if row["filter"] == name}
            for name in ("strict-match", "flexible-extract")
        }
    _report(ours, both)


def _rows(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def _report(ours: dict[int, dict[str, Any]], both: dict[str, dict[int, dict[str, Any]]]) -> None:
    n, flexible = len(ours), both["flexible-extract"]
    same_prompt = sum(_said(ours[i], "arguments") == _said(flexible[i], "arguments") for i in ours)
    same_text = sum(ours[i]["resps"] == flexible[i]["resps"] for i in ours)
    print(f"{n} items: the same prompt in {same_prompt}, the same response in {same_text}")
    print(
        f"style_gsm8k acc {_share(ours, 'acc')}; harness exact_match: "
        + "; ".join(f"{name} {_share(rows, 'exact_match')}" for name, rows in both.items())
    )
    print(
        "\n| item | gold | ours reads | harness reads (flexible-extract) | acc | exact_match | end of the"
        " response |\n|---|---|---|---|---|---|---|"
    )
    for i, row in ours.items():
        if row["acc"] != flexible[i]["exact_match"]:
            text = row["resps"][0][0]
            end = " ".join(text[-70:].split()).replace("|", "/")
            read, theirs = final_answer(text), flexible[i]["filtered_resps"][0]
            print(
                f"| {i} | {row['doc']['answer']} | {read} | {theirs} | {row['acc']:g} |"
                f" {flexible[i]['exact_match']:g} | {end} |"
            )


def _said(row: dict[str, Any], field: str) -> Any:
    return row[field]["gen_args_0"]["arg_0"]


def _share(rows: dict[int, dict[str, Any]], metric: str) -> str:
    right = sum(row[metric] for row in rows.values())
    return f"{right:g} of {len(rows)}"


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 200)
