"""How likely a study is to settle each of its claims, if a pilot's accuracies are the true ones.

    python -m benchmarks.claims_power studies/families.yaml benchmarks/families_pilot.yaml [--draws 1000]

An item is as hard for every arm; trainings differ by a normal number, both in logits. Each draw is judged as
`stylerep compare --claims` judges runs: several seeds as draws from many, Holm over the claims, a claim not
across families only if it holds in each.
"""

import argparse
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import yaml
from scipy.optimize import brentq

from harness_ext.pipelines.study.file import load_study
from harness_ext.stats.effect import Effect, effect_of_families, effect_of_runs
from harness_ext.stats.multiple import holm

ALPHA = 0.05
Outcomes = dict[str, npt.NDArray[np.float64]]


def centre(accuracy: float, spread: float) -> float:
    """Return the mean of normal logits of standard deviation *spread* whose probabilities have a mean."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(40)
    weights = weights / weights.sum()
    return float(
        brentq(lambda mean: weights @ (1 / (1 + np.exp(-(mean + spread * nodes)))) - accuracy, -20, 20)
    )


def draw(
    centres: Mapping[str, float], pilot: Mapping[str, Any], seeds: int, items: int, generator: Any
) -> Outcomes:
    """Return right (1) or wrong (0) for each arm of one model: (seeds, items), of base (1, items)."""
    hard = generator.normal(0, pilot["between_items"], items)
    found = {}
    for arm, middle in centres.items():
        trainings = 1 if arm == "base" else seeds
        shifts = generator.normal(0, pilot["between_seeds"] if arm != "base" else 0, (trainings, 1))
        chance = 1 / (1 + np.exp(-(middle + shifts + hard)))
        found[arm] = (generator.random(chance.shape) < chance).astype(float)
    return found


def effect(outcomes: Outcomes, arms: list[str]) -> Effect:
    """Return the difference of two arms; base, of which there is one run, stands beside each seed."""
    one, two = (outcomes[arm] for arm in arms)
    count = max(len(one), len(two))
    return effect_of_runs(np.repeat(one, count // len(one), 0), np.repeat(two, count // len(two), 0))


def p_of(claim: Mapping[str, Any], models: list[Outcomes], margin: float) -> float:
    """Return the p of a claim: of the mean over families, or the largest over models."""
    kind = "better" if "better" in claim else "noninferior"
    effects = [effect(one, claim[kind]) for one in models]
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
    given = parser.parse_args()
    study, pilot = load_study(given.study), yaml.safe_load(given.pilot.read_text(encoding="utf-8"))
    seeds, items = given.seeds or len(study.seeds), given.items or int(study.evaluate["limit"])
    spread = float(np.hypot(pilot["between_items"], pilot["between_seeds"]))
    centres = [
        {arm: centre(share, spread) for arm, share in by_arm.items()}
        for by_arm in pilot["accuracies"].values()
    ]
    generator, met, counts = np.random.default_rng(0), Counter[str](), []
    for _ in range(given.draws):
        models = [draw(one, pilot, seeds, items, generator) for one in centres]
        adjusted = holm([p_of(claim, models, study.margin) for claim in study.claims])
        shown = [claim["name"] for claim, p in zip(study.claims, adjusted, strict=True) if p <= ALPHA]
        met.update(shown)
        counts.append(len(shown) / len(study.claims))
    print(f"{given.draws} draws of {seeds} seeds and {items} items:\n\n| claim | met |\n|---|---|")
    for claim in study.claims:
        print(f"| {claim['name']} | {met[claim['name']] / given.draws:.0%} |")
    print(
        f"\nAt least 80 % of the claims are met in {np.mean(np.array(counts) >= 0.8):.0%} of draws,"
        f" {np.mean(counts):.0%} on average."
    )


if __name__ == "__main__":
    main()
