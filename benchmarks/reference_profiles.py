"""Builds the style profiles that come with the package from real traces.

long-reasoning: traces of a 14B model distilled on long traces (sky-t1-correct-5k-14b) that end and do not
loop. instruct: responses of its base (qwen2.5-14b-instruct).
Run from the checkout, with the real traces beside it:
python -m benchmarks.reference_profiles ../shared/data/traces
"""

import hashlib
import json
import sys
from pathlib import Path

from harness_ext.pages.analyze.responses import read_responses
from synth.formats import split_response
from synth.style import load_lexicon, read_trace
from synth.style.profile import build_profile

OUT = Path(__file__).parents[1] / "synth" / "style" / "profiles"
SETS = {"long-reasoning": "sky-t1-correct-5k-14b", "instruct": "qwen2.5-14b-instruct"}


def main() -> None:
    """Write both profiles."""
    OUT.mkdir(exist_ok=True)
    lexicon = load_lexicon("en")
    for name, model in SETS.items():
        scores, sources = [], []
        for path in sorted((Path(sys.argv[1]) / model).glob("*.jsonl")):
            splits = [split_response(response.text) for response in read_responses([str(path)])]
            ended = [
                read_trace(split.trace, lexicon).scores
                for split in splits
                if split.closed or not split.tagged
            ]
            kept = [one for one in ended if one.words and not one.looping]
            scores += kept
            digest = hashlib.sha256(path.read_bytes()).hexdigest()
            sources.append(
                {"model": model, "file": path.name, "sha256": digest, "traces": len(kept), "of": len(splits)}
            )
        profile = build_profile(name, scores, lexicon, sources)
        (OUT / f"{name}.json").write_text(json.dumps(profile.to_json(), indent=1) + "\n", encoding="utf-8")
        print(f"{name}: {profile.n} traces, {profile.digest}")


if __name__ == "__main__":
    main()
