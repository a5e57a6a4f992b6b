"""Reads from a run folder what an outcomes file holds of it."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from harness_ext.runs.graph_of_problem import ENTROPY, graph_of
from harness_ext.runs.manifests import merged_results, read_manifest
from harness_ext.runs.outcomes.run_outcomes import ITEM, RunLabel, RunOutcomes, column_of, type_of
from harness_ext.runs.run_folder import check_run_folders, sample_files
from harness_ext.runs.sample_rows import checked_row
from harness_ext.runs.scored_rows import scored_rows
from synth.errors import StylerepError
from synth.privacy.home_folders import without_homes
from synth.privacy.secrets import SECRETS
from synth.responses.samples_file import samples_name

_OF_THE_MACHINE = ("config_source", "data_dir", "model_name_sanitized", "use_cache")
"""Keys of results whose values are paths of the machine, or made of them, and that nothing reads."""


def read_outcomes(folder: Path, label: RunLabel) -> RunOutcomes:
    """Return what a run folder came to; secrets are masked, and home folders written ``~``.

    Raises StylerepError, naming file and line, for what cannot be read, and for a folder without any sample.
    """
    check_run_folders([folder])
    files = sample_files(folder)
    columns: dict[str, list[Any]] = {name: [] for name in ITEM}
    tasks: dict[str, dict[str, Any]] = {}
    count = 0
    for task, path in files.items():
        for row in scored_rows(path):
            whole = None
            if task not in tasks:
                whole = checked_row(row.line, f"{path}, line {row.number}")
                tasks[task] = {"generation": _generation(whole), "metrics": {}}
            names = tasks[task]["metrics"].setdefault(row.filter, {})
            names.update(dict.fromkeys(row.names))
            graph = None
            if ENTROPY.encode() in row.line:
                where = f"{path}, line {row.number}"
                graph = graph_of(whole or checked_row(row.line, where), where)
            own: dict[str, Any] = {
                column_of(name): value for name, value in zip(row.names, row.values, strict=True)
            }
            own |= {
                "task": task,
                "filter": row.filter,
                "doc_id": row.asked.number,
                "doc_hash": row.doc_hash,
                "document_digest": row.asked.document.hex() if row.asked.document else None,
                "target_digest": row.asked.target.hex() if row.asked.target else None,
            }
            if graph is not None:
                own |= {ENTROPY: graph.graph_search_entropy, "hops": graph.hops}
            for name in own.keys() - columns.keys():
                columns[name] = [None] * count
            for name, values in columns.items():
                values.append(own.get(name))
            count += 1
    if not count:
        raise StylerepError(f"{folder}: no sample lies in it that an outcomes file could hold.")
    date = max(found.date for path in files.values() if (found := samples_name(path.name)) and found.date)
    for one in tasks.values():
        one["metrics"] = {name: list(metrics) for name, metrics in one["metrics"].items()}
    ordered = [name for one in tasks.values() for names in one["metrics"].values() for name in names]
    order = [*ITEM, *dict.fromkeys(map(column_of, ordered))]
    return RunOutcomes(
        label,
        _table({name: columns[name] for name in order}, folder),
        _manifest(read_manifest(folder)),
        _results(merged_results(folder)),
        {"date": date, "tasks": SECRETS.texts(without_homes(tasks))},
    )


def _generation(row: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return the settings by which a row's response was generated, as they stand there."""
    arguments = row.get("arguments")
    first = arguments.get("gen_args_0") if isinstance(arguments, Mapping) else None
    settings = first.get("arg_1") if isinstance(first, Mapping) else None
    return dict(settings) if isinstance(settings, Mapping) else None


def _manifest(content: Mapping[str, Any]) -> dict[str, Any]:
    public: dict[str, Any] = without_homes(SECRETS.settings(dict(content)))
    public.pop("restored", None)
    public.pop("files", None)  # their names hold the model's path
    return public


def _results(content: Mapping[str, Any]) -> dict[str, Any]:
    public: dict[str, Any] = without_homes(SECRETS.texts(_without_paths(dict(content))))
    if "config" in public:
        public["config"] = SECRETS.settings(public["config"])
    return public


def _without_paths(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _without_paths(one) for key, one in value.items() if key not in _OF_THE_MACHINE}
    return [_without_paths(one) for one in value] if isinstance(value, list) else value


def _table(columns: Mapping[str, list[Any]], folder: Path) -> Any:
    import pyarrow as pa

    try:
        return pa.table({name: pa.array(values, type_of(name)) for name, values in columns.items()})
    except (pa.ArrowException, ValueError, OverflowError) as error:  # half of a surrogate pair in a hash
        raise StylerepError(
            f"{folder}: what it holds cannot stand in an outcomes file ({str(error)[:200]})."
        ) from error
