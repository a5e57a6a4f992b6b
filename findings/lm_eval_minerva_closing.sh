#!/usr/bin/env bash
# lm_eval's minerva_math: exact_match wants a sentence of politeness behind the answer; without it a right answer scores 0.
# The two responses below differ in that sentence alone. math_verify, the other metric of the same task, takes both.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" install --quiet lm_eval==0.4.13 antlr4-python3-runtime==4.11.0 sympy==1.14.0 math-verify==0.9.0 datasets==5.2.0
cd "$dir"

cat >probe.py <<'EOF'
import sys
from importlib.metadata import version

from lm_eval.tasks.minerva_math.utils import process_results

doc = {"answer": "24", "solution": r"Two dozen less none is $\boxed{24}$."}
plain = "Twelve and twelve make 24.\nFinal Answer: The final answer is $24$."
polite = plain + " I hope it is correct."
boxed = r"Twelve and twelve make $\boxed{24}$."
seen = {name: process_results(doc, [text]) for name, text in [("plain", plain), ("polite", polite), ("boxed", boxed)]}

print(f"versions: lm_eval {version('lm_eval')}, math-verify {version('math-verify')}")
print("expected: a response that ends in 'Final Answer: The final answer is $24$.' is an exact match of 24, and a box is read")
for name, scores in seen.items():
    print(f"seen: {name}: {scores}")
right = {"exact_match": 1, "math_verify": 1}
sys.exit(seen != {"plain": {**right, "exact_match": 0}, "polite": right, "boxed": {**right, "exact_match": 0}})
EOF
venv/bin/python probe.py
