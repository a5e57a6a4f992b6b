"""What style-hf's fused adapters change and save, beside the same adapters computed by peft.

    python -m benchmarks.fused_adapters MODEL ADAPTER [ADAPTER …] [--items 48] [--tokens 100]

For each adapter: the largest relative error that fusing brings to what one layer puts out (which decides
whether it is used), that of the whole model's scores of the same eight tokens (which does not), and the time
of writing responses to word problems in either way, in turn.
"""

import argparse
import statistics
import time
from typing import Any
from unittest.mock import patch

import torch

from benchmarks.decoding import requests
from harness_ext.backends.lm_eval import style_hf_model
from harness_ext.backends.lm_eval.hf_model import prepare
from harness_ext.backends.style_hf import fused_linear
from harness_ext.scoring.documents import documents

_ROUNDS = 2


def opened(model: str, adapter: str, fused: bool) -> tuple[Any, float]:
    """Return the model with its adapter, fused or not, and the largest error of a layer."""
    errors = [0.0]
    judged = fused_linear._error

    def noted(*given: Any) -> float:
        errors.append(judged(*given))
        return errors[-1]

    arguments: dict[str, Any] = {"pretrained": model, "peft": adapter, "device": "cpu"}
    prepare(arguments)
    way = fused_linear.fuse if fused else lambda _: fused_linear.Fused()
    with patch.object(fused_linear, "_error", noted), patch.object(style_hf_model, "fuse", way):
        return style_hf_model.StyleHF(**arguments), max(errors)


def main() -> None:
    """Print a table with a row an adapter."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("model")
    parser.add_argument("adapters", nargs="+")
    parser.add_argument("--items", type=int, default=48)
    parser.add_argument("--tokens", type=int, default=100)
    given = parser.parse_args()
    prompts = [one["prompt"] for one in list(documents(evaluation_set="arith_short")["test"])[: given.items]]
    print("| adapter | error of a layer | error of the scores | fused | by peft | times as fast |")
    print("|---|---|---|---|---|---|")
    for adapter in given.adapters:
        (fused, error), (plain, _) = (opened(given.model, adapter, way) for way in (True, False))
        tokens = torch.arange(8)[None]
        with torch.no_grad():
            one, other = (each._lean(input_ids=tokens).logits.float() for each in (fused, plain))
        off = float((one - other).norm() / other.norm())
        times: dict[bool, list[float]] = {True: [], False: []}
        asked = requests(plain, prompts, given.tokens)
        for _ in range(_ROUNDS):
            for way, each in ((True, fused), (False, plain)):
                began = time.perf_counter()
                each.generate_until(asked(), disable_tqdm=True)
                times[way].append(time.perf_counter() - began)
        ours, theirs = (statistics.median(times[way]) for way in (True, False))
        used = "" if fused._fused.groups else f" (not used: {fused._fused.note})"
        print(
            f"| {adapter} | {error:.2%}{used} | {off:.1%} | {ours:.1f} s | {theirs:.1f} s |"
            f" {theirs / ours:.2f} |",
            flush=True,
        )


if __name__ == "__main__":
    main()
