"""The report of a study: the table of arms by model, comparisons, style,
figures and where everything comes from, as HTML and Markdown.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from importlib import resources
from importlib.metadata import version
from pathlib import Path

import jinja2
import yaml

from harness_ext.compare import Report, compare, load_claims, report_json
from harness_ext.compare.figures import draw
from harness_ext.compare.hypotheses_file import Claims
from harness_ext.compare.tables import TextTable, report_notes, report_tables
from harness_ext.compare.to_text import markdown_page
from harness_ext.pages.leaderboard import leaderboard
from harness_ext.pages.leaderboard.board import Figure
from harness_ext.pages.leaderboard.tables import percent
from harness_ext.pipelines.study.cell_schedule import State
from harness_ext.pipelines.study.cells import Cell
from harness_ext.pipelines.study.file import CLAIMS_FILE, Study, stops
from harness_ext.pipelines.study.next_cell import RULE
from harness_ext.pipelines.study.scaling import SCALING_NOTE, read_scaling, scaling_svg, scaling_tables
from harness_ext.pipelines.study.worker import read_record
from harness_ext.runs.outcomes import is_restored
from harness_ext.runs.run_folder import read_manifest
from harness_ext.runs.stopped import stopped_tasks
from synth.errors import StylerepError
from synth.files.replace_file import write_text
from synth.privacy.home_folders import without_home, without_homes
from synth.privacy.secrets import SECRETS

_EARLY = (
    "There is no board, and no model of scaling, since runs stopped early: both take the number of items as"
    " given."
)


def write_report(
    study: Study, cells: Sequence[Cell], state: State, folder: Path, say: Callable[[str], None]
) -> Report | None:
    """Compare all runs that a study has with ``base``, and write verdicts, figures, board and report into its
    folder; None where nothing can be compared.
    """
    there = [
        (folder / cell.output).parent
        for cell in cells
        if cell.kind == "evaluate" and cell.name in state.finished
    ]
    with_base = {run.parent.name for run in there if run.name == "base"}
    there = [run for run in there if run.parent.name in with_base]
    if len(there) <= len(with_base):
        return None
    claims = replace(load_claims(folder / CLAIMS_FILE), path=Path(CLAIMS_FILE)) if study.claims else None
    try:
        report = _compared(there, study, claims, state)
    except StylerepError as error:
        say(f"The runs cannot be compared: {error}")
        return None
    write_text(folder / "verdicts.json", json.dumps(report_json(report), indent=2) + "\n")
    (folder / "figures").mkdir(exist_ok=True)
    for drawn_before in (folder / "figures").glob("*.svg"):
        drawn_before.unlink()
    draw(report, folder / "figures")
    whole = [run for run in there if not stopped_tasks(read_manifest(run))]
    if len(whole) == len(there):
        leaderboard(there, folder / "board", title=study.name, baseline=str(there[0]), workers=1)
    scaling = read_scaling(whole) if len(whole) == len(there) else []
    if scaling:
        write_text(folder / "figures" / "scaling.svg", scaling_svg(scaling))
    tables = [*paper_tables(study, report), *scaling_tables(scaling), *report_tables(report)]
    tables += _reading_tables(cells, state, folder)
    early = [_EARLY] if len(whole) < len(there) else []
    notes = [*report_notes(report), *early, *([SCALING_NOTE] if scaling else [])]
    notes += [*_order_notes(study, state), *_restored_notes(there), *_failures(state)]
    origins = _origins(cells, state, folder)
    signatures = [f"{one.run}, {one.task}: {one.signature}" for one in report.comparisons] + [
        f"{one.arm}, {one.task}: {one.signature}" for one in report.families
    ]
    write_text(
        folder / "report.md", f"# {study.name}\n\n{markdown_page([*tables, origins], [*notes, *signatures])}"
    )
    write_text(folder / "report.html", _html(study, tables, notes, signatures, origins, folder))
    return report


def _tables_of(kind: str, cells: Sequence[Cell], state: State, folder: Path) -> list[Path]:
    """Return the tables that the cells of a kind have written."""
    return [
        (folder / cell.output).with_suffix(".parquet")
        for cell in cells
        if cell.kind == kind and cell.name in state.finished
    ]


def _reading_tables(cells: Sequence[Cell], state: State, folder: Path) -> list[TextTable]:
    """Return the tables of learnability and of probes, model by model."""
    rows, probes = (_tables_of(kind, cells, state, folder) for kind in ("learnability", "probe"))
    if not (rows or probes):
        return []
    import pyarrow.parquet as pq

    from harness_ext.pipelines.learnability.report import report_of as learnability_of  # with torch
    from harness_ext.pipelines.probe.report import report_of as probes_of
    from harness_ext.pipelines.probe.tables import report_tables as probe_tables

    tables = [table for path in rows for table in learnability_of(pq.read_table(path).to_pylist()).tables()]
    return tables + [
        replace(table, title=f"{path.stem.removeprefix('probe-')}, {table.title}")
        for path in probes
        for table in probe_tables(probes_of(pq.read_table(path).to_pylist()))
    ]


def _compared(runs: Sequence[Path], study: Study, claims: Claims | None, state: State) -> Report:
    """Compare runs; where cells failed and claims lack their runs, or there are too few seeds yet to pool
    how much they differ, compare all the same and note what was not done.
    """
    try:
        return compare(
            runs,
            "base",
            study.margin,
            claims=claims,
            lacking=_left_out_arms(state),
            between_seeds=study.between_seeds,
        )
    except StylerepError as error:
        pooled = study.between_seeds == "pooled"
        failed = bool(state.failed or state.blocked)
        if not pooled and (claims is None or not failed):
            raise
        report = compare(runs, "base", study.margin)
        what = "SEEDS WERE NOT POOLED" if claims is None else "THE CLAIMS WERE NOT JUDGED"
        why = ", since cells failed" if failed else ""
        return replace(report, notes=[*report.notes, f"{what}{why}: {error}"])


def _left_out_arms(state: State) -> set[str]:
    """Return the arms of which a run was left out, since what needs it is settled."""
    return {cell.arm for cell in state.cells if cell.kind == "evaluate" and cell.name in state.left_out}


def paper_tables(study: Study, report: Report) -> list[TextTable]:
    """Return, task by task, the accuracy of every arm by model, as the paper tabulates it, with 95 %
    intervals; over seeds where there are several.
    """
    tables = []
    models = list(dict.fromkeys(cell.model for cell in report.cells))
    for task in dict.fromkeys(cell.task for cell in report.cells):
        arms = [
            arm
            for arm in study.evaluated
            if any(cell.arm == arm and cell.task == task for cell in report.cells)
        ]
        rows = []
        for model in models:
            own = {cell.arm: cell for cell in report.cells if cell.model == model and cell.task == task}
            rows.append(
                (
                    model.rstrip("/").rpartition("/")[2],
                    *(
                        percent(Figure(own[arm].accuracy, own[arm].interval)) if arm in own else ""
                        for arm in arms
                    ),
                )
            )
        tables.append(TextTable(f"{task}: accuracy, % [95 %], by arm", ("model", *arms), tuple(rows)))
    return tables


def _failures(state: State) -> list[str]:
    found = [f"{name} FAILED: {without_home(SECRETS.output(why))}" for name, why in state.failed.items()]
    return [*found, *(f"{name} was not run, since what it needs failed." for name in state.blocked)]


def _order_notes(study: Study, state: State) -> list[str]:
    """Say by which rule cells ran, and which were left out."""
    if not (study.claims and any(stops(study, model) for model in study.models)):
        return []
    return [RULE, *(f"{name}: {why}." for name, why in state.left_out.items())]


def _restored_notes(runs: Sequence[Path]) -> list[str]:
    count = sum(is_restored(read_manifest(run)) for run in runs)
    if not count:
        return []
    return [
        f"{count} of {len(runs)} runs were taken from an outcomes file: their scores are here, their"
        " documents, prompts and responses were left out."
    ]


def _origins(cells: Sequence[Cell], state: State, folder: Path) -> TextTable:
    """Return where each result comes from: the cell, its key, and the digests in its manifest."""
    rows = []
    for cell in cells:
        if cell.name not in state.finished:
            continue
        manifest = read_manifest((folder / cell.output).parent) if cell.output else {}
        digest = next(
            (
                str(manifest[name])[:12]
                for name in ("adapter_sha256", "fingerprint", "dataset_fingerprint", "base_sha256")
                if manifest.get(name)
            ),
            "",
        )
        seconds = read_record(folder, cell).get("seconds")
        rows.append((cell.name, cell.key[:12], digest, "" if seconds is None else f"{seconds:,.0f}"))
    return TextTable(
        "Where the results come from", ("cell", "key", "digest", "seconds"), tuple(rows), frozenset({0, 1, 2})
    )


def _html(
    study: Study,
    tables: Sequence[TextTable],
    notes: Sequence[str],
    signatures: Sequence[str],
    origins: TextTable,
    folder: Path,
) -> str:
    environment = jinja2.Environment(
        autoescape=True, trim_blocks=True, lstrip_blocks=True, undefined=jinja2.StrictUndefined
    )
    source = (resources.files("harness_ext.pipelines.study") / "report.html.jinja").read_text(
        encoding="utf-8"
    )
    figures = {
        path.stem: path.read_text(encoding="utf-8") for path in sorted((folder / "figures").glob("*.svg"))
    }
    drawn = {name: svg[svg.index("<svg") :] for name, svg in figures.items()}
    settings = yaml.safe_dump(
        without_homes(SECRETS.settings(json.loads(json.dumps(asdict(study))))),
        sort_keys=False,
        allow_unicode=True,
    )
    return environment.from_string(source).render(
        study=study,
        tables=tables,
        notes=notes,
        signatures=signatures,
        origins=origins,
        figures=drawn,
        settings=settings,
        version=version("stylerep"),
    )
