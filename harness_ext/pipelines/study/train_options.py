"""The options of stylerep distill for each arm of a study: some arms are trained in a way of their own."""

from collections.abc import Mapping
from typing import Any

from distill.training.loss_on import is_on_policy, taught_arm
from distill.training.opd.settings import METHOD, NAMES

ON_POLICY = tuple(name.replace("_", "-") for name in NAMES)
"""The options that only on-policy distillation has."""


def train_options(options: Mapping[str, Any], arm: str) -> dict[str, Any]:
    """Return the options of a study's `train` for one arm: ``hc_opd`` is trained on-policy, and the options
    of that go to no other; ``hc_on_steps`` counts the steps.
    """
    if is_on_policy(arm):
        return {**options, "method": METHOD}
    rest = {name: value for name, value in options.items() if name not in ON_POLICY}
    loss_on = taught_arm(arm)[1]
    return rest if loss_on == "all" else {**rest, "loss-on": loss_on}
