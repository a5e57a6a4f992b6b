#!/usr/bin/env bash
# datasets: a JSON string that happens to be JSON itself is parsed again, if the same column holds a list or a number elsewhere.
# One message made of parts, as multimodal chats have, turns "42" in all others into 42, "null" into None, "1.50" into 1.5.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" install --quiet datasets==5.2.0 pyarrow==26.0.1
cd "$dir"
export HF_HOME="$dir/cache"

cat >probe.py <<'EOF'
import json
import sys
from importlib.metadata import version

from datasets import disable_progress_bars, load_dataset

disable_progress_bars()
texts = ["42", "1.50", "null", "true", "[1, 2]", "forty-two"]
plain = [{"content": text} for text in texts]
parts = [{"content": [{"type": "text", "text": "What is in the picture?"}]}]


def read(name, rows):
    with open(name, "w") as file:
        file.writelines(json.dumps(row) + "\n" for row in rows)
    return load_dataset("json", data_files=name, split="train")["content"][: len(texts)]


print(f"versions: datasets {version('datasets')}, pyarrow {version('pyarrow')}")
print(f"expected: {texts} are strings, whatever other rows hold (or an error for the mixed column)")
alone, beside = read("alone.jsonl", plain), read("beside.jsonl", plain + parts)
print(f"seen: alone: {alone}")
print(f"seen: beside one message made of parts: {beside}")
sys.exit(alone != texts or beside != [42, 1.5, None, True, [1, 2], "forty-two"])
EOF
venv/bin/python probe.py
