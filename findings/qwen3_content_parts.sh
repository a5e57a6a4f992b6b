#!/usr/bin/env bash
# Qwen3's chat templates: a message whose content is a list of text parts, as OpenAI's API writes it, comes out empty, without an error.
# The question is gone as well as the answer. The templates are those that TRL carries; transformers renders them.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" install --quiet --no-deps trl==1.16.0
"$dir/venv/bin/pip" install --quiet transformers==5.23.0 jinja2==3.1.6
cd "$dir"

cat >probe.py <<'EOF'
import sys
from importlib.metadata import distribution, version

from transformers.utils.chat_template_utils import render_jinja_template

print(f"versions: templates of trl {version('trl')}, rendered by transformers {version('transformers')}")
print("expected: parts of text are joined, or refused; a question is never left out in silence")
seen = {}
for name in ("qwen2_5_vl", "gemma3", "glm4moe", "qwen3", "qwen3_instruct_2507", "qwen3_8"):
    template = distribution("trl").locate_file(f"trl/chat_templates/{name}.jinja").read_text(encoding="utf-8")
    chat = [
        {"role": "user", "content": [{"type": "text", "text": "What is 17 + 25?"}]},
        {"role": "assistant", "content": [{"type": "text", "text": "It is 42."}]},
    ]
    text = render_jinja_template([chat], chat_template=template, bos_token="", eos_token="")[0][0]
    seen[name] = ("17 + 25" in text, "42" in text)
    print(f"seen: {name}: question {'there' if seen[name][0] else 'GONE'}, answer {'there' if seen[name][1] else 'GONE'}: {text!r}")
sys.exit({name for name, there in seen.items() if there == (False, False)} != {"qwen3", "qwen3_instruct_2507"} or any(sum(there) == 1 for there in seen.values()))
EOF
venv/bin/python probe.py
