"""Compares runs item by item and says what the differences support."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from harness_ext.compare.between_seeds import PooledSeeds, check_between_seeds, pool_of, pooled_seeds
from harness_ext.compare.conditions import Condition, baselines, conditions, read_by
from harness_ext.compare.equal_learnability import equal_learnability, read_measured
from harness_ext.compare.hypotheses import judge
from harness_ext.compare.hypotheses_file import Claims
from harness_ext.compare.metric import metric_notes, of_metric, with_accuracy
from harness_ext.compare.pairing import Key, Pair, draws_of, label, metric_of, paired, scores_of
from harness_ext.compare.report import AcrossFamilies, Comparison, ConditionOnTask, Report
from harness_ext.compare.same_task import answers_note, data_notes, difference_notes
from harness_ext.compare.shares import shares
from harness_ext.compare.style import style_effects, style_means
from harness_ext.compare.watched_pairs import WHY, stopped_notes
from harness_ext.runs.run_folder import load_runs
from harness_ext.runs.stopped import stopped_early
from harness_ext.stats import (
    Effect,
    PairedCounts,
    Result,
    SeedPool,
    Settlement,
    Verdict,
    accuracy_interval,
    benjamini_hochberg,
    cochran_q,
    decide,
    effect_of_families,
    effect_of_parts,
    holm,
    items_to_settle,
    matched_odds_ratio,
    mcnemar_exact,
    posterior_difference,
    random_effects,
    right,
    sign_test,
    tost_counts,
    variance_split,
)
from synth.errors import StylerepError
from synth.processes.workers import Workers, processor_cores
from synth.progress import each, turn_to

ALPHA = 0.05
_WORTH_PROCESSES = 200_000
"""How many pairs of items all comparisons have from which on several processes are faster than one."""


def compare(
    folders: Sequence[Path],
    baseline: Path | str | None = None,
    margin: float = 0.05,
    *,
    by: str = "family,arm,task",
    metric: str | None = None,
    partial: bool = False,
    claims: Claims | None = None,
    alpha: float = ALPHA,
    seed: int = 0,
    learnability: Sequence[Path] = (),
    lacking: Collection[str] = (),
    between_seeds: str | None = None,
) -> Report:
    """Compare run folders with a baseline on every task they share.

    Runs are paired on (task, filter, document hash). Those of one base model and arm whose seeds differ are
    one condition; *by* says what rows are told apart by. *baseline* is a run's folder, or an arm; the arm of
    the first run if left out. Verdicts are corrected by Holm over all comparisons, or, where *claims* are
    declared, by Holm over the claims and by Benjamini and Hochberg over the comparisons.
    *lacking* are arms that claims may name although there are no runs of them. *between_seeds* says where
    the spread between seeds is taken from: ``each`` comparison alone, the default, or ``pooled`` over all
    trained arms (`harness_ext.stats.pooled_seeds`); claims say so themselves.
    *seed* is that of resampling. *learnability* are tables of that verb: differences are then told at equal
    surprisal too. *metric* is what accuracy is in every task that has it; else, and if left
    out, see `harness_ext.runs.accuracy`. Raises StylerepError where a run cannot be read, no task is shared,
    two runs hold different items of a task (the hashes are named;
    *partial* compares the items they share), or the metric of a task cannot be told or is not the same in all
    runs.
    """
    if not 0 < margin < 1:
        raise StylerepError(f"The margin is a difference of accuracies between 0 and 1, got {margin}.")
    if not 0 < alpha < 0.5:
        raise StylerepError(f"Alpha lies between 0 and 0.5, got {alpha}.")
    declared = claims.between_seeds if claims else None
    choice = check_between_seeds(between_seeds, declared, claims.path.name if claims else "")
    rows = read_by(by)
    given: dict[Path, Path] = {}
    for folder in (*folders, *([Path(baseline)] if baseline is not None and Path(baseline).is_dir() else [])):
        given.setdefault(folder.resolve(), folder)
    if len(given) < 2:
        raise StylerepError("A comparison needs two different run folders.")
    measured = read_measured(learnability)
    with Workers(processor_cores()) as workers:
        runs, notes = with_accuracy(load_runs(list(given.values()), workers), metric)
        found = conditions(runs, rows)
        report = _report(
            found, notes, baseline, margin, rows, partial, claims, alpha, seed, workers, lacking, choice
        )
    if not learnability:
        return report
    equal = equal_learnability(report.comparisons, report.cells, found, measured, 1 - alpha)
    return replace(report, learnability=equal)


def _report(
    found: list[Condition],
    notes: list[str],
    baseline: Path | str | None,
    margin: float,
    rows: Sequence[str],
    partial: bool,
    claims: Claims | None,
    alpha: float,
    seed: int,
    workers: Workers,
    lacking: Collection[str],
    between_seeds: str,
) -> Report:
    chosen = baselines(found, baseline)
    if not chosen:
        raise StylerepError(
            "There is nothing to compare: all runs are of one arm, and differ in their seeds alone; tell them"
            " apart with --by arm,seed,task."
        )
    named = {one.name: one for one in found}
    pools = pooled_seeds(found) if between_seeds == "pooled" else {}
    pairs = [
        (named[name], base, pair)
        for name, base in chosen.items()
        for pair in _pairs(named[name], base, partial, pools)
    ]
    if sum(len(pair.items) for *_, pair in pairs) < _WORTH_PROCESSES:
        workers = Workers()
    correction = "bh" if claims else "holm"
    across = _across(pairs, rows, margin, alpha, correction)
    comparisons = (
        []
        if across and "family" not in rows
        else _compared(pairs, rows, margin, alpha, correction, seed, workers)
    )
    turn_to("summing up runs")
    return Report(
        cells=[
            _cell(one, key, pool_of(pools, key))
            for one in _in_order(found, chosen)
            for key in one.tasks
            if _is_compared(key, one, pairs)
        ],
        comparisons=comparisons,
        families=across,
        shares=shares(found, partial, seed, workers),
        omnibus=_omnibus(found, partial),
        judgement=judge(claims, found, partial, lacking, pools) if claims else None,
        notes=[
            *notes,
            *metric_notes(found, list(dict.fromkeys(pair.key for *_, pair in pairs))),
            *_notes(pairs),
            *data_notes(found),
        ],
        between_seeds=between_seeds,
        seed_pools=list(pools.values()),
    )


def _pairs(one: Condition, base: Condition, partial: bool, pools: Mapping[Key, PooledSeeds]) -> list[Pair]:
    shared = [key for key in base.tasks if key in one.tasks]
    if not shared:
        raise StylerepError(f"{one.runs[0].folder} and {base.runs[0].folder} share no task.")
    return [paired(one, base, key, partial, pool_of(pools, key)) for key in shared]


def _in_order(found: Sequence[Condition], chosen: dict[str, Condition]) -> list[Condition]:
    """Return baselines before what is compared with them, else the order given."""
    bases = list(dict.fromkeys(base.name for base in chosen.values()))
    return sorted(found, key=lambda one: bases.index(one.name) if one.name in bases else len(bases))


def _is_compared(key: Key, one: Condition, pairs: Sequence[tuple[Condition, Condition, Pair]]) -> bool:
    return any(pair.key == key and one.name in (first.name, second.name) for first, second, pair in pairs)


def _compared(
    pairs: Sequence[tuple[Condition, Condition, Pair]],
    by: Sequence[str],
    margin: float,
    alpha: float,
    correction: str,
    seed: int,
    workers: Workers,
) -> list[Comparison]:
    """Return the comparisons that rows are asked for: by task or over all of them;
    over families is the summary's part.
    """
    if "task" in by:
        drafts = [(one, base, label(pair.key), pair.effect(), [pair]) for one, base, pair in pairs]
    else:
        if stopped := next((pair for *_, pair in pairs if pair.watched), None):
            raise StylerepError(
                f"A run of {label(stopped.key)} stopped early, so that tasks can't be taken together: {WHY};"
                " let --by name task."
            )
        together: dict[str, list[tuple[Condition, Condition, Pair]]] = {}
        for one, base, pair in pairs:
            together.setdefault(one.name, []).append((one, base, pair))
        drafts = [
            (
                part[0][0],
                part[0][1],
                f"{len(part)} tasks",
                effect_of_parts([pair.effect() for *_, pair in part]),
                [pair for *_, pair in part],
            )
            for part in together.values()
        ]
    adjusted = _adjusted([effect for *_, effect, _ in drafts], correction)
    verdicts = [decide(effect, p, margin, alpha) for (*_, effect, _), p in zip(drafts, adjusted, strict=True)]
    counts = [taken[0].counts() if len(taken) == 1 else None for *_, taken in drafts]
    tables = [(one, verdict, margin, alpha) for one, verdict in zip(counts, verdicts, strict=True)]
    found = [
        _comparison(
            one, base, task, effect, taken, p, correction, len(drafts), margin, alpha, verdict, by_counts
        )
        for (one, base, task, effect, taken), p, verdict, by_counts in zip(
            drafts,
            adjusted,
            verdicts,
            each(workers.each(_by_counts, tables), "comparing", len(tables), "pairs of runs"),
            strict=True,
        )
    ]
    alone = [place for place, (*_, taken) in enumerate(drafts) if len(taken) == 1 and not taken[0].watched]
    for place, styles in zip(
        alone, style_effects([drafts[place][-1][0] for place in alone], seed, workers), strict=True
    ):
        found[place] = replace(found[place], style=tuple(styles))
    p_styles = iter(
        benjamini_hochberg(
            [1.0 if effect.mean.p is None else effect.mean.p for one in found for effect in one.style]
        )
    )
    return [
        replace(one, style=tuple(replace(effect, p_adjusted=next(p_styles)) for effect in one.style))
        for one in found
    ]


def _adjusted(effects: Sequence[Effect], correction: str) -> list[float]:
    p_values = [1.0 if effect.p is None else effect.p for effect in effects]
    return holm(p_values) if correction == "holm" else benjamini_hochberg(p_values)


def _by_counts(
    table: tuple[PairedCounts | None, Verdict, float, float],
) -> tuple[tuple[Result, ...], Settlement | None]:
    """Return what other methods say of a 2×2 table, and how many items would settle a verdict,
    from table, verdict, margin and alpha.
    """
    counts, verdict, margin, alpha = table
    if counts is None:
        return (), None
    exact = Result(
        counts.difference,
        None,
        mcnemar_exact(counts),
        counts.n,
        "mcnemar-exact",
        {"b": counts.first, "c": counts.second},
    )
    beside = (
        exact,
        tost_counts(counts, margin, alpha),
        tost_counts(counts, margin, alpha, "tango"),
        posterior_difference(counts, 1 - alpha, margin),
        matched_odds_ratio(counts, 1 - alpha),
    )
    return beside, items_to_settle(counts, margin, alpha) if verdict is Verdict.INCONCLUSIVE else None


def _comparison(
    one: Condition,
    base: Condition,
    task: str,
    effect: Effect,
    taken: Sequence[Pair],
    p: float,
    correction: str,
    tests: int,
    margin: float,
    alpha: float,
    verdict: Verdict,
    by_counts: tuple[tuple[Result, ...], Settlement | None],
) -> Comparison:
    beside, settlement = by_counts
    pair = taken[0] if len(taken) == 1 else None
    variance = None
    if not beside and pair and len(pair.first) > 1 and len(pair.items) > 1:
        first, second = pair.values()
        variance = variance_split(first - second)
    metric = _together(taken)
    result = _with_draws(effect.result(1 - alpha), taken)
    return Comparison(
        run=one.name,
        baseline=base.name,
        model=one.model,
        family=one.family,
        arm=one.arm,
        task=task,
        result=result,
        equivalence=effect.at_level(1 - 2 * alpha) if effect.at_level else None,
        p_adjusted=p,
        correction=correction,
        tests=tests,
        margin=margin,
        verdict=verdict,
        left_out=sum(one.left_out for one in taken),
        beside=tuple(of_metric(result, metric) for result in beside),
        settlement=settlement,
        variance=variance,
        metric=metric,
    )


def _with_draws(result: Result, pairs: Sequence[Pair]) -> Result:
    """Return the result with the draws of an item in the first and in the second runs among its settings, and
    so in its signature, where any has several.
    """
    first, second = (
        sorted({draws_of(run, pair.key) or 1 for pair in pairs for run in getattr(pair, side)})
        for side in ("first", "second")
    )
    if first == second == [1]:
        return result
    draws = ":".join("+".join(map(str, counts)) for counts in (first, second))
    return replace(result, settings={**result.settings, "draws": draws})


def _together(pairs: Sequence[Pair]) -> str:
    return "+".join(dict.fromkeys(pair.metric for pair in pairs))


def _across(
    pairs: Sequence[tuple[Condition, Condition, Pair]],
    by: Sequence[str],
    margin: float,
    alpha: float,
    correction: str,
) -> list[AcrossFamilies]:
    """Summarise over families every arm that two or more have, by task or over all: one effect a family, the
    mean of those of its models (and tasks).
    """
    effects: dict[tuple[str, str], dict[str, list[Effect]]] = {}
    taken: dict[tuple[str, str], list[Pair]] = {}
    for one, base, pair in pairs:
        if one.family and base.model == one.model and not pair.watched:
            cell = (one.arm, label(pair.key) if "task" in by else "all tasks")
            effects.setdefault(cell, {}).setdefault(one.family, []).append(pair.effect())
            taken.setdefault(cell, []).append(pair)
    drafts = []
    for (arm, task), found in effects.items():
        means = {family: effect_of_parts(members, share_items=True) for family, members in found.items()}
        sure = [(family, effect.estimate, effect.error) for family, effect in means.items() if effect.error]
        if len(sure) > 1:
            drafts.append(
                (
                    arm,
                    task,
                    tuple(family for family, _, _ in sure),
                    [estimate for _, estimate, _ in sure],
                    [error for *_, error in sure],
                )
            )
    summaries = [effect_of_families(estimates, errors) for *_, estimates, errors in drafts]
    adjusted = _adjusted(summaries, correction)
    return [
        AcrossFamilies(
            arm=arm,
            task=task,
            families=families,
            summary=random_effects(estimates, errors, 1 - alpha),
            equivalence=effect.at_level(1 - 2 * alpha) if effect.at_level else None,
            p_adjusted=p,
            correction=correction,
            tests=len(drafts),
            margin=margin,
            verdict=decide(effect, p, margin, alpha),
            signs=sign_test(estimates),
            metric=_together(taken[arm, task]),
        )
        for (arm, task, families, estimates, errors), effect, p in zip(
            drafts, summaries, adjusted, strict=True
        )
    ]


def _cell(one: Condition, key: Key, pool: SeedPool | None) -> ConditionOnTask:
    first, *others = (run.tasks[key] for run in one.runs)
    shared = [item for item in first if all(item in other for other in others)] if others else list(first)
    values = np.array([scores_of(run, key, shared) for run in one.runs])
    style = style_means(one.runs, key, shared)
    counts = [draws_of(run, key) or 1 for run in one.runs]
    draws = min(counts) if max(counts) > 1 else None
    return ConditionOnTask(
        one.name,
        one.model,
        one.family,
        one.arm,
        len(one.runs),
        label(key),
        len(shared),
        float(values.mean()),
        (
            None
            if any(stopped_early(run.manifest, key[0]) for run in one.runs)
            else accuracy_interval(values, draws=draws, pool=pool)
        ),
        style,
        metric_of(one.runs[0], key),
        draws,
    )


def _omnibus(found: Sequence[Condition], partial: bool) -> list[tuple[str, str, Result]]:
    """Return (model, task, Cochran's Q) wherever a model has three or more arms of one run each on a task."""
    results = []
    models: dict[str, list[Condition]] = {}
    for one in found:
        if len(one.runs) == 1:
            models.setdefault(one.model, []).append(one)
    for model, arms in models.items():
        for key in arms[0].tasks:
            runs = [
                one.runs[0]
                for one in arms
                if key in one.runs[0].tasks and not stopped_early(one.runs[0].manifest, key[0])
            ]
            if not runs:
                continue
            sets = [set(run.tasks[key]) for run in runs]
            items = set.intersection(*sets)
            if len(runs) < 3 or len(items) < 2 or (not partial and any(one != sets[0] for one in sets)):
                continue
            answers = right(np.column_stack([scores_of(run, key, sorted(items)) for run in runs]))
            if answers is not None:
                results.append((model, label(key), of_metric(cochran_q(answers), metric_of(runs[0], key))))
    return results


def _notes(pairs: Sequence[tuple[Condition, Condition, Pair]]) -> list[str]:
    """Say what a reader must know to trust the pairs: items left out, and what differs beside the arms."""
    notes = []
    for one, base, pair in pairs:
        where = f"{one.name} and {base.name}, {label(pair.key)}"
        if pair.watched:
            notes += stopped_notes((*pair.first, *pair.second), pair.key)
        elif pair.left_out:
            notes.append(
                f"{where}: {pair.left_out} items that only one of them has are left out; {len(pair.items)}"
                " are paired."
            )
        if answers := answers_note((*pair.first, *pair.second), pair.key, pair.items):
            notes.append(f"{where}: {answers}.")
    together: dict[tuple[str, str], tuple[Condition, Condition, list[Key]]] = {}
    for one, base, pair in pairs:
        together.setdefault((one.name, base.name), (one, base, []))[2].append(pair.key)
    return [*dict.fromkeys(notes), *difference_notes(list(together.values()))]
