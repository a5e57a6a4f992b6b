"""What probes cost, and what they find in models of which is known what their answers hang on.

``speed`` probes traces by templates with a model, in one process: together, each variant as a request of its
own through the same reader, and each as a request to style-hf, which writes the answer. ``truth`` trains two
adapters on `arith`: one whose answers follow the last step also where that is false, one on traces of other
problems. Both then read right traces of problems that they have not seen. Of the first, the effect of a
corruption must tell the last step from the others (AUC); of the second, no effect may be there.

    python -m benchmarks.probing speed [--model NAME] [--items 8] [--words 100]
    python -m benchmarks.probing truth [--model NAME] [--rows 400] [--items 200] [--epochs 2]
"""

import argparse
import os
import resource
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

MODEL = "smollm2-135m-instruct"


def items_of(source: str, n: int, words: int, seed: int = 0) -> list[Any]:
    """Return probed items whose traces templates wrote, of about so many words; 0 for worked steps alone."""
    from harness_ext.pipelines.probe.items import ProbeItem
    from synth.formats import CLOSE, OPEN
    from synth.problems import iter_problems
    from synth.problems.problem import prompt
    from synth.traces.rendering import render

    problems = list(iter_problems(source, n, seed))
    if words:
        rows = render(problems, ["hc"], dials={"trace_words": words})
        traces = [row["hc"].trace for row in rows]
    else:
        traces = ["\n\n".join(step.text for step in problem.steps) for problem in problems]
    return [
        ProbeItem(
            *(
                "arith",
                problem.id,
                problem.question,
                prompt(problem.question),
                f"{OPEN}\n",
                trace,
                f"\n{CLOSE}",
            ),
            *(problem.answer, problem.answer_type, problem.answer, True),
        )
        for problem, trace in zip(problems, traces, strict=True)
    ]


def with_template(items: Sequence[Any], loaded: Any) -> list[Any]:
    """Return items with their prompts as the model's chat template puts them."""
    from distill.training.encode import prompt_text

    return [
        replace(
            item,
            prompt=prompt_text(loaded.tokenizer, [{"role": "user", "content": item.prompt}], loaded.family),
        )
        for item in items
    ]


def speed(model: str, n: int, words: int) -> dict[str, float]:
    """Return processor seconds, tokens and MiB of probing together and one request at a time."""
    from distill.reading.reader import TreeReader
    from harness_ext.pipelines.probe.forced_answers import ForcedAnswers
    from harness_ext.pipelines.probe.variants import variants_of
    from harness_ext.pipelines.student import load_named_model

    loaded = load_named_model(model, None)
    items = with_template(items_of("arith", n, words), loaded)
    asked = [
        (item, one.trace, item.answer)
        for number, item in enumerate(items)
        for one in variants_of(item, items[number - 1], [], 0)
    ]
    together, alone = TreeReader(loaded.model), TreeReader(loaded.model)
    ForcedAnswers(together, loaded.tokenizer, 1 << 20).score(asked[:2])  # warm
    before, read, memory = _seconds(), together.tokens_read, _mebibytes()
    found = ForcedAnswers(together, loaded.tokenizer, 1 << 20).score(asked)
    middle = _seconds()
    result = {
        "requests": len(asked),
        "seconds together": middle - before,
        "tokens together": together.tokens_read - read,
        "MiB with the model": memory,
        "MiB after": _mebibytes(),
    }
    forced = ForcedAnswers(alone, loaded.tokenizer, 1 << 20)
    other = [forced.score([one])[0] for one in asked]
    result |= {"seconds alone": _seconds() - middle, "tokens alone": alone.tokens_read}
    result["times as fast"] = result["seconds alone"] / result["seconds together"]
    before = _seconds()
    _written(loaded, forced, asked)
    result["seconds written one by one"] = _seconds() - before
    result["times as fast as writing"] = result["seconds written one by one"] / result["seconds together"]
    result["largest difference of probability"] = max(
        abs(one.probability - two.probability) for one, two in zip(found, other, strict=True) if one and two
    )
    return result


def _written(loaded: Any, forced: Any, asked: Sequence[tuple[Any, str, str]]) -> None:
    """Have style-hf write the answer to each request, one at a time."""
    from harness_ext.backends.style_hf.control import ControlLoop
    from harness_ext.backends.style_hf.generation import write
    from harness_ext.backends.style_hf.sampler import TokenSampler
    from harness_ext.backends.style_hf.sequence import TokenSequence
    from harness_ext.backends.style_hf.sequence_text import Pieces

    choose = TokenSampler(loaded.model, {"do_sample": False})
    pieces = Pieces(lambda ids: str(loaded.tokenizer.decode(ids)), 0)
    for item, trace, answer in asked:
        wanted = forced.tokens(item, trace, answer)
        prompt = list(wanted.ids[: wanted.start])
        sequence = TokenSequence(0, prompt, len(prompt), len(wanted.ids) - wanted.start)
        watch = ControlLoop([], pieces, lambda text: [])
        for _ in write(loaded.model, [sequence], 1, choose, watch, frozenset()):
            pass


def training_rows(n: int, follows: bool, seed: int = 0) -> list[Any]:
    """Return rows of training: worked steps of `arith`, then the answer.

    Where it *follows* them, every second row's last result is false, and its answer is that. Else the steps
    are another problem's, and the answer is right.
    """
    from harness_ext.pipelines.probe.edits import corruption
    from synth.formats import CLOSE, OPEN
    from synth.problems import iter_problems
    from synth.seeding import generator
    from synth.traces.rendering import render

    items = items_of("arith:train", n, 0, seed)
    plain = render(list(iter_problems("arith:train", n, seed)), ["nt"])
    made = []
    for number, (item, row) in enumerate(zip(items, plain, strict=True)):
        steps, stated = item.trace, item.answer
        if not follows:
            steps = items[number - 1].trace
        elif number % 2:
            change = corruption(item, steps, [], generator("false", seed, item.item))
            if change is not None:
                start, end, stated = change
                steps = steps[:start] + stated + steps[end:]
        made.append(
            replace(
                row["nt"],
                arm="sbs",
                trace=steps,
                stated_answer=stated,
                is_correct=stated == item.answer,
                response=f"{OPEN}\n{steps}\n{CLOSE}\n\nThe answer is {stated}.",
                stages=[{"stage": "exploration", "start": 0, "end": len(steps)}],
            )
        )
    return made


def truth(model: str, rows: int, n: int, epochs: float) -> dict[str, float]:
    """Train both adapters, probe, and return what was found."""
    from sklearn.metrics import roc_auc_score

    from distill.reading.reader import TreeReader
    from distill.training.recipe import load_recipe
    from distill.training.train import distill
    from harness_ext.pipelines.probe.forced_answers import ForcedAnswers
    from harness_ext.pipelines.probe.report import report_of
    from harness_ext.pipelines.probe.run import probe_items
    from harness_ext.pipelines.probe.variants import variants_of
    from harness_ext.pipelines.student import load_named_model
    from synth.traces.datasets import write_dataset

    result: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as folder:
        for name, follows in (("needs", True), ("ignores", False)):
            data = write_dataset(Path(folder) / name, "sbs", training_rows(rows, follows), {})
            adapter = Path(folder) / f"adapter-{name}"
            distill(model, data, adapter, load_recipe("small", {"epochs": epochs}))
            loaded = load_named_model(model, adapter)
            items = with_template(items_of("arith:test", n, 0), loaded)
            forced = ForcedAnswers(TreeReader(loaded.model), loaded.tokenizer, loaded.longest)
            probes = ("none", "early", "corrupt", "delete", "filler", "swap")
            variants = [
                variants_of(item, items[number - 1], [], 0, probes) for number, item in enumerate(items)
            ]
            found = [
                {"run": name, "arm": name, **row}
                for rows_of_item in probe_items(items, variants, forced)
                for row in rows_of_item
            ]
            wrong = [row for row in found if row["probe"] == "corrupt"]
            last = [row["sentence"] == row["sentences"] - 1 for row in wrong]
            whole = [row for row in found if row["probe"] == "early" and row["share"] == 1]
            result[f"{name}: right with the whole trace"] = sum(row["right"] for row in whole) / len(whole)
            if follows:
                result["AUC of corruptions, the last step against others"] = float(
                    roc_auc_score(last, [row["effect"] for row in wrong])
                )
            for one in report_of(found).effects:
                if not one.stage:
                    result[f"{name}: effect of {one.probe} {one.kind}, none {one.none}"] = one.effect.estimate
    return result


def _seconds() -> float:
    return sum(os.times()[:2])


def _mebibytes() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> None:
    """Print what was measured, a line each."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("what", choices=["speed", "truth"])
    parser.add_argument("--model", default=MODEL)
    parser.add_argument("--items", type=int)
    parser.add_argument("--words", type=int, default=100)
    parser.add_argument("--rows", type=int, default=400)
    parser.add_argument("--epochs", type=float, default=2.0)
    given = parser.parse_args()
    if given.what == "speed":
        found = speed(given.model, given.items or 8, given.words)
    else:
        found = truth(given.model, given.rows, given.items or 200, given.epochs)
    for name, value in found.items():
        print(f"{name}: {value:,.3f}", flush=True)


if __name__ == "__main__":
    main()
