"""The command ``stylerep``: each verb is a thin function over a public one,
which is imported when it is called.
"""

# In the order in which --help lists their verbs.
from harness_ext.cli import traces, training, probing, crosscoding  # noqa: F401, I001  (isort: adds verbs)
from harness_ext.cli import evaluating, comparing, ranking, importing  # noqa: F401
from harness_ext.cli import studies, files  # noqa: F401
from harness_ext.cli.command import app

__all__ = ["app"]
