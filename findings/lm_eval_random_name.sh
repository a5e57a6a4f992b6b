#!/usr/bin/env bash
# lm_eval gives a model without a name a random one, for the folder of its results. It draws it after it has set the seed.
# Two models, each evaluated in a process of its own, write two answers to one question; nothing is downloaded but the packages.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" install --quiet lm_eval==0.4.13 datasets==5.2.0
cd "$dir"
export HF_HOME="$dir/cache" HF_HUB_OFFLINE=1

cat >hens.yaml <<'YAML'
task: hens
dataset_path: json
dataset_kwargs: {data_files: {test: data.jsonl}}
test_split: test
output_type: generate_until
doc_to_text: "{{question}}"
doc_to_target: "{{answer}}"
YAML
echo '{"question": "How many legs have two hens?", "answer": "4"}' >data.jsonl

cat >probe.py <<'PY'
import sys

import lm_eval
from lm_eval.api.model import LM
from lm_eval.api.registry import register_model
from lm_eval.loggers import EvaluationTracker
from lm_eval.tasks import TaskManager


class Answers(LM):
    text = ""

    def generate_until(self, requests, disable_tqdm=False):
        return [self.text for _ in requests]

    def loglikelihood(self, requests, disable_tqdm=False):
        raise NotImplementedError

    loglikelihood_rolling = loglikelihood


@register_model("four")
class Four(Answers):
    text = "4"


@register_model("six")
class Six(Answers):
    text = "6"


tracker = EvaluationTracker(output_path="out")
found = lm_eval.simple_evaluate(
    sys.argv[1], tasks=["hens"], task_manager=TaskManager(include_path=".", include_defaults=False), evaluation_tracker=tracker
)
tracker.save_results_aggregated(results={key: found[key] for key in ("results", "configs")}, samples=None)
PY
venv/bin/python probe.py four >/dev/null 2>&1
sleep 1
venv/bin/python probe.py six >/dev/null 2>&1

echo "versions: $(venv/bin/pip list 2>/dev/null | grep -i '^lm[_-]eval ' | tr -s ' ')"
echo "expected: two models without a name have two random names, so two folders with a results file each"
echo "seen:"
find out -name 'results_*.json' | sed -E 's/_[0-9T:.-]+\.json$/_DATE.json/' | sort | uniq -c
[ "$(find out -mindepth 1 -maxdepth 1 -type d | wc -l)" = 1 ] && [ "$(find out -name 'results_*.json' | wc -l)" = 2 ]
