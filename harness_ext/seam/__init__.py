"""The one package that imports lm_eval: runs its command line with our tasks, and samples from its models."""

from harness_ext.seam.evaluation import evaluate
from harness_ext.seam.model_args import parse_model_args, public_model_args
from harness_ext.seam.sampling import Decoding, Sampler

__all__ = ["Decoding", "Sampler", "evaluate", "parse_model_args", "public_model_args"]
