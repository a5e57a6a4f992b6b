"""Reads boards written before columns had metrics, when one column could mix acc and exact_match."""

import json
import shutil
from pathlib import Path
from typing import Any

from harness_ext.pages.leaderboard.shards import read_shard, rename_shards
from harness_ext.pages.leaderboard.store import column_id
from harness_ext.runs.accuracy import DEFAULT
from synth.errors import StylerepError
from synth.files.inside_folder import inside
from synth.files.replace_file import write_text
from synth.files.replace_folder import replace_folder
from synth.schema import read_json

_OTHER = "exact_match"
_OURS = "style_"


def name_metrics(board: Path) -> list[Path]:
    """Write into a board's record of runs which metric each column is of;
    what is exact_match becomes a column of its own.

    A column of exact_match is made anew if its run is added again, since another metric may then be found.
    Returns the folders that pages, once they are written again, need no more.
    """
    left = []
    for path in sorted((board / "runs").glob("*/run.json")):
        try:
            content: dict[str, Any] = read_json(path)
            before = {name: part for name, part in content["parts"].items() if "metric" not in part["column"]}
            for name, part in before.items():
                column = part["column"]
                column["metric"] = _metric(inside(path.parent, name), str(column["task"]))
                if column["metric"] != DEFAULT:
                    column["id"] = column_id(
                        column["task"], column["version"], column["items"], column["metric"]
                    )
                    part["source"] = ""
                    _copy(path.parent, name, column["id"])
                    content["parts"][column["id"]] = content["parts"].pop(name)
        except (StylerepError, KeyError, TypeError, AttributeError):
            continue  # told where it is read
        if before:
            write_text(path, json.dumps(content, indent=1, sort_keys=True) + "\n")
            left += [path.parent / name for name in before if name not in content["parts"]]
    return left


def _metric(folder: Path, task: str) -> str:
    """Return which of the two it was: a response that is kept has its acc beside it."""
    shard = folder / "0.js"
    if task.startswith(_OURS) or not shard.is_file():
        return DEFAULT
    return DEFAULT if DEFAULT in read_shard(shard)[0]["metrics"] else _OTHER


def _copy(run: Path, old: str, new: str) -> None:
    with replace_folder(run / new) as fresh:
        shutil.copytree(run / old, fresh, dirs_exist_ok=True)
        rename_shards(f"runs/{run.name}/{old}", f"runs/{run.name}/{new}", fresh)
