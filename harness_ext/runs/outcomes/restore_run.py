"""Writes a run folder from an outcomes file: all that is compared, ranked and reported, and no responses."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from harness_ext.runs.graph_of_problem import ENTROPY
from harness_ext.runs.manifests import MANIFEST
from harness_ext.runs.outcomes.run_outcomes import RunOutcomes, metric_of_column
from synth.files.inside_folder import inside
from synth.files.replace_folder import replace_folder
from synth.privacy.home_folders import HOME
from synth.responses.samples_file import LEFT_OUT

_LEFT_OUT = ("documents", "prompts", "responses")


def is_restored(manifest: Mapping[str, Any]) -> bool:
    """Say whether a run folder, by its manifest, was written from an outcomes file."""
    return isinstance(manifest.get("restored"), Mapping)


def restore_run(folder: Path, run: RunOutcomes, file: str) -> None:
    """Write a run folder, in the place of one that may be there; its manifest says from which *file* it is.

    Home folders, written ``~``, become the user's own. Raises StylerepError where a name in the file is none
    that a file can have, and as `synth.files.replace_folder.replace_folder`.
    """
    names, date = list[str](), run.samples["date"]
    with replace_folder(folder) as fresh:
        if run.results:
            names.append(f"results_{date}.json")
            inside(fresh, names[-1]).write_text(json.dumps(run.results, indent=2) + "\n", encoding="utf-8")
        for task, about in run.samples["tasks"].items():
            names.append(f"samples_{task}_{date}.jsonl")
            with inside(fresh, names[-1]).open("w", encoding="utf-8") as file_of_task:
                file_of_task.writelines(json.dumps(row) + "\n" for row in _rows(run, task, about))
        restored = {"file": file, "left_out": list(_LEFT_OUT)}
        manifest = {**_at_home(run.manifest), "files": names, "restored": restored}
        (fresh / MANIFEST).write_text(json.dumps(manifest, indent=2) + "\n", encoding="utf-8")


def _rows(run: RunOutcomes, task: str, about: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    generation = about["generation"]
    asked = {} if generation is None else {"arguments": {"gen_args_0": {"arg_1": generation}}}
    metrics = {column: name for column in run.rows.column_names if (name := metric_of_column(column))}
    places = {
        filtered: {name: place for place, name in enumerate(names)}
        for filtered, names in about["metrics"].items()
    }
    for row in run.rows.to_pylist():
        if row["task"] != task:
            continue
        order = places.get(row["filter"], {})
        scores = {name: value for column, name in metrics.items() if (value := row[column]) is not None}
        graph = {ENTROPY: row[ENTROPY], "hops": row["hops"]} if row[ENTROPY] is not None else None
        yield {
            "doc_id": row["doc_id"],
            **({"doc": {"meta": json.dumps(graph)}} if graph else {}),
            **asked,
            "filter": row["filter"],
            "doc_hash": row["doc_hash"],
            LEFT_OUT: {"document": row["document_digest"], "target": row["target_digest"]},
            **dict(sorted(scores.items(), key=lambda score: order.get(score[0], len(order)))),
        }


def _at_home(manifest: Mapping[str, Any]) -> dict[str, Any]:
    """Return a manifest whose models lie in this user's home folder where they lay in another's, so that its
    run is one condition with runs that are made here.
    """
    found = dict(manifest)
    found |= {name: _own(found[name]) for name in ("base_model", "model_name") if name in found}
    if isinstance(found.get("model_args"), Mapping):
        found["model_args"] = {name: _own(value) for name, value in found["model_args"].items()}
    return found


def _own(value: Any) -> Any:
    is_below = isinstance(value, str) and value.startswith((f"{HOME}/", f"{HOME}\\"))
    return f"{Path.home()}{value[len(HOME) :]}" if is_below else value
