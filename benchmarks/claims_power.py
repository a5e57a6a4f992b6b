"""How likely a study is to settle each of its claims, if a pilot's accuracies are the true ones.

    python -m benchmarks.claims_power studies/families.yaml benchmarks/families_pilot.yaml [--draws 1000]
        [--seeds 4] [--items 200] [--between-seeds pooled] [--seed-sd 0.4] [--thrice hc] [--thrice MODEL]

An item is as hard for every arm; trainings differ by a normal number, both in logits. Each draw is judged as
`stylerep compare --claims` judges runs: several seeds as draws from many, their spread taken from each
comparison alone or pooled over all arms, as the study says or --between-seeds; Holm over the claims, a claim
not across families only if it holds in each. --seed-sd replaces the pilot's standard deviation between
trainings, and with --thrice that of an arm's, or of a model's, is three times as large.
"""

import argparse
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import yaml

from benchmarks.logits import centre
from harness_ext.pipelines.study.file import load_study
from harness_ext.stats import SeedPool, pool_seeds
from harness_ext.stats.effect import Effect, effect_of_families, effect_of_runs
from harness_ext.stats.multiple import holm

ALPHA = 0.05
Outcomes = dict[str, npt.NDArray[np.float64]]


def draw(
    centres: Mapping[str, float],
    spreads: Mapping[str, float],
    between_items: float,
    seeds: int,
    items: int,
    generator: Any,
) -> Outcomes:
    """Return right (1) or wrong (0) for each arm of one model: (seeds, items), of base (1, items)."""
    hard = generator.normal(0, between_items, items)
    found = {}
    for arm, middle in centres.items():
        trainings = 1 if arm == "base" else seeds
        shifts = generator.normal(0, spreads[arm], (trainings, 1))
        chance = 1 / (1 + np.exp(-(middle + shifts + hard)))
        found[arm] = (generator.random(chance.shape) < chance).astype(float)
    return found


def effect(outcomes: Outcomes, arms: list[str], pool: SeedPool | None) -> Effect:
    """Return the difference of two arms; base, of which there is one run, stands beside each seed."""
    one, two = (outcomes[arm] for arm in arms)
    count = max(len(one), len(two))
    return effect_of_runs(np.repeat(one, count // len(one), 0), np.repeat(two, count // len(two), 0), pool)


def p_of(claim: Mapping[str, Any], models: Sequence[Outcomes], margin: float, pool: SeedPool | None) -> float:
    """Return the p of a claim: of the mean over families, or the largest over models."""
    kind = "better" if "better" in claim else "noninferior"
    effects = [effect(one, claim[kind], pool) for one in models]
    if claim.get("across") == "families":
        effects = [
            effect_of_families([one.estimate for one in effects], [one.error or 1e-9 for one in effects])
        ]
    if kind == "noninferior":
        return max(one.p_above(-claim.get("margin", margin)) for one in effects)
    return max(1.0 if one.p is None or one.estimate <= 0 else one.p for one in effects)


def main() -> None:
    """Read the command line and print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("study", type=Path)
    parser.add_argument("pilot", type=Path)
    parser.add_argument("--draws", type=int, default=1000)
    parser.add_argument("--seeds", type=int, help="in place of the study's")
    parser.add_argument("--items", type=int, help="in place of the study's")
    parser.add_argument("--between-seeds", choices=("each", "pooled"), help="in place of the study's")
    parser.add_argument("--seed-sd", type=float, help="between trainings, in logits, in place of the pilot's")
    parser.add_argument("--thrice", action="append", default=[], help="an arm or a model; may be repeated")
    given = parser.parse_args()
    study, pilot = load_study(given.study), yaml.safe_load(given.pilot.read_text(encoding="utf-8"))
    seeds, items = given.seeds or len(study.seeds), given.items or int(study.evaluate["limit"])
    way = given.between_seeds or study.between_seeds
    usual = pilot["between_seeds"] if given.seed_sd is None else given.seed_sd
    between_items, accuracies = float(pilot["between_items"]), pilot["accuracies"]
    if unknown := set(given.thrice) - {*accuracies, *study.arms}:
        parser.error(f"--thrice: no arm or model is called {min(unknown)}")
    spreads = [
        {arm: usual * (3 if {arm, model} & set(given.thrice) else 1) * (arm != "base") for arm in by_arm}
        for model, by_arm in accuracies.items()
    ]
    centres = [
        {arm: centre(share, float(np.hypot(between_items, spread[arm]))) for arm, share in by_arm.items()}
        for by_arm, spread in zip(accuracies.values(), spreads, strict=True)
    ]
    generator, met, counts = np.random.default_rng(0), Counter[str](), []
    for _ in range(given.draws):
        models = [
            draw(one, spread, between_items, seeds, items, generator)
            for one, spread in zip(centres, spreads, strict=True)
        ]
        trained = [one[arm] for one in models for arm in study.arms]
        pool = pool_seeds(trained) if way == "pooled" else None
        adjusted = holm([p_of(claim, models, study.margin, pool) for claim in study.claims])
        shown = [claim["name"] for claim, p in zip(study.claims, adjusted, strict=True) if p <= ALPHA]
        met.update(shown)
        counts.append(len(shown) / len(study.claims))
    told = f", three times that for {', '.join(given.thrice)}" if given.thrice else ""
    print(
        f"{given.draws} draws of {seeds} seeds and {items} items, spread between seeds: {way}; trainings"
        f" differ by {usual:g} logits{told}:\n\n| claim | met |\n|---|---|"
    )
    for claim in study.claims:
        print(f"| {claim['name']} | {met[claim['name']] / given.draws:.0%} |")
    print(
        f"\nAt least 80 % of the claims are met in {np.mean(np.array(counts) >= 0.8):.1%} of draws,"
        f" {np.mean(counts):.0%} on average."
    )


if __name__ == "__main__":
    main()
