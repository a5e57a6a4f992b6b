"""``stylerep learnability``: how surprising the rows of each arm are to a student, before any training."""

from harness_ext.pipelines.learnability.report import ArmDifference, ArmLearnability, LearnabilityReport
from harness_ext.pipelines.learnability.run import learnability

__all__ = ["ArmDifference", "ArmLearnability", "LearnabilityReport", "learnability"]
