#!/usr/bin/env bash
# datasets: a column of strings in a JSONL file becomes a column of timestamps if every string looks like a date.
# One reference that is a word, or no date of the calendar, keeps all of them strings: cut by --limit or a filter, the type changes.
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
dates = ["2024-01-05", "1999-12-31"]


def read(name, answers):
    with open(name, "w") as file:
        file.writelines(json.dumps({"answer": answer}) + "\n" for answer in answers)
    return load_dataset("json", data_files=name, split="train")["answer"][:2]


print(f"versions: datasets {version('datasets')}, pyarrow {version('pyarrow')}")
print(f"expected: a JSON string is a string: the answers are {dates}")
alone, beside = read("dates.jsonl", dates), read("beside.jsonl", [*dates, "Monday"])
print(f"seen: alone: {[str(answer) for answer in alone]} of type {type(alone[0]).__name__}; a response '2024-01-05' equals: {alone[0] == dates[0]}")
print(f"seen: beside the answer 'Monday': {beside} of type {type(beside[0]).__name__}")
sys.exit([str(a) for a in alone] != ["2024-01-05 00:00:00", "1999-12-31 00:00:00"] or beside != dates)
EOF
venv/bin/python probe.py
