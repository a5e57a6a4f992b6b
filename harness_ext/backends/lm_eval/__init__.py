"""The one package that imports lm_eval: runs its command line with our tasks, builds tasks,
and samples from its models.
"""

from harness_ext.backends.lm_eval.building import BuiltTask, build_task
from harness_ext.backends.lm_eval.echoed_scores import SERVER, EchoedTokens, EchoServer, Prompt
from harness_ext.backends.lm_eval.evaluation import evaluate
from harness_ext.backends.lm_eval.model_args import parse_model_args, public_model_args
from harness_ext.backends.lm_eval.models import check_named
from harness_ext.backends.lm_eval.progress import EvaluationStage
from harness_ext.backends.lm_eval.sampling import Decoding, Sampler

__all__ = [
    "SERVER",
    "BuiltTask",
    "Decoding",
    "EchoServer",
    "EchoedTokens",
    "EvaluationStage",
    "Prompt",
    "Sampler",
    "build_task",
    "check_named",
    "evaluate",
    "parse_model_args",
    "public_model_args",
]
