#!/usr/bin/env bash
# math-verify: an equation given in place of a number is cut down to its right side, whatever stands on its left.
# A response that only restates the equation to be solved is then right whenever its right side is the reference.
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

print("expected: 'x = 0' answers the reference 0; '5x - 10 = 0' (whose solution is 2) does not, nor does x^2 = 4 for 4")
cases = [("$0$", "$x = 0$"), ("$0$", "$5x - 10 = 0$"), ("$4$", "$x^2 = 4$"), ("$2$", "$2 = x$")]
seen = [verify(parse(gold), parse(answer)) for gold, answer in cases]
for (gold, answer), verdict in zip(cases, seen):
    print(f"seen: reference {gold}, answer {answer}: {'right' if verdict else 'wrong'}")
sys.exit(seen != [True, True, True, False])
EOF
venv/bin/python probe.py
