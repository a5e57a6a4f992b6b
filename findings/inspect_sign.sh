#!/usr/bin/env bash
# inspect_ai: exact() and match(location="exact") drop the minus sign, so -5 is right for the target 5.
# They also take 2^3 for 23 and 7:05 for 705, while 1.5 for 15 is wrong: marks inside a number count or not by kind.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" install --quiet inspect-ai==0.3.285
cd "$dir"

cat >probe.py <<'EOF'
import asyncio
import sys
from importlib.metadata import version

from inspect_ai.model import ModelName, ModelOutput
from inspect_ai.scorer import Target, exact, f1, match
from inspect_ai.solver import TaskState


def grade(scorer, answer, target):
    output = ModelOutput.from_content("none/none", answer)
    state = TaskState(model=ModelName("none/none"), sample_id=1, epoch=1, input="?", messages=[output.message], output=output)
    return asyncio.run(scorer(state, Target(target))).value


print(f"versions: inspect_ai {version('inspect-ai')}")
print("expected: exact() calls the answer -5 incorrect (I) for the target 5, and f1() gives it 0")
seen = {
    "exact(), answer -5, target 5": grade(exact(), "-5", "5"),
    "match(location='exact'), answer -5, target 5": grade(match(location="exact"), "-5", "5"),
    "f1(), answer -5, target 5": grade(f1(), "-5", "5"),
    "exact(), answer 2^3, target 23": grade(exact(), "2^3", "23"),
    "exact(), answer 7:05, target 705": grade(exact(), "7:05", "705"),
    "match(location='exact', numeric=True), answer -5, target 5": grade(match(location="exact", numeric=True), "-5", "5"),
    "exact(), answer 1.5, target 15": grade(exact(), "1.5", "15"),
}
for case, value in seen.items():
    print(f"seen: {case}: {value}")
sys.exit(list(seen.values()) != ["C", "C", 1.0, "C", "C", "I", "I"])
EOF
venv/bin/python probe.py
