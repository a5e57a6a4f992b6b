"""``stylerep probe``: whether answers hang on the traces before them, and on which parts."""

from harness_ext.pipelines.probe.report import (
    EarlyAnswers,
    EffectDifference,
    ProbeEffect,
    ProbeReport,
    report_of,
)
from harness_ext.pipelines.probe.run import ProbeSettings, probe

__all__ = [
    "EarlyAnswers",
    "EffectDifference",
    "ProbeEffect",
    "ProbeReport",
    "ProbeSettings",
    "probe",
    "report_of",
]
