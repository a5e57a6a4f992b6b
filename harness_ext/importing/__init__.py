"""Evaluation results of other harnesses, as run folders: read by format, matched to items,
graded anew, written whole.
"""

from harness_ext.importing.formats import FORMATS
from harness_ext.importing.imports import Imported, import_runs
from harness_ext.importing.record import ReadSource
from harness_ext.importing.run_folders import About, ImportedTask, read_models

__all__ = ["FORMATS", "About", "Imported", "ImportedTask", "ReadSource", "import_runs", "read_models"]
