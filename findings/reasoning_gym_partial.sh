#!/usr/bin/env bash
# reasoning-gym: a wrong number that contains the right one scores more than the right number in a sentence.
# Many of its tasks give the share of the answer's length that the stored one makes up; a mean of scores is no accuracy.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" install --quiet reasoning-gym==0.1.25
cd "$dir"

cat >probe.py <<'EOF'
import sys
from importlib.metadata import version

import reasoning_gym

tasks = ["leg_counting", "simple_equations", "base_conversion", "lcm"]
print(f"versions: reasoning-gym {version('reasoning-gym')}")
print("expected: a wrong number scores 0, or at least not more than the right one in words or with a stop")
held = []
for task in tasks:
    data = reasoning_gym.create_dataset(task, seed=1, size=1)
    answer = data[0]["answer"]
    wrong, sentence = data.score_answer(answer + "7", data[0]), data.score_answer("The answer is " + answer, data[0])
    print(f"seen: {task}, stored {answer}: '{answer}7' scores {wrong:.2f}, 'The answer is {answer}' scores {sentence:.2f}")
    held.append(wrong > 0.5 > sentence)
sys.exit(held != [True] * len(tasks))
EOF
venv/bin/python probe.py
