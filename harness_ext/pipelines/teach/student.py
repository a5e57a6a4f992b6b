"""The student whose own traces are sampled (``stylerep teach --arm self``): which model it is."""

from dataclasses import replace

from distill.models.adapter_base import weights_digest
from distill.models.pretrained import resolve_model
from harness_ext.backends.lm_eval.names import ADAPTER, LOCAL
from harness_ext.pipelines.teach.settings import TeachSettings
from synth.errors import StylerepError

_ADAPTERS = ("peft", "delta", *ADAPTER.values())


def with_student(settings: TeachSettings) -> TeachSettings:
    """Return settings with the student's name and the digest of its weights, None for a Hub id or a model
    behind an address; as they are where a teacher is asked. Raises StylerepError for a student without a
    name, or one with an adapter.
    """
    if settings.sampled_as != "self":
        return settings
    given, named = settings.model_args, "pretrained" if settings.model in LOCAL else "model"
    if adapter := next((name for name in _ADAPTERS if given.get(name)), None):
        raise StylerepError(
            f"--arm self samples the student as it is before training; leave {adapter} out of --model_args."
        )
    if not (name := given.get(named)):
        raise StylerepError(f"--arm self needs the student's name: --model_args {named}=….")
    weights = weights_digest(resolve_model(str(name))) if settings.model in LOCAL else None
    return replace(settings, student={"name": str(name), "weights_sha256": weights})
