#!/usr/bin/env bash
# lm_eval --apply_chat_template NAME: the results file holds the text and hash of NAME, the prompts are made with "default".
# A tiny random Llama whose tokenizer has two templates answers one question; nothing is downloaded but the packages.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" install --quiet lm_eval==0.4.13 transformers==5.23.0 tokenizers==0.23.3 torch==2.13.0 accelerate==1.15.0 datasets==5.2.0
cd "$dir"
export HF_HOME="$dir/cache" HF_HUB_OFFLINE=1

cat >make.py <<'EOF'
import json
from tokenizers import Tokenizer, decoders, models, pre_tokenizers
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

letters = sorted(pre_tokenizers.ByteLevel.alphabet())
core = Tokenizer(models.BPE(vocab={c: i for i, c in enumerate(letters)}, merges=[]))
core.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
core.decoder = decoders.ByteLevel()
tokenizer = PreTrainedTokenizerFast(tokenizer_object=core, eos_token="<eos>", pad_token="<pad>")
body = "{% for m in messages %}{{ m.content }}{% endfor %}"
tokenizer.chat_template = {"default": "PLAIN: " + body, "rag": "WITH DOCUMENTS: " + body}
tokenizer.save_pretrained("model")
config = LlamaConfig(vocab_size=len(tokenizer), hidden_size=16, intermediate_size=16, num_hidden_layers=1,
                     num_attention_heads=2, max_position_embeddings=256)
LlamaForCausalLM(config).save_pretrained("model")
with open("data.jsonl", "w") as file:
    print(json.dumps({"question": "How many legs have two hens?", "answer": "4"}), file=file)
with open("hens.yaml", "w") as file:
    file.write("""task: hens
dataset_path: json
dataset_kwargs: {data_files: {test: data.jsonl}}
test_split: test
output_type: generate_until
doc_to_text: "{{question}}"
doc_to_target: "{{answer}}"
generation_kwargs: {until: [], max_gen_toks: 2}
metric_list: [{metric: exact_match, aggregation: mean, higher_is_better: true}]
""")
EOF
venv/bin/python make.py 2>/dev/null
venv/bin/lm_eval run --model hf --model_args pretrained=model --tasks hens.yaml --device cpu --apply_chat_template rag \
  --log_samples --output_path out >log.txt 2>&1 || { tail -n 20 log.txt; exit 1; }

cat >compare.py <<'EOF'
import json, sys
from glob import glob
from importlib.metadata import version

results = json.load(open(glob("out/**/results_*.json", recursive=True)[0]))
sample = json.loads(open(glob("out/**/samples_*.jsonl", recursive=True)[0]).readline())
recorded, prompt = results["chat_template"], sample["arguments"]["gen_args_0"]["arg_0"]
print(f"versions: lm_eval {version('lm_eval')}, transformers {version('transformers')}")
print("expected: asked for the template rag, the prompt starts 'WITH DOCUMENTS:', or lm_eval refuses")
print(f"seen: chat_template in the results file is {recorded[:20]!r}..., the prompt in the samples file is {prompt!r}")
sys.exit(not (recorded.startswith("WITH DOCUMENTS") and prompt.startswith("PLAIN:")))
EOF
venv/bin/python compare.py
