"""Counts the modules that one problem visits on its way from a study to a verdict, and the returns.

    python -m benchmarks.problem_path              # the two numbers
    python -m benchmarks.problem_path --modules    # every step as well, in order

A study of two training problems and two test items runs with a random model of 50,000 parameters:
`stylerep reproduce`, with every process that it starts. `sys.setprofile` tells of all calls between modules
of ours (``synth``, ``distill``, ``harness_ext``, ``stylerep``). Libraries between two of them are left out,
and so is what an import runs.

- A *step* is a pair of modules, where the first calls the second. It counts once, at its first time: a loop
  over problems is no new thing to read.
- A step has the *problem in hand* where arguments or result hold a problem's question, its id, a text made
  of it (trace, response, hash of the document) or its tokens: in strings, lists, dictionaries, tensors of
  whole numbers, and objects of ours, to a depth of four.
- *Modules* are all that stand at either end of such a step.
- A *return* is a step into a module that stood in an earlier step already.

Activations, gradients and lists of zeros and ones no longer are the problem. The last line gives the same
two numbers for all steps, whatever is in hand: checks, locks, messages and all.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from tests.conftest import make_tiny_model
from tests.harness_ext.pipelines.study.files import write_study

_ROOT = Path(__file__).resolve().parents[2]
_N = 2
_START = """import json, os, sys
given = json.loads(open(os.environ["PROBLEM_PATH"], encoding="utf-8").read())
sys.path.append(given["root"])
from benchmarks.problem_path.watch import start
start(**given)
"""


class Step(NamedTuple):
    """A call from one module to another, at its first time."""

    caller: str
    module: str
    in_hand: bool


class Count(NamedTuple):
    """How many modules a way visits, and how many of its steps lead back into one."""

    modules: int
    returns: int


def count(steps: Iterable[Step]) -> Count:
    """Count modules and returns of steps, which stand in the order of time and differ from each other."""
    seen: set[str] = set()
    returns = 0
    for step in steps:
        if step.caller != "start":
            seen.add(step.caller)
        returns += step.module in seen
        seen.add(step.module)
    return Count(len(seen), returns)


def steps_of(folder: Path) -> list[Step]:
    """Read what processes wrote down: each pair once, in the order of time, its first time in hand if it
    has one.
    """
    noted = sorted(
        (int(when), caller, module, bool(int(held)))
        for path in folder.glob("calls.*")
        for when, caller, module, held in (line.split() for line in path.read_text("utf-8").splitlines())
    )
    held = {(caller, module) for _, caller, module, in_hand in noted if in_hand}
    found: dict[tuple[str, str], Step] = {}
    for _, caller, module, in_hand in noted:
        if in_hand or (caller, module) not in held:
            found.setdefault((caller, module), Step(caller, module, in_hand))
    return list(found.values())


def run_study(scratch: Path) -> list[Step]:
    """Run the study and return its steps."""
    import torch
    from transformers import AutoTokenizer

    from synth.evaluation_sets import iter_evaluation_problems
    from synth.problems import load_problems

    torch.manual_seed(0)
    model = make_tiny_model(scratch / "model")
    study = write_study(scratch, model, n=_N, evaluate=_EVALUATE, claims=[])
    problems = [*load_problems("arith:train", _N), *iter_evaluation_problems("arith", _N)]
    tokenizer = AutoTokenizer.from_pretrained(model)
    questions = [problem.question for problem in problems]
    given = {
        "root": str(_ROOT),
        "texts": [*questions, *(problem.id for problem in problems)],
        "tokens": [tokenizer(one, add_special_tokens=False)["input_ids"] for one in questions],
        "output": str(scratch / "calls"),
    }
    start = scratch / "start"
    start.mkdir()
    (start / "sitecustomize.py").write_text(_START, encoding="utf-8")
    (start / "given.json").write_text(json.dumps(given), encoding="utf-8")
    before = [one for one in os.environ.get("PYTHONPATH", "").split(os.pathsep) if one]
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join([str(start), *before, str(_ROOT)]),
        "PROBLEM_PATH": str(start / "given.json"),
        "HF_HUB_OFFLINE": "1",
    }
    command = ["-m", "harness_ext", "reproduce", str(study), "--out", str(scratch / "out"), "--jobs", "1"]
    subprocess.run([sys.executable, *command], env=environment, check=True, stdout=subprocess.DEVNULL)
    return steps_of(scratch)


_EVALUATE = {"tasks": "style_arith", "limit": _N, "max_gen_toks": 48, "batch-size": 2}


def main() -> None:
    """Run the study and print the counts."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--modules", action="store_true", help="print every step as well")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        steps = run_study(Path(scratch))
    held = [step for step in steps if step.in_hand]
    if given.modules:
        for step in held:
            print(f"{step.caller} -> {step.module}")
    for name, chosen in (("with the problem in hand", held), ("all", steps)):
        found = count(chosen)
        print(f"{name}: {found.modules} modules, {len(chosen)} steps, {found.returns} returns")


if __name__ == "__main__":
    main()
