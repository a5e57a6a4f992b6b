#!/usr/bin/env bash
# A task with `repeats: 4` and a temperature, asked of a server and run twice with --use_cache: what are the four draws of the second run?
# The server is a few lines that answer each request with another number; nothing is downloaded but the packages.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" install --quiet 'lm_eval[api]==0.4.13' datasets==5.2.0
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
repeats: 4
generation_kwargs: {until: ["\n"], temperature: 0.8}
YAML
echo '{"question": "How many legs have two hens?", "answer": "4"}' >data.jsonl

cat >probe.py <<'PY'
import itertools
import json
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import lm_eval
from lm_eval.tasks import TaskManager

numbers = itertools.count(1)


class Server(BaseHTTPRequestHandler):
    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        said = json.dumps({"choices": [{"index": 0, "text": f"{next(numbers)} legs"}]}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(said)))
        self.end_headers()
        self.wfile.write(said)

    def log_message(self, *_):
        pass


server = HTTPServer(("127.0.0.1", 0), Server)
threading.Thread(target=server.serve_forever, daemon=True).start()
arguments = f"base_url=http://127.0.0.1:{server.server_port}/v1/completions,model=m,tokenizer_backend=None,tokenized_requests=False"
drawn = []
for cache in (None, "responses", "responses"):
    found = lm_eval.simple_evaluate(
        "local-completions",
        model_args=arguments,
        tasks=["hens"],
        task_manager=TaskManager(include_path=".", include_defaults=False),
        use_cache=cache,
        bootstrap_iters=0,
    )
    drawn.append(found["samples"]["hens"][0]["resps"][0])
server.shutdown()
with open("drawn.json", "w") as out:
    json.dump(drawn, out)
PY
venv/bin/python probe.py >log.txt 2>&1 || { cat log.txt; exit 2; }

echo "versions: $(venv/bin/pip list 2>/dev/null | grep -iE '^lm[_-]eval ' | tr -s ' ')"
echo "expected: four draws of a model at temperature 0.8 are four draws in every run, or the cache gives back the four that it holds"
venv/bin/python - <<'PY'
import json

without, first, second = json.load(open("drawn.json"))
print("seen, without a cache:      ", without)
print("seen, first run with one:   ", first)
print("seen, second run with it:   ", second)
assert len(set(without)) == len(set(first)) == 4 and len(set(second)) == 1 and second[0] == first[-1]
PY
