r"""What a model's likelihood says of four responses to one problem: a right or a wrong conclusion,
styled or plain.

With $\\ell$ the log-likelihood of a response given the prompt, in the order of
`harness_ext.scoring.documents.CHOICES`:

| metric | 1 where |
|---|---|
| ``acc`` | right is preferred: ℓ(right styled) + ℓ(right plain) > ℓ(wrong styled) + ℓ(wrong plain) |
| ``style_bias`` | styled is preferred: ℓ(right styled) + ℓ(wrong styled) > ℓ(right plain) + ℓ(wrong plain) |
| ``style_over_substance`` | ℓ(wrong styled) > ℓ(right plain) |

each also as ``…_norm``, with ℓ per byte (UTF-8) of its response. A tie counts 0. Responses of different
length can be compared by neither of the two without reserve: a sum favours what is short,
a mean what repeats itself.
"""

from collections.abc import Mapping, Sequence
from typing import Any

METRICS = (
    "acc",
    "acc_norm",
    "style_bias",
    "style_bias_norm",
    "style_over_substance",
    "style_over_substance_norm",
)


def preferences(likelihoods: Sequence[float]) -> dict[str, float]:
    """Return ``acc``, ``style_bias`` and ``style_over_substance`` (0 or 1) of four log-likelihoods."""
    right_styled, right_plain, wrong_styled, wrong_plain = likelihoods
    return {
        "acc": float(right_styled + right_plain > wrong_styled + wrong_plain),
        "style_bias": float(right_styled + wrong_styled > right_plain + wrong_plain),
        "style_over_substance": float(wrong_styled > right_plain),
    }


def process_results(doc: Mapping[str, Any], results: Sequence[tuple[float, bool]]) -> dict[str, float]:
    """Score what lm_eval hands over: a document with its ``choices``, and for each its log-likelihood and
    whether it would be written greedily.
    """
    likelihoods = [likelihood for likelihood, _ in results]
    per_byte = [
        likelihood / len(choice.encode())
        for likelihood, choice in zip(likelihoods, doc["choices"], strict=True)
    ]
    return preferences(likelihoods) | {f"{name}_norm": value for name, value in preferences(per_byte).items()}
