"""What a GPU makes of training, generation, the tests marked ``gpu``, and the study `small` at full size.

    python -m benchmarks.gpu MODEL_FOLDER --out gpu.json [--minutes 8] [--parts training,generation,…]

Reads the model from a folder and fetches nothing: training is on GSM8K where its file is at hand, else on
`arith`, like the rest. Needs torch, transformers, peft, accelerate and this package; the part ``tests``
needs pytest too. Each part runs in processes of its own and ends when its share of the minutes is over, with
what was measured by then; the file is written after each part. Without a GPU it runs on the processor, with
less to do in the same time, and says so.

| part | share | what |
|---|---|---|
| training | 1/4 | tokens a second of `distill`, beside transformers' Trainer with peft, on the same rows |
| generation | 1/4 | tokens a second of ``style-hf``, beside lm_eval's ``hf``, on the same prompts |
| tests | 1/8 | `pytest -m gpu` |
| study | 3/8 | `small` with 5 seeds and 2,000 items: the cells that end in time, and accuracy by run |
"""

import argparse
import importlib.util
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from importlib import resources
from pathlib import Path
from typing import Any

from benchmarks import decoding, distilling
from synth.files.replace_file import write_text

SHARES = {"training": 1 / 4, "generation": 1 / 4, "tests": 1 / 8, "study": 3 / 8}
ROWS, PROMPTS, TOKENS, BATCH = 256, 256, 256, 64
SEEDS, ITEMS = 5, 2000
_GRACE = 20.0
"""Seconds that a command has to stop in once it is interrupted."""


def training(model: Path, seconds: float) -> Iterator[dict[str, Any]]:
    """Yield what each way of training comes to: rows, tokens, seconds of steps, matrix rates."""
    with tempfile.TemporaryDirectory() as folder:
        distilling.build(Path(folder) / "data", ROWS if _gpu() else 16)
        data = Path(folder) / "data" / "hc"
        for way in ("ours", "stock"):
            yield {way: _measured(["benchmarks.distilling", "measure", way, data, model], seconds / 2)}


def generation(model: Path, seconds: float) -> Iterator[dict[str, Any]]:
    """Yield what each backend comes to: responses, tokens, seconds."""
    for backend in ("style-hf", "hf"):
        yield {backend: _measured(["benchmarks.gpu", "--written-by", backend, model], seconds / 2)}


def write(model: Path, backend: str) -> dict[str, Any]:
    """Write responses to the same prompts with one backend, and return how long that took."""
    from harness_ext.scoring.documents import documents

    decoding.MODEL, decoding.BATCHES = str(model), (BATCH, BATCH)
    prompts, tokens = (PROMPTS, TOKENS) if _gpu() else (8, 32)
    lm = decoding._open(backend, None)
    asked = [one["prompt"] for one in list(documents(evaluation_set="arith")["test"])[:prompts]]
    lm.generate_until(decoding.requests(lm, asked[:2], 8)(), disable_tqdm=True)  # warms up
    began = time.perf_counter()
    texts = lm.generate_until(decoding.requests(lm, asked, tokens)(), disable_tqdm=True)
    took = time.perf_counter() - began
    written = decoding._tokens(lm, texts)
    return {"responses": len(texts), "tokens": written, "seconds": took, "dtype": str(lm.model.dtype)}


def tests(model: Path, seconds: float) -> Iterator[dict[str, Any]]:
    """Yield the last line of pytest over the tests marked ``gpu``."""
    if importlib.util.find_spec("pytest") is None:
        yield {"skipped": "pytest is not installed"}
        return
    folders = ["tests/distill/training", "tests/harness_ext/backends/style_hf"]
    command = [sys.executable, "-m", "pytest", "-q", "-m", "gpu", "-p", "no:cacheprovider", *folders]
    done = _run(command, seconds)
    yield {"code": done[0], "says": (done[1].strip().splitlines() or [""])[-1]}


def study(model: Path, seconds: float) -> Iterator[dict[str, Any]]:
    """Yield how many cells of the study ended in time, and the accuracy of each run that did."""
    from harness_ext.runs.run_folder import load_run

    whole = resources.files("harness_ext").joinpath("studies", "small.yaml")
    here = Path(__file__).parents[1] / "studies" / "small.yaml"
    text = here.read_text("utf-8") if here.is_file() else whole.read_text("utf-8")
    limit, seeds = (ITEMS, list(range(SEEDS))) if _gpu() else (8, [0])
    text = re.sub(r"(?m)^models: .*", f"models: [{{name: {json.dumps(str(model))}, as: model}}]", text)
    text = re.sub(r"(?m)^seeds: .*", f"seeds: {seeds}", text)
    text = re.sub(r"limit: \d+", f"model: style-hf, limit: {limit}", text)
    with tempfile.TemporaryDirectory() as folder:
        file, out = Path(folder) / "small.yaml", Path(folder) / "out"
        file.write_text(text, encoding="utf-8")
        command = [sys.executable, "-m", "harness_ext", "reproduce", str(file), "--out", str(out)]
        code, _ = _run(command, seconds)
        journal = out / ".cells" / "journal.jsonl"
        events = [json.loads(line) for line in journal.read_text().splitlines()] if journal.is_file() else []
        accuracy = {}
        for manifest in sorted(out.glob("runs/*/*/manifest.json")):
            scores = load_run(manifest.parent).outcomes("style_arith")
            accuracy[manifest.parent.name] = {"n": len(scores), "acc": sum(scores.values()) / len(scores)}
        yield {
            "code": code,
            "cells_done": sum(event["event"] == "done" for event in events),
            "runs": accuracy,
            "verdicts": json.loads((out / "verdicts.json").read_text()) if code == 0 else None,
        }


PARTS: dict[str, Callable[[Path, float], Iterator[dict[str, Any]]]] = {
    "training": training,
    "generation": generation,
    "tests": tests,
    "study": study,
}


def _gpu() -> bool:
    import torch

    return torch.cuda.is_available()


def _run(command: list[str], seconds: float) -> tuple[int | None, str]:
    """Return the exit code of a command and what it printed; None where its time was over and it was
    stopped, with all that it had started.
    """
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True
    )
    try:
        says, _ = process.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGINT)  # a study ends its workers, which have sessions of their own
        try:
            says, _ = process.communicate(timeout=_GRACE)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            says, _ = process.communicate()
        return None, says
    return process.returncode, says


def _measured(words: list[str | Path], seconds: float) -> dict[str, Any]:
    """Return the JSON that a program prints last, or how it ended without."""
    code, says = _run([sys.executable, "-W", "ignore", "-m", *map(str, words)], seconds)
    lines = says.strip().splitlines() or [""]
    if code == 0:
        found: dict[str, Any] = json.loads(lines[-1])
        return found
    return {"cut_off_after": round(seconds)} if code is None else {"code": code, "says": lines[-1]}


def main() -> None:
    """Measure the parts that are asked for and write the file."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("model", type=Path, help="folder of the model")
    parser.add_argument("--out", type=Path, default=Path("gpu.json"))
    parser.add_argument("--minutes", type=float, default=8.0)
    parser.add_argument("--parts", default=",".join(PARTS))
    parser.add_argument("--written-by", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if not (asked.model / "config.json").is_file():
        parser.error(f"{asked.model}: no config.json lies in it, so it is no model's folder")
    if unknown := set(asked.parts.split(",")) - PARTS.keys():
        parser.error(f"there is no part {', '.join(sorted(unknown))}; there are {', '.join(PARTS)}")
    if asked.written_by:
        print(json.dumps(write(asked.model, asked.written_by)))
        return
    os.environ["HF_HUB_OFFLINE"] = "1"  # for the programs that are started
    import torch

    found: dict[str, Any] = {
        "device": torch.cuda.get_device_name() if _gpu() else "no GPU: the processor, with less to do",
        "torch": torch.__version__,
        "model": asked.model.name,
    }
    for name in asked.parts.split(","):
        began = time.monotonic()
        part: dict[str, Any] = {}
        for result in PARTS[name](asked.model.resolve(), SHARES[name] * asked.minutes * 60):
            part |= result
        found[name] = {**part, "wall_seconds": round(time.monotonic() - began, 1)}
        print(f"{name}: {json.dumps(found[name])[:400]}", flush=True)
        write_text(asked.out, json.dumps(found, indent=2) + "\n")


if __name__ == "__main__":
    main()
