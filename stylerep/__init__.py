"""stylerep in Python: from problems to verdicts in about a dozen functions.

Each name is imported when it is first used, so that ``import stylerep`` is quick: nothing here loads torch or
lm_eval until a model is trained or evaluated.

    problems  load_problems     questions with a verified answer and, where known, worked steps
    traces    render            traces of problems in the arms asked for, in memory
              synthesize        the same as data sets on disk, one an arm: what the command ``synth`` does
    style     score             one response: is it right, and what is the style of its trace
              read_style        the style of one trace
              analyze           the style of all responses in files, run folders or Hub data sets
    models    distill           train an adapter on one arm's data set
              evaluate          run lm_eval on a model, and get a run folder
              learnability      how surprising the rows of each arm are to a student, before training
              probe             whether answers hang on the traces before them, and on which parts
    verdicts  load_run          read a run folder
              compare           two lists of outcomes on the same items, or run folders, with a verdict
              plan              how many items a verdict takes
              leaderboard       rank runs on pages that open from disk
              reproduce         a whole study from one file

A mistake of the caller's raises `StylerepError`: one sentence that says what is wrong and what to do.

    import stylerep
    s = stylerep.score("<think>2 + 3 = 5. Wait, let me check: 5 - 3 = 2.</think>The answer is 5.", answer="5")
    print(s.correct, [pivot.phrase for pivot in s.pivots])
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from stylerep.comparing import compare as compare
    from stylerep.models import distill as distill
    from stylerep.models import evaluate as evaluate
    from stylerep.outcomes import PairedComparison as PairedComparison
    from stylerep.outcomes import SampleSize as SampleSize
    from stylerep.outcomes import plan as plan
    from stylerep.probing import learnability as learnability
    from stylerep.probing import probe as probe
    from stylerep.runs import leaderboard as leaderboard
    from stylerep.runs import load_run as load_run
    from stylerep.runs import reproduce as reproduce
    from stylerep.scoring import Score as Score
    from stylerep.scoring import TraceStyle as TraceStyle
    from stylerep.scoring import analyze as analyze
    from stylerep.scoring import read_style as read_style
    from stylerep.scoring import score as score
    from stylerep.traces import load_problems as load_problems
    from stylerep.traces import render as render
    from stylerep.traces import synthesize as synthesize
    from synth.errors import StylerepError as StylerepError

    __version__: str

_MODULES = {
    "PairedComparison": "stylerep.outcomes",
    "SampleSize": "stylerep.outcomes",
    "Score": "stylerep.scoring",
    "StylerepError": "synth.errors",
    "TraceStyle": "stylerep.scoring",
    "analyze": "stylerep.scoring",
    "compare": "stylerep.comparing",
    "distill": "stylerep.models",
    "evaluate": "stylerep.models",
    "leaderboard": "stylerep.runs",
    "learnability": "stylerep.probing",
    "load_problems": "stylerep.traces",
    "load_run": "stylerep.runs",
    "plan": "stylerep.outcomes",
    "probe": "stylerep.probing",
    "read_style": "stylerep.scoring",
    "render": "stylerep.traces",
    "reproduce": "stylerep.runs",
    "score": "stylerep.scoring",
    "synthesize": "stylerep.traces",
}
"""Where each name is; the block above says the same to type checkers and editors."""

__all__ = [
    "PairedComparison",
    "SampleSize",
    "Score",
    "StylerepError",
    "TraceStyle",
    "analyze",
    "compare",
    "distill",
    "evaluate",
    "leaderboard",
    "learnability",
    "load_problems",
    "load_run",
    "plan",
    "probe",
    "read_style",
    "render",
    "reproduce",
    "score",
    "synthesize",
]


def __getattr__(name: str) -> object:
    if name == "__version__":
        from importlib.metadata import version

        found: object = version("stylerep")
    elif name in _MODULES:
        found = getattr(import_module(_MODULES[name]), name)
    else:
        raise AttributeError(f"module 'stylerep' has no attribute {name!r}")
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
