#!/usr/bin/env bash
# TRL's SFTTrainer with the chat template of the DeepSeek-R1 distils: what the model is trained on has no reasoning in it, unless the loss is masked.
# The template drops all up to </think> from an assistant's turn. assistant_only_loss=True, which is about the loss, swaps in another template, which keeps it;
# that of DeepSeek-V3 has a swap too, which does not. A tiny random Llama; the templates are those that TRL carries; nothing but packages is downloaded.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" install --quiet trl==1.16.0 transformers==5.23.0 tokenizers==0.23.3 torch==2.13.0 accelerate==1.15.0 datasets==5.2.0
cd "$dir"
export HF_HOME="$dir/cache" HF_HUB_OFFLINE=1 HF_DATASETS_DISABLE_PROGRESS_BARS=1

cat >probe.py <<'EOF'
import sys
from importlib.metadata import version
from importlib.resources import files

from datasets import Dataset
from tokenizers import Tokenizer, decoders, models, pre_tokenizers
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast
from trl import SFTConfig, SFTTrainer


def learnt(template, row, masked):
    """Return the text that the loss is taken over."""
    core = Tokenizer(models.BPE(vocab={c: i for i, c in enumerate(sorted(pre_tokenizers.ByteLevel.alphabet()))}, merges=[]))
    core.pre_tokenizer, core.decoder = pre_tokenizers.ByteLevel(add_prefix_space=False), decoders.ByteLevel()
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=core, bos_token="<bos>", eos_token="<eos>", pad_token="<pad>")
    tokenizer.chat_template = files("trl").joinpath("chat_templates", f"{template}.jinja").read_text(encoding="utf-8")
    model = LlamaForCausalLM(LlamaConfig(vocab_size=len(tokenizer), hidden_size=16, intermediate_size=16, num_hidden_layers=1, num_attention_heads=1))
    options = SFTConfig(output_dir="out", report_to="none", use_cpu=True, bf16=False, assistant_only_loss=masked, per_device_train_batch_size=1)
    trainer = SFTTrainer(model, args=options, train_dataset=Dataset.from_list([row]), processing_class=tokenizer)
    labels = next(iter(trainer.get_train_dataloader()))["labels"][0]
    return tokenizer.decode(labels[labels != -100])


asked = [{"role": "user", "content": "What is 17 + 25?"}]
reply = [{"role": "assistant", "content": "<think>\nSeven and five are twelve.\n</think>\n\nThe answer is 42."}]
print(f"versions: trl {version('trl')}, transformers {version('transformers')}")
print("expected: the trace is learnt, or its loss is warned of; an option about the loss does not change the text")
seen = {}
for template in ("qwen3", "deepseek_r1_distill", "deepseekv3"):
    for way, row in (("messages", {"messages": asked + reply}), ("prompt and completion", {"prompt": asked, "completion": reply})):
        for masked in (False, True) if way == "messages" else (False,):
            text = learnt(template, row, masked)
            assert "The answer is 42." in text
            seen[template, way, masked] = "Seven and five" in text
            print(f"seen: {template}, {way}{', assistant_only_loss=True' if masked else ''}: {'with' if seen[template, way, masked] else 'WITHOUT'} the trace")
lost = {key for key, there in seen.items() if not there}
r1, v3 = "deepseek_r1_distill", "deepseekv3"
both = "prompt and completion"
sys.exit(lost != {(r1, "messages", False), (r1, both, False), (v3, "messages", False), (v3, "messages", True), (v3, both, False)})
EOF
venv/bin/python probe.py
