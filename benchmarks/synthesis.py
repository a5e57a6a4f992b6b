"""How close rendered traces come to their target style, how fast they are made, and in how much memory.

    python -m benchmarks.synthesis style ../shared/data       # hc of 2,000 GSM8K problems against the default
    profile python -m benchmarks.synthesis speed                      # traces a second for each arm, beside
    Jinja alone and beside reasoning-gym python -m benchmarks.synthesis memory                     # peak
    memory at a thousand and at a million rows (10 minutes)

Without a part, all of them, `style` only where its data is named.
"""

import gc
import itertools
import json
import re
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import jinja2
import numpy as np
import numpy.typing as npt
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import cohen_kappa_score, roc_auc_score
from sklearn.model_selection import StratifiedKFold, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from synth.formats import split_response
from synth.problems import iter_problems, load_problems
from synth.responses import read_responses
from synth.seeding import generator
from synth.style import STAGES, load_lexicon, read_trace, style_scores
from synth.style.profile import StyleProfile, build_profile, load_profile
from synth.traces.arms import ARMS, TraceRow, parse_arms
from synth.traces.rendering import Rendering, render
from synth.traces.synthesis import synth
from synth.traces.writing.phrasebook import load_phrasebook
from synth.traces.writing.plan import TracePlan, draw_plan
from synth.traces.writing.target import style_target

PROBLEMS, JUDGED, REPEATS, FOLDS = 2000, 400, 5, 8
DOSES = ("shuffle=0.67", "delete=0.33", "insert=0.33", "digits=0.5", "keywords=1")
SHORT = {"trace_words": 60.0, "pivot_density": 4.0}
# Length, and what no trace of the profile does (loop), are no matter of style.
LEFT_OUT = ("trace_words", "looping")


def style(data: Path) -> None:
    """Print how the features of rendered traces compare with the target's,
    and whether a classifier tells the two sets apart.
    """
    problems = load_problems(str(data / "benchmarks" / "gsm8k_train.jsonl"), PROBLEMS)
    start = time.perf_counter()
    rows_of_arm = [row["hc"] for row in render(problems, ["hc"])]
    texts = [row.trace for row in rows_of_arm]
    print(f"rendered in {time.perf_counter() - start:.1f} s")
    scores = [style_scores(text, load_lexicon("en")) for text in texts]
    made, target = build_profile("rendered", scores, load_lexicon("en")), load_profile("long-reasoning")
    # All rows, where a profile keeps 200.
    rows = np.array([list(build_profile("one", [one], load_lexicon("en")).means.values()) for one in scores])
    real = np.array(target.sample)
    print(
        f"hc of {len(texts)} GSM8K training problems against the profile {target.name} ({target.n} real"
        " traces)\n"
    )
    print(f"{'feature':32s} {'target':>9s} {'(sd)':>9s} {'rendered':>9s} {'(sd)':>9s} {'ratio':>6s}")
    for i, name in enumerate(made.means):
        mean, deviation = rows[:, i].mean(), rows[:, i].std()
        ratio = f"{mean / target.means[name]:6.2f}" if target.means[name] else "     -"
        print(
            f"{name:32s} {target.means[name]:9.3f} {real[:, i].std():9.3f} {mean:9.3f} {deviation:9.3f}"
            f" {ratio}"
        )
    print("\nAUC of a classifier on all of these but length (0.5: cannot tell)")
    _told_apart("the target's own traces", real, rows, target)
    others = _long_traces(data)
    _told_apart("other right traces of long-reasoning models, not in the profile", others, rows, target)
    _told_apart("for scale: the profile's traces against those others", real, others, target)
    _variety(texts)
    _stages_read(rows_of_arm[:JUDGED])


def _stages_read(rows: Sequence[TraceRow]) -> None:
    """Print how far the stages that the style scorer reads are those that were planned."""
    planned, read = [], []
    for row in rows:
        for spans, out in (
            ([(str(s["stage"]), int(s["start"]), int(s["end"])) for s in row.stages], planned),
            (read_trace(row.trace, load_lexicon("en")).stages, read),
        ):
            stages = np.full(len(row.trace), -1)
            for stage, begin, end in spans:
                stages[begin:end] = STAGES.index(stage)
            out.append(stages)
    a, b = np.concatenate(planned), np.concatenate(read)
    kept = (a >= 0) & (b >= 0)
    agree = float((a[kept] == b[kept]).mean())
    kappa = cohen_kappa_score(a[kept], b[kept])
    print(
        f"stages as read against stages as planned, by characters of {len(rows)} traces: kappa {kappa:.2f},"
        f" the same in {agree:.1%}"
    )


def _told_apart(
    what: str, real: npt.NDArray[np.float64], rendered: npt.NDArray[np.float64], profile: StyleProfile
) -> None:
    names = [name for name in profile.means if name not in LEFT_OUT]
    kept = [i for i, name in enumerate(profile.means) if name in names]
    chosen = rendered[np.linspace(0, len(rendered) - 1, min(len(rendered), JUDGED)).astype(int)]
    x, y = np.vstack([real[:, kept], chosen[:, kept]]), np.r_[np.ones(len(real)), np.zeros(len(chosen))]
    classifiers = {
        "logistic regression": make_pipeline(
            StandardScaler(), LogisticRegression(C=0.1, class_weight="balanced", max_iter=2000)
        ),
        "random forest": RandomForestClassifier(
            300, class_weight="balanced_subsample", min_samples_leaf=3, random_state=0
        ),
    }
    for name, classifier in classifiers.items():
        folds = (StratifiedKFold(FOLDS, shuffle=True, random_state=seed) for seed in range(REPEATS))
        aucs = [
            roc_auc_score(y, cross_val_predict(classifier, x, y, cv=fold, method="predict_proba")[:, 1])
            for fold in folds
        ]
        spread = f"{min(aucs):.2f} to {max(aucs):.2f} in {REPEATS} repeats"
        print(
            f"  {what} ({len(real)}) and {len(chosen)}: {name} {statistics.mean(aucs):.2f} ({spread},"
            f" {FOLDS}-fold)"
        )
    weights = classifiers["random forest"].fit(x, y).feature_importances_
    print(f"    the forest looks most at {', '.join(names[i] for i in np.argsort(-weights)[:4])}")


def _long_traces(data: Path) -> npt.NDArray[np.float64]:
    """Return the features of right, whole traces of the other long-reasoning model."""
    folder = data / "traces" / "sky-t1-wrong-5k-14b"
    splits = (split_response(one.text) for one in read_responses([str(folder)]) if one.is_correct)
    scores = [
        style_scores(split.trace, load_lexicon("en"))
        for split in splits
        if split.trace and not split.truncated
    ]
    return np.array([list(build_profile("one", [one], load_lexicon("en")).means.values()) for one in scores])


def _variety(texts: Sequence[str]) -> None:
    words = [re.findall(r"[a-z']+", text.lower()) for text in texts]
    runs = [run for one in words for run in zip(*(one[i:] for i in range(4)), strict=False)]
    lines = [re.sub(r"[\d.,]+", "#", line) for text in texts for line in text.split("\n\n")]
    skeletons = {re.sub(r"[\d.,]+|[A-Z][a-z]+", "#", text) for text in texts}
    print(
        f"\ndistinct 4-grams {len(set(runs)) / len(runs):.3f} of {len(runs)}; skeletons (numbers and names"
        f" masked): {len(skeletons)} of {len(texts)} traces, ",
        end="",
    )
    print(
        f"{len(set(lines))} of {len(lines)} lines; the commonest line stands in"
        f" {max(map(lines.count, set(lines[:3000]))) / len(texts):.2f} of traces"
    )


def speed() -> None:
    """Print traces a second on one core: median of five runs, side by side."""
    from synth.problems.gym import gym_config

    book, default, short = load_phrasebook("en"), style_target(), style_target(dials=SHORT)
    problems = load_problems("arith:train", 2000)
    plans = [draw_plan(problem, default, book, generator("bench", problem.id)) for problem in problems[:500]]
    chains = gym_config("chain_sum", {})

    def rendered(arm: str, target: object = default, n: int = 1000) -> Callable[[], int]:
        rendering = Rendering(parse_arms([arm]), book, target, 0)  # type: ignore[arg-type]
        return lambda: sum(len(row[arm].trace.split()) for row in rendering.rows(problems[:n]))

    def generated() -> int:
        return sum(
            len(problem.question.split())
            for problem in itertools.islice(iter_problems("arith:train", 2000), 2000)
        )

    def gym(name: str, n: int) -> Callable[[], int]:
        from synth.problems.gym import gym as items

        split, rest = chains if name == "chain_sum" else gym_config(name, {})
        return lambda: sum(
            len(problem.question.split()) for problem in itertools.islice(items(split, 0, *rest), n)
        )

    jobs: dict[str, tuple[int, Callable[[], int]]] = {
        "arith: problems alone": (2000, generated),
        "reasoning-gym chain_sum: problems alone": (500, gym("chain_sum", 500)),
        "reasoning-gym gsm_symbolic: problems alone": (500, gym("gsm_symbolic", 500)),
        **{f"arm {arm}": (1000, rendered(arm)) for arm in (*ARMS, *DOSES)},
        f"arm hc, {SHORT['trace_words']:.0f} words asked for": (1000, rendered("hc", short)),
        "Jinja alone, the text of hc from the sentences of its plan": (
            500,
            lambda: sum(len(text.split()) for text in map(_by_jinja, plans)),
        ),
    }
    gc.freeze()  # as the command does
    times: dict[str, list[float]] = {name: [] for name in jobs}
    words: dict[str, int] = {}
    for _ in range(5):
        for name, (_, job) in jobs.items():
            start = time.perf_counter()
            words[name] = job()
            times[name].append(time.perf_counter() - start)
    print(f"{'items a second, one core':62s} {'median':>8s} {'range':>17s} {'words':>6s}")
    for name, (n, _) in jobs.items():
        rates = sorted(n / one for one in times[name])
        print(
            f"{name:62s} {statistics.median(rates):8,.0f} {f'{rates[0]:,.0f} to {rates[-1]:,.0f}':>17s}"
            f" {words[name] / n:6.0f}"
        )


_TEMPLATE = jinja2.Environment(autoescape=False).from_string(  # noqa: S701 (plain text, no page)
    "{% for line in lines %}{{ line.mark }}{% for s in line.sentences %}{% if s.lead %}{{ s.lead }} {% endif"
    " %}{% if s.before %}{{ s.before }} {% endif %}{{ s.text }} {% endfor %}\n\n{% endfor %}"
)


def _by_jinja(plan: TracePlan) -> str:
    return _TEMPLATE.render(lines=plan.lines)


def memory() -> None:
    """Print the peak memory and time of whole builds of a thousand and a million rows,
    each in a process of its own.
    """
    for rows in (1_000, 1_000_000):
        start = time.perf_counter()
        done = subprocess.run(
            [sys.executable, "-m", "benchmarks.synthesis", "build", str(rows)],
            capture_output=True,
            text=True,
            check=True,
        )
        peak, size = json.loads(done.stdout.splitlines()[-1])
        elapsed = time.perf_counter() - start
        print(
            f"{rows:>9,} rows of hc ({SHORT['trace_words']:.0f} words asked for): peak memory {peak:.0f} MiB,"
            f" file {size:.0f} MiB, {elapsed:.0f} s",
            flush=True,
        )


def build(rows: int) -> None:
    """Build one data set and print the peak memory of this process and the size of the file, in MiB."""
    with tempfile.TemporaryDirectory() as folder:
        out = synth("arith:train", ["hc"], Path(folder), rows, dials=SHORT, decontaminate=False)["hc"]
        size = (out / "train.parquet").stat().st_size / 2**20
    print(json.dumps([resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**10, size]))


def main() -> None:
    """Run the parts named."""
    parts = sys.argv[1:]
    if parts[:1] == ["build"]:
        build(int(parts[1]))
        return
    known = ("style", "speed", "memory")
    named = [part for part in parts if part in known] or list(known)
    folders = [Path(part) for part in parts if part not in known]
    if "style" in named and folders and folders[0].is_dir():
        style(folders[0])
    elif "style" in named:
        print(
            "style left out: it needs real problems and traces, and there are none in"
            f" {folders[0] if folders else 'no folder that was named'}"
        )
    if "speed" in named:
        speed()
    if "memory" in named:
        memory()


if __name__ == "__main__":
    main()
