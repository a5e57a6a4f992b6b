"""Fits the weights of the stage labeller to hand-labelled traces and writes synth/style/stages.yaml.

A linear-chain conditional random field with the features of synth/style/stages.py: the likelihood of
the labelled units, all that is not labelled summed out, with a Gaussian prior, by L-BFGS.
Run from the checkout, with the real traces beside it: python -m benchmarks.fit_stages ../shared/data/traces
"""

import sys
from pathlib import Path

import numpy as np
import torch
import yaml
from sklearn.metrics import cohen_kappa_score

from synth.problems import load_problems
from synth.style import STAGES, load_lexicon, read_trace
from synth.style.stages import FEATURES, StageModel, label
from synth.traces.rendering import render
from tests.synth.style.labelled_traces import LabelledTrace, by_paragraph, labelled_traces

PRIOR, STEPS, FOLDS, RENDERED = 4.0, 40, 4, 20
SHORT = {"trace_words": 60, "pivot_density": 5}
OUT = Path(__file__).parents[1] / "synth" / "style" / "stages.yaml"


def rendered(n: int, seed: int) -> list[LabelledTrace]:
    """Return short traces of our own templates, whose stages are known: real ones are long,
    and short ones must be read too.
    """
    out = []
    for problem in load_problems("arith:train", n, seed):
        row = render([problem], ["hc"], seed, dials=SHORT)[0]["hc"]
        spans = [(int(stage["start"]), int(stage["end"])) for stage in row.stages]
        labels = [STAGES.index(str(stage["stage"])) for stage in row.stages]
        out.append(
            LabelledTrace(
                "rendered", len(out), read_trace(row.trace, load_lexicon("en")), True, spans, labels, []
            )
        )
    return out


def unit_labels(trace: LabelledTrace) -> np.ndarray:
    """Return the label of each unit that lies mostly in a labelled paragraph, -1 for the others."""
    units = trace.reading.units
    out = np.full(len(units.starts), -1)
    for (begin, end), stage in zip(trace.spans, trace.labels, strict=True):
        inside = np.minimum(units.ends, end) - np.maximum(units.starts, begin)
        out[inside > 0.5 * (units.ends - units.starts)] = stage
    return out


def fit(traces: list[LabelledTrace], steps: int) -> StageModel:
    """Return the weights with the highest penalised likelihood."""
    longest = max(len(trace.reading.units.starts) for trace in traces)
    x = torch.zeros(len(traces), longest, len(FEATURES))
    breaks = torch.zeros(len(traces), longest, dtype=torch.long)
    there = torch.zeros(len(traces), longest, dtype=torch.bool)
    barred = torch.zeros(len(traces), longest, 4)
    for i, trace in enumerate(traces):
        n = len(trace.reading.units.starts)
        x[i, :n] = torch.tensor(trace.reading.described.T, dtype=torch.float32)
        breaks[i, :n], there[i, :n] = torch.tensor(trace.reading.units.breaks), True
        labels = torch.tensor(unit_labels(trace))
        barred[i, :n] = torch.where((labels[:, None] >= 0) & (labels[:, None] != torch.arange(4)), -1e9, 0.0)
    emission = torch.zeros(len(FEATURES), 4, requires_grad=True)
    step = torch.zeros(3, 4, 4, requires_grad=True)
    optimizer = torch.optim.LBFGS(
        [emission, step], max_iter=steps, line_search_fn="strong_wolfe", history_size=20
    )

    def loss() -> torch.Tensor:
        optimizer.zero_grad()
        scores = x @ emission
        free, held = scores[:, 0], scores[:, 0] + barred[:, 0]
        for t in range(1, longest):
            moves = step[breaks[:, t]]
            free_next = torch.logsumexp(free[:, :, None] + moves, 1) + scores[:, t]
            held_next = torch.logsumexp(held[:, :, None] + moves, 1) + scores[:, t] + barred[:, t]
            free, held = (
                torch.where(there[:, t, None], free_next, free),
                torch.where(there[:, t, None], held_next, held),
            )
        value = (torch.logsumexp(free, 1) - torch.logsumexp(held, 1)).sum() + PRIOR * (
            (emission**2).sum() + (step**2).sum()
        )
        value.backward()
        return value

    optimizer.step(loss)
    return StageModel(emission.detach().double().numpy(), step.detach().double().numpy())


def compared(traces: list[LabelledTrace], model: StageModel) -> list[tuple[int, int]]:
    """Return the stages of reader and model, paragraph by paragraph."""
    pairs: list[tuple[int, int]] = []
    for trace in traces:
        stages = label(
            trace.reading.described,
            trace.reading.units.breaks,
            np.array([0, len(trace.reading.units.starts)]),
            model,
        )
        pairs += zip(trace.labels, by_paragraph(trace, stages), strict=True)
    return pairs


def main() -> None:
    """Cross-validate, fit on all tuning traces, write the weights."""
    # the features have changed: reading needs some weights
    if set(yaml.safe_load(OUT.read_text(encoding="utf-8"))["emission"]) != set(FEATURES):
        write(StageModel(np.zeros((len(FEATURES), 4)), np.zeros((3, 4, 4))), "nothing")
    traces = list(labelled_traces("tuning", Path(sys.argv[1])))
    short = rendered(RENDERED, seed=1)
    pairs = []
    for fold in range(FOLDS):
        model = fit([trace for i, trace in enumerate(traces) if i % FOLDS != fold] + short, STEPS // 2)
        pairs += compared([trace for i, trace in enumerate(traces) if i % FOLDS == fold], model)
    kappa = cohen_kappa_score(*zip(*pairs, strict=True))
    print(f"{len(traces)} traces, {len(pairs)} paragraphs; {FOLDS}-fold cross-validated kappa {kappa:.3f}")
    model = fit(traces + short, STEPS)
    unseen = compared(rendered(100, seed=2), model)
    print(f"100 other rendered traces: kappa {cohen_kappa_score(*zip(*unseen, strict=True)):.3f}")
    write(
        model,
        f"{len(traces)} traces of tests/synth/style/stage_labels/tuning.jsonl and {RENDERED} rendered ones",
    )
    print(f"wrote {OUT}")


def write(model: StageModel, fitted_on: str) -> None:
    """Write weights to where the package reads them."""
    content = {
        "fitted_on": fitted_on,
        "lexicon": load_lexicon("en").signature,
        "emission": {
            name: [round(float(w), 3) for w in weights]
            for name, weights in zip(FEATURES, model.emission, strict=True)
        },
        "step": [[[round(float(w), 3) for w in row] for row in matrix] for matrix in model.step],
    }
    head = (
        "# Weights of the stage labeller, columns framing, exploration, verification, synthesis. Written by"
        " benchmarks/fit_stages.py.\n"
    )
    OUT.write_text(
        head + yaml.safe_dump(content, sort_keys=False, default_flow_style=None, width=150), encoding="utf-8"
    )


if __name__ == "__main__":
    main()
