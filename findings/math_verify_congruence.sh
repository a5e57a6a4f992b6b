#!/usr/bin/env bash
# math-verify: of a congruence one number is read, and two braces that TeX does not need decide which.
# With \pmod 7 it is the modulus: every residue is right. With \pmod{7} it is the residue: every modulus is right.
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

bare, braced = r"$n \equiv 3 \pmod 7$", r"$n \equiv 3 \pmod{7}$"
print(r"expected: \pmod 7 and \pmod{7} are the same, and another residue or another modulus is wrong in either")
cases = [(bare, r"$n \equiv 4 \pmod 7$"), (bare, "$7$"), (braced, r"$n \equiv 3 \pmod{9}$"), (braced, "$n = 3$"), (bare, braced)]
seen = [verify(parse(gold), parse(answer)) for gold, answer in cases]
for (gold, answer), verdict in zip(cases, seen):
    print(f"seen: reference {gold}, answer {answer}: {'right' if verdict else 'wrong'}")
print(f"seen: {bare} is read as {parse(bare)[0]}, {braced} as {parse(braced)[0]}")
sys.exit(seen != [True, True, True, True, False])
EOF
venv/bin/python probe.py
