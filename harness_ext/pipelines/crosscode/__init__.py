"""``stylerep crosscode report``: which features an adapter has added, and on what they fire."""

from harness_ext.pipelines.crosscode.report import (
    CrosscodeReport,
    FiringDifference,
    FiringShare,
    ReportedCrosscoder,
)
from harness_ext.pipelines.crosscode.run import crosscode_report

__all__ = ["CrosscodeReport", "FiringDifference", "FiringShare", "ReportedCrosscoder", "crosscode_report"]
