"""What a study's models make of its rows and traces stands in its report."""

from pathlib import Path

from harness_ext.pipelines.learnability.run import table_bytes as learnability_bytes
from harness_ext.pipelines.probe.run import table_bytes as probe_bytes
from harness_ext.pipelines.study import load_study, study_cells
from harness_ext.pipelines.study.cell_schedule import State
from harness_ext.pipelines.study.report import _reading_tables
from tests.harness_ext.pipelines.study.files import write_study


def test_the_tables_of_finished_cells_are_in_the_report(tmp_path: Path) -> None:
    study = load_study(write_study(tmp_path, "org/m", learnability={}, probes={}))
    cells = study_cells(study)
    rows = [
        {"model": "org/m", "data": "data/hc", "arm": "hc", "id": str(number), "tokens": 5, "rank": 2.0}
        | {"surprisal": 1.0 + number / 10}
        for number in range(4)
    ]
    (tmp_path / "learnability-tiny.parquet").write_bytes(learnability_bytes(rows))
    probed = [
        {"run": "hc-0", "arm": "hc", "task": "t", "item": str(number), "probe": "none", "effect": 0.3}
        | {"effect_right": 0.2}
        for number in range(4)
    ]
    (tmp_path / "probe-tiny.parquet").write_bytes(probe_bytes(probed))
    finished = State(cells, before={"learnability tiny", "probe tiny"})
    titles = [one.title for one in _reading_tables(cells, finished, tmp_path)]
    assert titles == [
        "Learnability for org/m: mean surprisal in nats a token, whole and by part",
        "tiny, hc-0: whole trace less probed, by kind",
    ]
    assert _reading_tables(cells, State(cells), tmp_path) == []
