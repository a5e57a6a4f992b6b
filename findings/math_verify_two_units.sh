#!/usr/bin/env bash
# math-verify: all that follows the first unit is dropped, so 3 h 20 min equals 3 h 40 min, and 5 ft 4 in equals 5 ft 11 in.
# That units are ignored is well known; that a number behind one is ignored with it is not.
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

print("expected: 20 and 40 minutes past three hours are two answers, and neither is plain 3")
cases = [
    (r"$3\text{ h }20\text{ min}$", r"$3\text{ h }40\text{ min}$"),
    (r"$5\text{ ft }4\text{ in}$", r"$5\text{ ft }11\text{ in}$"),
    (r"$3\text{ h }20\text{ min}$", "$3$"),
]
seen = [verify(parse(gold), parse(answer)) for gold, answer in cases]
for (gold, answer), verdict in zip(cases, seen):
    print(f"seen: reference {gold}, answer {answer}: {'right' if verdict else 'wrong'}")
sys.exit(seen != [True, True, True])
EOF
venv/bin/python probe.py
