"""How much faster ``style-hf`` writes several draws of each item together than one after the other.

    python -m benchmarks.several_draws smollm2-135m-instruct [--items 8] [--draws 8] [--tokens 32]

In one process and with one loaded model: *draws* separate runs of one draw an item, each with its own seed,
and one run of all draws, in turn. Both are timed in processor time (user and system), loading left out.
"""

import argparse
import itertools
import time
from typing import Any

import torch
from lm_eval.api.instance import Instance

from harness_ext.backends.lm_eval.hf_model import prepare
from harness_ext.backends.lm_eval.style_hf_model import StyleHF
from harness_ext.scoring.documents import task_documents


def main() -> None:
    """Print both times and how they compare."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("model")
    parser.add_argument("--task", default="style_arith_short")
    parser.add_argument("--items", type=int, default=8)
    parser.add_argument("--draws", type=int, default=8)
    parser.add_argument("--tokens", type=int, default=32)
    given = parser.parse_args()
    arguments: dict[str, Any] = {"pretrained": given.model, "device": "cpu", "dtype": "float32"}
    prepare(arguments)
    model = StyleHF(**arguments)
    documents = [document for _, document in itertools.islice(task_documents(given.task), given.items)]
    prompts = [model.apply_chat_template([{"role": "user", "content": one["prompt"]}]) for one in documents]
    settings = {"until": [], "do_sample": True, "temperature": 0.8, "max_gen_toks": given.tokens}

    def write(draws: int, seed: int) -> float:
        torch.manual_seed(seed)
        asked = [prompt for prompt in prompts for _ in range(draws)]
        requests = [Instance("generate_until", {}, (text, dict(settings)), n) for n, text in enumerate(asked)]
        began = time.process_time()
        model.generate_until(requests, disable_tqdm=True)
        return time.process_time() - began

    write(1, 0)  # what is done once
    together = write(given.draws, 1)
    separate = sum(write(1, seed) for seed in range(1, given.draws + 1))
    lengths = sorted(len(model.tok_encode(prompt)) for prompt in prompts)
    print(
        f"{given.model}, {given.items} items of {given.task}, prompts {lengths[0]} to {lengths[-1]} tokens,"
        f" {given.draws} draws, at most {given.tokens} tokens: {separate:.1f} s in separate runs,"
        f" {together:.1f} s together, {separate / together:.1f} times as fast; threads:"
        f" {torch.get_num_threads()}"
    )


if __name__ == "__main__":
    main()
