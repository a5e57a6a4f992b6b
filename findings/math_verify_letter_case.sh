#!/usr/bin/env bash
# math-verify: R and r are one letter, so the area of a ring, pi (R^2 - r^2), is found equal to 0.
# Case carries the meaning in geometry (R and r), probability (X and x), statistics (N and n) and physics (T and t).
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" install --quiet math-verify==0.9.0 latex2sympy2_extended==1.11.0 antlr4-python3-runtime==4.13.2 sympy==1.14.0
cd "$dir"

cat >probe.py <<'EOF'
import sys
from importlib.metadata import version

from math_verify import parse, verify

print(f"versions: math-verify {version('math-verify')}, latex2sympy2_extended {version('latex2sympy2_extended')}")

print(r"expected: $\pi(R^2-r^2)$ is not 0, and $\frac{R}{r}$ is not 1")
pairs = [(r"$\pi(R^2-r^2)$", "$0$"), (r"$\frac{R}{r}$", "$1$"), ("$N-n$", "$n-N$")]
seen = [verify(parse(gold), parse(answer)) for gold, answer in pairs]
for (gold, answer), verdict in zip(pairs, seen):
    print(f"seen: reference {gold}, answer {answer}: {'right' if verdict else 'wrong'}")
print(f"seen: the reference is read as {parse(pairs[0][0])[0]}")
sys.exit(seen != [True, True, True])
EOF
venv/bin/python probe.py
