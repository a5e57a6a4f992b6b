"""The one package that imports lm_eval: runs its command line with our tasks, builds tasks, and samples from its models."""

from harness_ext.seam.building import BuiltTask, build_task
from harness_ext.seam.evaluation import evaluate
from harness_ext.seam.model_args import parse_model_args, public_model_args
from harness_ext.seam.models import check_named
from harness_ext.seam.sampling import Decoding, Sampler

__all__ = ["BuiltTask", "Decoding", "Sampler", "build_task", "check_named", "evaluate", "parse_model_args", "public_model_args"]
