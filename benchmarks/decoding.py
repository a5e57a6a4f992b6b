"""The model style-hf: how fast it writes, what its controls do to style and accuracy,
and whether a kill costs anything.

    python -m benchmarks.decoding speed       # style-hf beside lm_eval's hf, and llama.cpp where xllamacpp is
    installed: 200 problems, 512 tokens (12 minutes) python -m benchmarks.decoding controls    # trains the
        demo's hc, and judges what suppression, budget forcing and steering do to it (12 minutes)
    python -m benchmarks.decoding kills       # kills an evaluation ten times,
    and compares with one left alone (5 minutes)

`speed` reads GSM8K's problems as the task style_gsm8k does; where they are not here, those of style_arith.
Options of speed: --items N, --tokens N,
--dtype D for both ways, so that rounding can be told from other differences (left out:
what stylerep eval would take here).
"""

import argparse
import itertools
import json
import os
import random
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import torch

from distill.models.pull import fetch_gguf
from harness_ext.runs.run_folder import RESPONSES, sample_files, sample_rows
from harness_ext.scoring.documents import documents
from synth.errors import StylerepError
from synth.formats import split_response
from synth.style import load_lexicon

MODEL = "smollm2-135m-instruct"
ITEMS, TOKENS, BATCHES = 200, 512, (16, 32)
KILLS, KILLED_ITEMS = 10, 120
JUDGED, JUDGED_TOKENS = 200, 320
# The demo's (studies/demo.yaml).
_DEMO_STYLE = {
    "trace_words": 10,
    "pivot_density": 5,
    "pivot_phrases": 5,
    "stage_share_exploration": 0.7,
    "equation_density": 4,
}
_DEMO_NONE = (
    "wrong_turns",
    "opener_density",
    "first_person_density",
    "question_density",
    "backtrack_density",
    "repetition",
    "formatted",
)


def speed(items: int, tokens: int, dtype: str | None = None) -> None:
    """Print time and tokens of each way of writing the same responses, in turn,
    and where the texts of style-hf and hf part.
    """
    try:
        name, problems = "style_gsm8k", list(documents(evaluation_set="gsm8k")["test"])[:items]
    except StylerepError:
        name, problems = "style_arith", list(documents(evaluation_set="arith")["test"])[:items]
    print(
        f"{len(problems)} problems of {name}, up to {tokens} tokens, {MODEL}, {torch.get_num_threads()}"
        " threads"
    )
    ours, theirs = _open("style-hf", dtype), _open("hf", dtype)
    print(f"number format of both: {theirs.model.dtype}\n")
    mine, other, larger = "style-hf", f"hf, batches of {BATCHES[0]}", f"hf, batches of {BATCHES[1]}"
    asked = requests(theirs, [problem["prompt"] for problem in problems], tokens)
    texts: dict[str, list[str]] = {}
    times: dict[str, list[float]] = {}
    for label in (mine, other, mine, larger):
        theirs.batch_size_per_gpu = BATCHES[label == larger]
        before = time.perf_counter()
        texts[label] = (ours if label == mine else theirs).generate_until(asked(), disable_tqdm=True)
        times.setdefault(label, []).append(time.perf_counter() - before)
        print(f"{label}: {times[label][-1]:.1f} s, {_tokens(theirs, texts[label])} tokens", flush=True)
    if (served := _llama_cpp([request.args[0] for request in asked()], tokens)) is not None:
        times["llama.cpp (Q4_1, from the same weights)"], texts["llama.cpp (Q4_1, from the same weights)"] = (
            [served[0]],
            served[1],
        )
    print("\n| | s | tokens | tokens/s | longest |\n|---|---|---|---|---|")
    for label, found in times.items():
        lengths = [len(theirs.tok_encode(text)) for text in texts[label]]
        middle = statistics.median(found)
        print(f"| {label} | {middle:.1f} | {sum(lengths)} | {sum(lengths) / middle:.0f} | {max(lengths)} |")
    rate = (_tokens(theirs, texts[mine]) / statistics.median(times[mine])) / (
        _tokens(theirs, texts[other]) / times[other][0]
    )
    print(
        f"\nstyle-hf is {times[other][0] / statistics.median(times[mine]):.1f} times as fast in wall time,"
        f" {rate:.1f} times in tokens/s."
    )
    same = sum(one == two for one, two in zip(texts[other], texts[larger], strict=True))
    print(f"\n{same} of {len(problems)} responses of {other} are equal to those of {larger}.")
    _ties(asked(), texts[mine], texts[other], theirs)
    if ours.model.dtype == torch.bfloat16:
        exact = _open("style-hf", "float32").generate_until(asked(), disable_tqdm=True)
        print(
            f"In float32, style-hf writes {_tokens(theirs, exact)} tokens. Equal to its responses are, of"
            f" {len(problems)}:"
        )
        print(
            ", ".join(
                f"{sum(one == two for one, two in zip(exact, texts[label], strict=True))} of {label}"
                for label in (mine, other, larger)
            )
        )


def _open(name: str, dtype: str | None) -> Any:
    from lm_eval.models.huggingface import HFLM

    import harness_ext.backends.lm_eval.style_hf_model
    from harness_ext.backends.lm_eval.hf_model import prepare

    arguments: dict[str, Any] = {
        "pretrained": MODEL,
        "device": "cuda" if torch.cuda.is_available() else "cpu",
    } | ({"dtype": dtype} if dtype else {})
    prepare(arguments)
    return (
        harness_ext.backends.lm_eval.style_hf_model.StyleHF(**arguments)
        if name == "style-hf"
        else HFLM(**arguments, batch_size=BATCHES[0])
    )


def requests(model: Any, prompts: Sequence[str], tokens: int) -> Callable[[], list[Any]]:
    """Return what makes the requests to answer *prompts* by greedy decoding, of up to *tokens* tokens."""
    from lm_eval.api.instance import Instance

    contexts = [model.apply_chat_template([{"role": "user", "content": prompt}]) for prompt in prompts]
    settings = {"until": [], "do_sample": False, "max_gen_toks": tokens}
    return lambda: [
        Instance("generate_until", {}, (context, dict(settings)), index)
        for index, context in enumerate(contexts)
    ]


def _tokens(model: Any, texts: Sequence[str]) -> int:
    return sum(len(model.tok_encode(text)) for text in texts)


def _ties(requests: Sequence[Any], ours: Sequence[str], theirs: Sequence[str], model: Any) -> None:
    """Say where greedy responses part, and how far apart the model in float32 has the two tokens there."""
    rounded, exact = model.model.dtype == torch.bfloat16, model.model.float()
    gaps = []
    for request, mine, other in zip(requests, ours, theirs, strict=True):
        one, two = model.tok_encode(mine), model.tok_encode(other)
        place = next((index for index, (a, b) in enumerate(zip(one, two, strict=False)) if a != b), None)
        if mine == other:
            continue
        shared = one[: place if place is not None else min(len(one), len(two))]
        ids = torch.tensor([model.tok_encode(request.args[0]) + shared], device=model.device)
        with torch.inference_mode():
            scores = exact(input_ids=ids).logits[0, -1]
        if place is None:  # one ends where the other goes on
            longer = one if len(one) > len(two) else two
            rivals = (
                scores[[longer[len(shared)], model.eot_token_id]]
                if len(one) != len(two)
                else scores.topk(2).values
            )
        else:
            rivals = scores[[one[place], two[place]]]
        gaps.append((abs(rivals[0] - rivals[1]).item(), len(shared)))
    print(f"{len(ours) - len(gaps)} of {len(ours)} responses of style-hf are equal to them too.")
    if gaps:
        print("The others part where the scores of both tokens, in float32, are so far apart:")
        print(", ".join(f"{gap:.3f}" for gap, _ in sorted(gaps, reverse=True)))
    if gaps and rounded:
        print(
            "(a score of 16 to 32 is rounded to a multiple of 0.125 in bfloat16); largest score here"
            f" {scores.max().item():.1f}"
        )


def _llama_cpp(prompts: Sequence[str], tokens: int) -> tuple[float, list[str]] | None:
    """Have llama.cpp's server, in this process, write the same responses, 32 at a time;
    None where its wheel is not installed.
    """
    try:
        import xllamacpp
    except ImportError:
        print("llama.cpp was left out: pip install xllamacpp")
        return None
    with tempfile.TemporaryDirectory() as folder:
        settings = xllamacpp.CommonParams()
        settings.model.path = str(fetch_gguf(MODEL, Path(folder)))
        settings.n_parallel, settings.n_ctx = 32, 32 * 1024
        settings.cpuparams.n_threads = settings.cpuparams_batch.n_threads = torch.get_num_threads()
        settings.verbosity = -1
        server = xllamacpp.Server(settings)

        def ask(prompt: str) -> str:
            answer = server.handle_completions(
                {"prompt": prompt, "max_tokens": tokens, "temperature": 0.0, "cache_prompt": True}
            )
            return str((answer if isinstance(answer, dict) else json.loads(answer))["choices"][0]["text"])

        before = time.perf_counter()
        with ThreadPoolExecutor(32) as pool:
            texts = list(pool.map(ask, prompts))
        return time.perf_counter() - before, texts


def controls() -> None:
    """Train the demo's hc, evaluate it as it is and under each control, and print style,
    accuracy and verdicts.
    """
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        dials = [
            f"{dial}={value}" for dial, value in (*_DEMO_STYLE.items(), *((none, 0) for none in _DEMO_NONE))
        ]
        _stylerep(
            "synth",
            "--problems",
            "arith:train",
            "--arms",
            "hc",
            "--n",
            "200",
            "--out",
            folder / "data",
            *_each("--dial", dials),
        )
        training = ["--epochs", "1", "--learning-rate", "1e-3", "--batch-size", "4", "--rank", "16"]
        _stylerep(
            "distill", "--model", MODEL, "--data", folder / "data" / "hc", "--out", folder / "hc", *training
        )
        fitted = [
            "--adapter",
            folder / "hc",
            "--data",
            folder / "data" / "hc",
            "--out",
            folder / "steer.safetensors",
        ]
        print(_stylerep("steer", "fit", "--model", MODEL, *fitted).replace(f"{folder}/", ""))
        ways = {
            "hc": "",
            "no-realization": "suppress=realization",
            "wait2": "budget_forcing=2",
            "budget60": "think_budget=60",
        }
        for strength in (-1, -0.5, 0.5, 1):
            ways[f"steer{strength:+g}"] = (
                f"steer={folder}/steer.safetensors,steer_kind=verification,steer_strength={strength}"
            )
        for way, control in ways.items():
            arguments = f"pretrained={MODEL},peft={folder}/hc" + (f",{control}" if control else "")
            options = [
                "--tasks",
                "style_arith",
                "--limit",
                JUDGED,
                "--gen_kwargs",
                f"max_gen_toks={JUDGED_TOKENS}",
                "--output_path",
                folder / "runs" / way,
            ]
            before = time.perf_counter()
            _stylerep("eval", "--model", "style-hf", "--model_args", arguments, *options)
            _describe(folder / "runs" / way, time.perf_counter() - before)
        runs = [folder / "runs" / way for way in ways]
        print(_stylerep("compare", *runs, "--margin", "0.05", "--markdown", folder / "verdicts.md"))


def _describe(run: Path, seconds: float) -> None:
    arm = json.loads((run / "manifest.json").read_text(encoding="utf-8"))["arm"]
    rows = [row for path in sample_files(run).values() for _, row in sample_rows(path)]
    texts = [row["resps"][0][0] for row in rows]
    records = [json.loads(line) for line in (run / RESPONSES).read_text(encoding="utf-8").splitlines()]
    found = [[pivot.kind for pivot in load_lexicon().find(text)] for text in texts]
    density = {
        kind: statistics.mean(row[f"pivot_density_{kind}"] for row in rows)
        for kind in ("realization", "verification", "exploration")
    }
    waits = [sum(one[2] == "wait" for one in record["forced"]) for record in records]
    forced = (
        f"; forced twice in {waits.count(2)}, once in {waits.count(1)}, never in {waits.count(0)}"
        if any(waits)
        else ""
    )
    print(
        f"{arm}: {seconds:.0f} s; accuracy {statistics.mean(row['acc'] for row in rows):.3f}, answered"
        f" {statistics.mean(row['answered'] for row in rows):.2f}; words of the trace"
        f" {statistics.mean(len(split_response(text).trace.split()) for text in texts):.1f}; pivots / 100"
        f" words {', '.join(f'{kind} {value:.2f}' for kind, value in density.items())}; realization pivots in"
        f" all {sum(kinds.count('realization') for kinds in found)}; taken back"
        f" {sum(record['taken_back'] for record in records)}{forced}",
        flush=True,
    )


def kills() -> None:
    """Kill an evaluation at random moments, go on each time,
    and compare what came of it with an evaluation left alone.
    """
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        options = [
            "--model",
            "style-hf",
            "--model_args",
            f"pretrained={MODEL},rows=24",
            "--tasks",
            "style_arith",
            "--limit",
            KILLED_ITEMS,
        ]
        options += ["--gen_kwargs", "max_gen_toks=160"]
        before = time.perf_counter()
        _stylerep("eval", *options, "--output_path", folder / "alone")
        seconds = time.perf_counter() - before
        moments, killed, at_kill = random.Random(0), 0, []
        while True:
            process = subprocess.Popen(
                _command("eval", *options, "--output_path", folder / "killed"),
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
            lines = len(_records(folder / "killed"))
            wanted = lines + moments.randint(1, 2 * KILLED_ITEMS // KILLS)
            while process.poll() is None and (killed >= KILLS or len(_records(folder / "killed")) < wanted):
                time.sleep(0.02)
            if process.poll() is not None:
                break
            os.kill(process.pid, signal.SIGKILL)
            process.wait()
            killed += 1
            at_kill.append(len(_records(folder / "killed")))
        records = _records(folder / "killed")
        both = [
            [row["resps"] for path in sample_files(folder / run).values() for _, row in sample_rows(path)]
            for run in ("alone", "killed")
        ]
        print(
            f"{KILLED_ITEMS} items, {seconds:.0f} s left alone; killed {killed} times, with"
            f" {', '.join(map(str, at_kill))} responses there"
        )
        print(
            f"written more than once: {len(records) - len({record['key'] for record in records})}; lost:"
            f" {KILLED_ITEMS - len(records)}"
        )
        print(
            "samples that differ from those left alone:"
            f" {sum(one != two for one, two in itertools.zip_longest(*both))}"
        )


def _records(run: Path) -> list[dict[str, Any]]:
    path = run / RESPONSES
    return [json.loads(line) for line in path.read_bytes().split(b"\n")[:-1]] if path.is_file() else []


def _each(option: str, values: Sequence[object]) -> list[object]:
    return [part for value in values for part in (option, value)]


def _command(*arguments: object) -> list[str]:
    return [sys.executable, "-m", "harness_ext", *map(str, arguments)]


def _stylerep(*arguments: object) -> str:
    result = subprocess.run(_command(*arguments), capture_output=True, text=True, check=False)
    if result.returncode:
        raise SystemExit(f"stylerep {arguments[0]} ended with {result.returncode}: {result.stderr[-1000:]}")
    return result.stdout


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("parts", nargs="+", choices=("speed", "controls", "kills"))
    parser.add_argument("--items", type=int, default=ITEMS)
    parser.add_argument("--tokens", type=int, default=TOKENS)
    parser.add_argument("--dtype", choices=("bfloat16", "float32"))
    given = parser.parse_args()
    for part in given.parts:
        {
            "speed": lambda: speed(given.items, given.tokens, given.dtype),
            "controls": controls,
            "kills": kills,
        }[part]()
