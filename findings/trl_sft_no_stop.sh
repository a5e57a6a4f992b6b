#!/usr/bin/env bash
# TRL's SFTTrainer on conversations: with the chat template of GLM-4 MoE nothing that ends a turn is learnt, so the model is never taught to stop.
# A text (no conversation) gets the EOS token appended; a conversation ends as its template ends it. The templates are those that TRL carries.
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


def last(template, row):
    """Return what is learnt after the answer's own text."""
    core = Tokenizer(models.BPE(vocab={c: i for i, c in enumerate(sorted(pre_tokenizers.ByteLevel.alphabet()))}, merges=[]))
    core.pre_tokenizer, core.decoder = pre_tokenizers.ByteLevel(add_prefix_space=False), decoders.ByteLevel()
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=core, bos_token="<bos>", eos_token="<eos>", pad_token="<pad>")
    if template:
        tokenizer.chat_template = files("trl").joinpath("chat_templates", f"{template}.jinja").read_text(encoding="utf-8")
    model = LlamaForCausalLM(LlamaConfig(vocab_size=len(tokenizer), hidden_size=16, intermediate_size=16, num_hidden_layers=1, num_attention_heads=1))
    options = SFTConfig(output_dir="out", report_to="none", use_cpu=True, bf16=False, per_device_train_batch_size=1)
    trainer = SFTTrainer(model, args=options, train_dataset=Dataset.from_list([row]), processing_class=tokenizer)
    labels = next(iter(trainer.get_train_dataloader()))["labels"][0]
    return tokenizer.decode(labels[labels != -100]).partition("It is 42.")[2]


asked, reply = {"role": "user", "content": "What is 17 + 25?"}, {"role": "assistant", "content": "It is 42."}
print(f"versions: trl {version('trl')}, transformers {version('transformers')}")
print("expected: an end of turn, or the EOS token, is learnt after every answer")
seen = {"a text": last("", {"text": "What is 17 + 25? It is 42."})}
for template in ("qwen3", "llama3", "deepseek_r1_distill", "glm4moe"):
    seen[template] = last(template, {"messages": [asked, reply]})
for name, end in seen.items():
    print(f"seen: {name}: {end!r}{'' if end.strip() else ' NOTHING'}")
sys.exit({name for name, end in seen.items() if not end.strip()} != {"glm4moe"})
EOF
venv/bin/python probe.py
