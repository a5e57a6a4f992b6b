"""How well and how fast the style scorer reads style, on real traces.

Prints the tables of docs/measurements/reading-style.md. Run: make bench, or
python -m benchmarks.reading_style ../shared/data/traces [agreement kinds separation dose speed adversarial]
"""

import os
import random
import re
import statistics
import sys
import time
from collections.abc import Callable
from functools import cache
from itertools import pairwise
from pathlib import Path

import numpy as np
from sklearn.metrics import cohen_kappa_score, confusion_matrix, roc_auc_score

from distill.models.allocator import keep_freed_memory
from harness_ext.pages.analyze import Response, read_responses
from harness_ext.stats import wilson_interval
from synth.formats import split_response
from synth.style import (
    KINDS,
    STAGES,
    StyleReading,
    StyleScores,
    load_lexicon,
    read_trace,
    read_traces,
    style_scores,
)
from synth.style import adherence as adherence_module
from synth.style import arithmetic_claims as claims_module
from synth.style.adherence import style_adherence
from synth.style.characters import look
from synth.style.profile import load_profile
from synth.style.strip import without_pivots
from tests.synth.style.labelled_traces import by_paragraph, labelled_traces

LEXICON = load_lexicon("en")
REFERENCE = load_profile("long-reasoning").rates
LONG = ("sky-t1-correct-5k-14b", "sky-t1-wrong-5k-14b")
ROUNDS, SEED = 5, 0
UNITS = {
    "one letter": "x",
    "one word": "wait ",
    "open think tags": "<think>",
    "nested tags": "<think></think><think>",
    "half phrases": "let me ",
    "statements": "the answer is ",
    "open parentheses": "(",
    "open sums": "1+(",
    "equals signs": "1 = ",
    "line breaks": "\n",
    "spaces": " ",
    "lone surrogates": "\ud800",
    "Chinese": "\u7b49\u7b49\uff0c",
    "fractions": "\\frac{",
    "boxes": "\\boxed{",
    "fences": "```\n",
    "digits": "1",
    "pivots": "Wait, let me check. ",
}


def traces() -> Path:
    """Return the folder of real traces."""
    return Path(sys.argv[1])


@cache
def responses() -> list[tuple[Response, str, bool]]:
    """Return all responses with their trace and whether it ends."""
    found = []
    for one in read_responses([str(path) for path in sorted(traces().glob("*/*.jsonl"))]):
        split = split_response(one.text)
        found.append((one, split.trace, not split.truncated))
    return found


@cache
def scored() -> list[tuple[Response, StyleScores]]:
    """Return all responses with the scores of their traces."""
    return [(one, style_scores(trace, LEXICON, closed)) for one, trace, closed in responses()]


def agreement() -> None:
    """Print Cohen's kappa of the stage labeller with two readers, and of the readers with each other."""
    reader, second, labeller, owner = [], [], [], []
    for i, trace in enumerate(labelled_traces("held_out", traces())):
        reader += trace.labels
        second += trace.second
        labeller += by_paragraph(trace, trace.reading.unit_stages)
        owner += [i] * len(trace.labels)
    columns = {"reader": np.array(reader), "second reader": np.array(second), "labeller": np.array(labeller)}
    rng = np.random.default_rng(SEED)
    members = [np.flatnonzero(np.array(owner) == i) for i in sorted(set(owner))]
    draws = [
        np.concatenate([members[i] for i in rng.integers(len(members), size=len(members))])
        for _ in range(1000)
    ]
    print(
        f"## Stages: {len(members)} held-out traces, {len(reader)} paragraphs; 95 % bootstrap interval over"
        " traces"
    )
    for one, other in (("reader", "labeller"), ("second reader", "labeller"), ("reader", "second reader")):
        a, b = columns[one], columns[other]
        low, high = np.quantile([cohen_kappa_score(a[draw], b[draw]) for draw in draws], (0.025, 0.975))
        print(
            f"kappa {one} / {other}: {cohen_kappa_score(a, b):.3f} [{low:.3f}, {high:.3f}], same label"
            f" {np.mean(a == b):.1%}"
        )
    print(f"rows reader, columns labeller, {' '.join(STAGES)}:\n{confusion_matrix(reader, labeller)}")


def kinds() -> None:
    """Print the share of traces with at least three pivot kinds, right and wrong apart,
    at any and at like length.
    """
    print("## At least three of the four pivot kinds")
    for model in dict.fromkeys(one.model for one, _ in scored()):
        own = [(one, scores) for one, scores in scored() if one.model == model and scores.words]
        for outcome in (True, False):
            part = [scores.kinds_present >= 3 for one, scores in own if one.is_correct is outcome]
            bound = wilson_interval(sum(part), len(part))
            name = f"{model:24s} {'right' if outcome else 'wrong'}"
            print(f"{name}: {np.mean(part):6.1%} [{bound.low:.1%}, {bound.high:.1%}] of {len(part)}")
    print("first 600 words of the long traces:")
    for outcome in (True, False):
        part = []
        for one, trace, _ in responses():
            if one.model in LONG and one.is_correct is outcome and len(trace.split()) >= 600:
                part.append(style_scores(window(trace, 0, 600), LEXICON, closed=False))
        densities = "  ".join(
            f"{kind} {np.mean([scores.density[kind] for scores in part]):.2f}" for kind in KINDS
        )
        three = np.mean([scores.kinds_present >= 3 for scores in part])
        print(
            f"{'right' if outcome else 'wrong'} (n = {len(part)}): >= 3 kinds {three:.1%}; per 100 words"
            f" {densities}"
        )


def window(trace: str, start: int, words: int) -> str:
    """Return *words* words of a trace from the *start*-th on, white space kept."""
    places = [found.span() for found in re.finditer(r"\S+", trace)]
    return trace[places[start][0] : places[min(start + words, len(places)) - 1][1]]


def auc(long: list[float], short: list[float]) -> float:
    """Return the area under the ROC curve: how often a long-reasoning trace scores above another."""
    return float(roc_auc_score([1] * len(long) + [0] * len(short), long + short))


def separation() -> None:
    """Print how well adherence tells long-reasoning models from the others, at like length too."""
    own = [(one, scores, style_adherence(scores, REFERENCE)) for one, scores in scored() if scores.words]
    long = [(one, scores, value) for one, scores, value in own if one.model in LONG]
    short = [(one, scores, value) for one, scores, value in own if one.model not in LONG]
    print(f"## style_adherence: {len(long)} traces of long-reasoning models, {len(short)} of instruct models")
    print(f"mean {np.mean([v for *_, v in long]):.3f} against {np.mean([v for *_, v in short]):.3f}")
    print(f"whole traces: AUC {auc([v for *_, v in long], [v for *_, v in short]):.4f}")
    pairs = matched([scores.words for _, scores, _ in long], [scores.words for _, scores, _ in short])
    print(
        f"pairs of like length (within 10 %): {len(pairs)} pairs, AUC"
        f" {auc([long[i][2] for i, _ in pairs], [short[j][2] for _, j in pairs]):.4f}"
    )
    unseen = [(i, j) for i, j in pairs if long[i][0].model == LONG[1]]
    apart = auc([long[i][2] for i, _ in unseen], [short[j][2] for _, j in unseen])
    print(f"  of the model that the reference was not measured on: {len(unseen)} pairs, AUC {apart:.4f}")
    print("other weights (kinds, quarters, openers, first person, unformatted): AUC whole, AUC pairs")
    usual = dict(adherence_module.WEIGHTS)
    for weights in (
        (1, 0, 0, 0, 0),
        (0.8, 0.2, 0, 0, 0),
        (0.25, 0.25, 0.25, 0.25, 0),
        (0.2, 0.2, 0.2, 0.2, 0.2),
        (0.4, 0.1, 0.2, 0.2, 0.1),
    ):
        adherence_module.WEIGHTS.update(zip(usual, weights, strict=True))
        a, b = (
            [style_adherence(s, REFERENCE) for _, s, _ in long],
            [style_adherence(s, REFERENCE) for _, s, _ in short],
        )
        print(f"  {weights}: {auc(a, b):.4f}, {auc([a[i] for i, _ in pairs], [b[j] for _, j in pairs]):.4f}")
    adherence_module.WEIGHTS.update(usual)
    print(
        "cut to the same number of words: AUC of beginnings, AUC of windows from anywhere; mean of long"
        " (beginnings, windows), of instruct (beginnings)"
    )
    rng = random.Random(SEED)
    for words in (100, 200, 300, 400, 600):
        values: dict[tuple[bool, bool], list[float]] = {
            (a, b): [] for a in (True, False) for b in (True, False)
        }
        for one, trace, _ in responses():
            n = len(trace.split())
            if n >= words:
                for anywhere in (False, True):
                    piece = window(trace, rng.randrange(n - words + 1) if anywhere else 0, words)
                    values[one.model in LONG, anywhere].append(
                        style_adherence(style_scores(piece, LEXICON), REFERENCE)
                    )
        a, b = values[True, False], values[True, True]
        print(
            f"  {words} words ({len(a)} long, {len(values[False, False])} instruct):"
            f" {auc(a, values[False, False]):.4f}, {auc(b, values[False, True]):.4f}; {np.mean(a):.3f},"
            f" {np.mean(b):.3f}, {np.mean(values[False, False]):.3f}"
        )


def matched(first: list[int], second: list[int]) -> list[tuple[int, int]]:
    """Pair each of *first*, the shortest first, with the nearest free one of *second* within 10 %."""
    free, pairs = set(range(len(second))), []
    for i in sorted(range(len(first)), key=lambda k: first[k]):
        j = min(free, key=lambda k: abs(np.log(second[k] / first[i])), default=None)
        if j is not None and abs(np.log(second[j] / first[i])) <= np.log(1.1):
            free.remove(j)
            pairs.append((i, j))
    return pairs


def dose() -> None:
    """Print what stripping pivots from the long traces does to adherence."""
    rng = random.Random(SEED)
    falls, strict, means = [], [], []
    for one, trace, closed in responses():
        if one.model not in LONG:
            continue
        pivots = read_trace(trace, LEXICON, closed).pivots
        if not pivots:
            continue
        rng.shuffle(pivots)
        values = []
        for share in (0, 0.25, 0.5, 0.75, 1):
            left = without_pivots(trace, pivots[: round(share * len(pivots))])
            values.append(style_adherence(style_scores(left, LEXICON, closed), REFERENCE))
        falls.append(all(b <= a + 1e-12 for a, b in pairwise(values)))
        strict.append(all(b < a for a, b in pairwise(values)))
        means.append(values)
    bound = wilson_interval(sum(falls), len(falls))
    print(f"## Dose: 0, 25, 50, 75, 100 % of the pivots stripped from {len(falls)} long traces")
    print(
        f"adherence never rises: {np.mean(falls):.1%} [{bound.low:.1%}, {bound.high:.1%}]; falls at every"
        f" step: {np.mean(strict):.1%}"
    )
    print("mean adherence: " + " ".join(f"{value:.3f}" for value in np.mean(means, axis=0)))


def speed() -> None:
    """Print MB/s of matching and of full scoring on the real traces, one core, beside simpler ways."""
    texts = [trace for _, trace, _ in responses()]
    size = sum(len(text.encode()) for text in texts) / 1e6
    some = texts[::12]
    some_size = sum(len(text.encode()) for text in some) / 1e6
    phrases = [
        re.compile(rf"\b{re.escape(phrase.wording)}\b", re.IGNORECASE)
        for phrase in (*LEXICON.pivots, *LEXICON.cues)
    ]
    alternation = re.compile(
        "|".join(
            rf"\b{re.escape(p.wording)}\b" for p in sorted(LEXICON.pivots, key=lambda p: -len(p.wording))
        ),
        re.IGNORECASE,
    )
    by_kind = [
        re.compile("|".join(re.escape(p.wording) for p in LEXICON.pivots if p.label == kind), re.IGNORECASE)
        for kind in KINDS
    ]
    raw = [text.encode("utf-8", "surrogatepass") for text in texts]
    long = [text for text in texts if len(text) > 50_000]
    long_size = sum(len(text.encode()) for text in long) / 1e6

    def together(some: list[str]) -> list[StyleReading]:
        return read_traces(some, [LEXICON] * len(some), [True] * len(some))

    def cold() -> None:
        claims_module._verdict.cache_clear()
        together(texts)

    ways: dict[str, tuple[Callable[[], object], float]] = {
        "reading the bytes (decode)": (lambda: [data.decode("utf-8", "surrogatepass") for data in raw], size),
        "matching all phrases": (lambda: [LEXICON.match(text, look(text)) for text in texts], size),
        "full scoring": (lambda: together(texts), size),
        "full scoring, no sum remembered before": (cold, size),
        "full scoring, one trace at a time": (lambda: [read_trace(text, LEXICON) for text in texts], size),
        f"  matching the {len(long)} over 50,000 letters": (
            lambda: [LEXICON.match(text, look(text)) for text in long],
            long_size,
        ),
        f"  full scoring of these {len(long)}": (lambda: together(long), long_size),
        "pivots as four plain alternations": (
            lambda: [found.findall(text) for text in some for found in by_kind],
            some_size,
        ),
        "pivots as one regular expression": (lambda: [alternation.findall(text) for text in some], some_size),
        f"a loop of {len(phrases)} re searches": (
            lambda: [
                [found.start() for phrase in phrases for found in phrase.finditer(text)] for text in some[::4]
            ],
            0.0,
        ),
    }
    quarter = sum(len(text.encode()) for text in some[::4]) / 1e6
    times: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(ROUNDS):
        for name, (run, _) in ways.items():
            began = time.process_time()
            run()
            times[name].append(time.process_time() - began)
    print(
        f"## Speed on {len(texts)} real traces, {size:.1f} MB, one core of {os.cpu_count()}; median of"
        f" {ROUNDS} rounds in turn, CPU time"
    )
    for name, (_, amount) in ways.items():
        rates = [(amount or quarter) / taken for taken in times[name]]
        print(f"{name:36s} {statistics.median(rates):8.1f} MB/s   ({min(rates):.1f} to {max(rates):.1f})")


def adversarial() -> None:
    """Print how the time of full scoring grows from 1 MB to 10 MB on one line of text that means harm."""
    print("## Growth from 1 MB to 10 MB, full scoring (10 is linear); seconds at 10 MB")
    real = " ".join(trace.replace("\n", " ") for _, trace, _ in responses())
    for name, unit in {"real traces on one line": real, **UNITS}.items():
        taken = []
        for characters in (1_000_000, 10_000_000):
            text = (unit * (characters // len(unit) + 1))[:characters]
            began = time.process_time()
            split = split_response(text)
            read_trace(split.trace, LEXICON)
            taken.append(time.process_time() - began)
        print(f"{name:26s} x {taken[1] / taken[0]:5.1f}   {taken[1]:6.2f} s")
    broken = b"Wait, \xff\xfe let me check. " * 400_000
    began = time.process_time()
    read_trace(broken.decode("utf-8", "replace"), LEXICON)
    print(f"{'invalid UTF-8 (replaced)':26s}           {time.process_time() - began:6.2f} s")


def main() -> None:
    """Run the parts that are named, or all."""
    keep_freed_memory()  # as stylerep analyze does
    parts = {part.__name__: part for part in (agreement, kinds, separation, dose, speed, adversarial)}
    for name in sys.argv[2:] or parts:
        parts[name]()
        print(flush=True)


if __name__ == "__main__":
    main()
