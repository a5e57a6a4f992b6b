"""``stylerep teach``: traces sampled from a model, verified, as data set ``st``,
or written by one under a structured prompt, as ``hc``.
"""

from harness_ext.pipelines.teach.run import teach
from harness_ext.pipelines.teach.settings import TeachSettings
from harness_ext.pipelines.teach.tally import Tally, describe

__all__ = ["Tally", "TeachSettings", "describe", "teach"]
