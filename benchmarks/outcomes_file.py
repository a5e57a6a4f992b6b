"""How small a study's outcomes file is, and whether it gives the verdicts of the runs that it was made of.

    python -m benchmarks.outcomes_file STUDY FOLDER

Takes the runs of a study that are done in its folder, which is only read. They are packed, written anew as
run folders elsewhere, and both are compared with ``base``. Ends with 1 where the two reports differ in
anything.
"""

import argparse
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from harness_ext.compare import compare, report_json
from harness_ext.pipelines.study import load_study, study_cells
from harness_ext.pipelines.study.worker import is_done
from harness_ext.runs.outcomes import OutcomesFile, RunLabel, read_outcomes, restore_run
from harness_ext.scoring.task_folder import study_file
from synth.files.files_below import files_below, size_of


def main() -> int:
    """Pack runs, unpack them, and compare."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("study", type=Path)
    parser.add_argument("folder", type=Path)
    given = parser.parse_args()
    study = load_study(study_file(given.study))
    cells = [cell for cell in study_cells(study) if cell.kind == "evaluate" and is_done(given.folder, cell)]
    runs = [(given.folder / cell.output).parent for cell in cells]
    with tempfile.TemporaryDirectory() as scratch:
        file = OutcomesFile(Path(scratch) / "found.parquet")
        began = time.monotonic()
        labels = [
            RunLabel(study.name, cell.name, cell.label, cell.arm, None, cell.key, None) for cell in cells
        ]
        file.add([read_outcomes(run, label) for run, label in zip(runs, labels, strict=True)])
        packed = time.monotonic() - began
        again = [Path(scratch) / run.relative_to(given.folder) for run in runs]
        began = time.monotonic()
        found = OutcomesFile(file.path).runs()
        for cell, folder in zip(cells, again, strict=True):
            restore_run(folder, found[cell.key], file.path.name)
        restored, size = time.monotonic() - began, file.path.stat().st_size
        items = sum(run.rows.num_rows for run in found.values())
        whole = size_of(path for run in runs for path in files_below(run))
        one, two = (_report(folders, study.margin) for folders in (runs, again))
    print(
        f"{len(runs)} runs of {items:,} items: {size:,} bytes, {size / len(runs):,.0f} a run,"
        f" {whole / size:,.0f} times smaller than their folders; packed in {packed:.1f} s, written anew in"
        f" {restored:.1f} s."
    )
    print(
        f"The reports {'are the same' if one == two else 'DIFFER'} ({len(one['comparisons'])} comparisons)."
    )
    return int(one != two)


def _report(runs: list[Path], margin: float) -> Any:
    return report_json(compare(runs, "base", margin))


if __name__ == "__main__":
    sys.exit(main())
