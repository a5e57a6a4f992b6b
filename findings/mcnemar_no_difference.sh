#!/usr/bin/env bash
# statsmodels: McNemar's chi-square finds more evidence of a difference in 20 against 20 than in 21 against 20.
# The correction, on unless switched off, takes 1 from |b - c| before squaring, also where that is 0 and becomes -1.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" install --quiet statsmodels==0.15.0 scipy==1.17.1 numpy==2.4.6
cd "$dir"

cat >probe.py <<'EOF'
import sys
from importlib.metadata import version

from statsmodels.stats.contingency_tables import mcnemar

print(f"versions: statsmodels {version('statsmodels')}, scipy {version('scipy')}")
print("expected: p = 1 for equal counts, and a p that falls as the counts part")
seen = {}
for first, second in [(1, 1), (2, 1), (20, 20), (21, 20)]:
    table = [[40, first], [second, 40]]
    p = [float(mcnemar(table, exact=exact, correction=not exact).pvalue) for exact in (False, True)]
    seen[first, second] = [round(value, 2) for value in p]
    print(f"seen: {first} won alone against {second}: chi-square p = {p[0]:.2f}, exact p = {p[1]:.2f}")
sys.exit(seen != {(1, 1): [0.48, 1], (2, 1): [1, 1], (20, 20): [0.87, 1], (21, 20): [1, 1]})
EOF
venv/bin/python probe.py
