"""Study files of a random model of 50,000 parameters, and what a finished study holds."""

import hashlib
import json
from pathlib import Path
from typing import Any

import yaml

STUDY: dict[str, Any] = {
    "name": "tiny",
    "models": [],
    "problems": "arith:train",
    "n": 8,
    "arms": ["nt", "hc"],
    "seeds": [0],
    "train": {"epochs": 1, "batch-size": 4},
    "evaluate": {"tasks": "style_arith", "limit": 4, "max_gen_toks": 8, "batch-size": 4},
    "margin": 0.05,
    "style": {"trace_words": 10},
    "claims": [{"name": "style helps", "better": ["hc", "base"]}],
}


def write_study(folder: Path, model: Path | str, **changes: Any) -> Path:
    """Write a study file of that model."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "study.yaml"
    path.write_text(
        yaml.safe_dump(STUDY | {"models": [{"name": str(model), "as": "tiny"}]} | changes), encoding="utf-8"
    )
    return path


def results(folder: Path) -> dict[str, str]:
    """Return a digest of everything that a study found, without times: data, weights, samples without their
    dates, verdicts, the tables of report and board.

    Weights are the same to the last bit in any number format, on one machine: each cell makes the same
    products in the same order, on as many threads.
    """
    found = {}
    for path in sorted(folder.rglob("*")):
        name = str(path.relative_to(folder))
        if not path.is_file() or name.startswith(".cells/") or "/." in name:
            continue
        if path.name.startswith("samples_"):
            name = f"{path.parents[1].relative_to(folder)}/{path.name.rpartition('_')[0]}"
        elif path.suffix in (".parquet", ".safetensors") or path.name in ("verdicts.json", "table.csv"):
            pass
        elif path.name == "manifest.json" and "runs/" in name:
            content = json.loads(path.read_text(encoding="utf-8"))
            found[name] = json.dumps(
                {
                    key: content[key]
                    for key in ("arm", "seed", "adapter_sha256", "dataset_fingerprint", "gen_kwargs")
                }
            )
            continue
        else:
            continue
        if "board/" not in name or path.name == "table.csv":
            found[name] = hashlib.sha256(path.read_bytes()).hexdigest()
    return found
