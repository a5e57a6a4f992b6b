#!/usr/bin/env bash
# Writing with an adapter, on a processor: the pass that reads the prompts multiplies by a copy of the output layer for each row of the batch.
# peft freezes the base model's weights; transformers' generate asks for the last token's logits alone, a slice whose rows lie apart in memory; and where
# neither side of a product wants a gradient, torch does not fold such rows into one matrix, but expands the weights. The same model with weights that want
# a gradient, in the same pass without gradients, takes one product. A model of chance weights with the widths of SmolLM2-135M, one layer.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" install --quiet torch==2.13.0 transformers==5.23.0 tokenizers==0.23.3 peft==0.21.2 accelerate==1.15.0
cd "$dir"

cat >probe.py <<'EOF'
import resource
import sys
import time
from importlib.metadata import version

import torch
from peft import LoraConfig, get_peft_model
from torch.utils._python_dispatch import TorchDispatchMode
from transformers import LlamaConfig, LlamaForCausalLM

VOCABULARY, ROWS = 49_152, 16


class Products(TorchDispatchMode):
    """Notes the products whose result is as wide as the vocabulary."""

    def __torch_dispatch__(self, function, types, given=(), named=None):
        result = function(*given, **(named or {}))
        if function.overloadpacket in (torch.ops.aten.mm, torch.ops.aten.bmm) and result.shape[-1] == VOCABULARY:
            seen.append((function.overloadpacket.__name__, tuple(given[1].shape)))
        return result


def gigabytes():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6


torch.manual_seed(0)
config = LlamaConfig(
    vocab_size=VOCABULARY, hidden_size=576, intermediate_size=1536, num_hidden_layers=1, num_attention_heads=9, num_key_value_heads=3
)
model = get_peft_model(LlamaForCausalLM(config).to(torch.bfloat16), LoraConfig(target_modules=["q_proj"], task_type="CAUSAL_LM")).eval()
head = model.get_output_embeddings().weight
prompts = torch.randint(VOCABULARY, (ROWS, 32))
print(f"versions: torch {version('torch')}, transformers {version('transformers')}, peft {version('peft')}")
print("expected: whether a weight wants a gradient changes nothing in a pass without gradients: one product of 16 rows by 576 x 49,152")
found = {}
for frozen in (False, True):
    head.requires_grad_(not frozen)
    took = []
    for _ in range(3):
        seen, began = [], time.perf_counter()
        with Products():
            model.generate(input_ids=prompts, attention_mask=torch.ones_like(prompts), max_new_tokens=1, do_sample=False, pad_token_id=0)
        took.append(time.perf_counter() - began)
    found[frozen] = seen
    state = "frozen, as peft leaves it" if frozen else "wanting a gradient       "
    print(f"seen: {state}: {seen}, {1000 * min(took):.0f} ms for a token each, {gigabytes():.2f} GB at most")
sys.exit(found != {False: [("mm", (576, VOCABULARY))], True: [("bmm", (ROWS, 576, VOCABULARY))]})
EOF
HF_HUB_OFFLINE=1 venv/bin/python probe.py
