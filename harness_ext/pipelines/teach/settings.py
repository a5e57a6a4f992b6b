"""Settings of ``stylerep teach``."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from harness_ext.backends.lm_eval import Decoding, parse_model_args, public_model_args
from harness_ext.pipelines.teach.writer import writer
from synth.errors import StylerepError
from synth.privacy.secrets import SECRETS
from synth.traces.arms import SAMPLED

KEEP = ("first", "all")
# These say how a model is asked and not what it answers: a run may go on with others.
_HOW_ASKED = (
    "num_concurrent",
    "max_retries",
    "timeout",
    "batch_size",
    "device",
    "verify_certificate",
    "ca_cert_path",
)


@dataclass(frozen=True, slots=True)
class TeachSettings:
    """Which model answers which problems, and how.

    `attempts` is how many responses a problem may get: the samples of a teacher, or for a writer one and the
    retries. `keep` is "first" (the first right response of each problem) or "all" (every response, labelled).
    `write` is None for a teacher's own traces (arm `st`) or "hc" for traces written under the structured
    prompt. `sampled_as` is the arm of a model's own traces: "st" for a teacher's, "self" where the model is
    the student itself, which `student` then describes (`harness_ext.pipelines.teach.student`).
    `decontaminate` passes over problems that are too like a test question of a task.
    """

    problems: str
    model: str
    model_args: Mapping[str, Any] = field(default_factory=dict)
    n: int | None = None
    attempts: int = 4
    temperature: float = 0.7
    max_tokens: int = 2048
    keep: str = "first"
    write: str | None = None
    seed: int = 0
    batch: int = 16
    decontaminate: bool = True
    sampled_as: str = "st"
    student: Mapping[str, Any] | None = None

    def validate(self) -> None:
        """Raise StylerepError for what cannot be done."""
        if self.write not in (None, "hc"):
            raise StylerepError(f"A model can write the arm hc, not {self.write!r}.")
        if self.sampled_as not in SAMPLED:
            raise StylerepError(f"--arm is {' or '.join(SAMPLED)}, not {self.sampled_as!r}.")
        if self.sampled_as == "self" and (self.write or self.keep != "first"):
            raise StylerepError(
                "--arm self is the student's own right traces, one a problem; it goes with neither --write"
                " nor --keep all."
            )
        if self.keep not in KEEP:
            raise StylerepError(f"--keep is first or all, not {self.keep!r}.")
        if self.attempts < 1:
            raise StylerepError(
                "The number of retries must be 0 or more."
                if self.write
                else f"At least one sample a problem is needed, got {self.attempts}."
            )
        if not 0 <= self.temperature <= 100:
            raise StylerepError(f"The temperature must be 0 or more, got {self.temperature:g}.")
        if self.attempts > 1 and not self.write and not self.temperature:
            raise StylerepError(
                f"At temperature 0 all {self.attempts} samples of a problem are the same; choose a higher"
                " one, or --samples 1."
            )
        if self.write and self.keep == "all":
            raise StylerepError(
                "What a writer gets wrong is no trace of any arm: --keep all goes without --write."
            )
        if self.max_tokens < 1:
            raise StylerepError(f"--max-tokens must be at least 1, got {self.max_tokens}.")
        if self.batch < 1:
            raise StylerepError(f"--batch must be at least 1, got {self.batch}.")

    @property
    def arm(self) -> str:
        """Arm of the data set."""
        return self.write or self.sampled_as

    @property
    def decoding(self) -> Decoding:
        """How responses are drawn."""
        return Decoding(self.temperature, self.max_tokens, self.seed)

    def describe(self) -> dict[str, Any]:
        """Return all that decides what is sampled and kept, for journal and manifest; no secrets."""
        public = public_model_args(self.model_args)
        described = {
            "arm": self.arm,
            "problems": self.problems,
            "n": self.n,
            "model": self.model,
            "model_args": {name: value for name, value in sorted(public.items()) if name not in _HOW_ASKED},
            "attempts": self.attempts,
            "temperature": self.temperature,
            "max_tokens": self.max_tokens,
            "keep": self.keep,
            "seed": self.seed,
            "decontaminate": self.decontaminate,
            **({"writer_prompt": writer().digest} if self.write else {}),
            **({"student": dict(self.student)} if self.student else {}),
        }
        masked: dict[str, Any] = SECRETS.settings(described)
        return masked


def settle(
    *,
    problems: str,
    model: str,
    model_args: str = "",
    n: int | None = None,
    samples: int | None = None,
    keep: str = "first",
    write: str | None = None,
    retries: int | None = None,
    temperature: float = 0.7,
    max_tokens: int = 2048,
    batch: int = 16,
    seed: int = 0,
    decontaminate: bool = True,
    arm: str = "st",
    **_: object,
) -> TeachSettings:
    """Return what options of ``stylerep teach``, by their names, come to;
    raise StylerepError for those that do not go together.
    """
    if write is not None and samples is not None:
        raise StylerepError("--samples is for a teacher's own traces; a writer has --retries.")
    if write is None and retries is not None:
        raise StylerepError("--retries is for --write hc; a teacher's own traces have --samples.")
    attempts = 1 + (2 if retries is None else retries) if write else (4 if samples is None else samples)
    return TeachSettings(
        problems,
        model,
        parse_model_args(model_args),
        n,
        attempts,
        temperature,
        max_tokens,
        keep,
        write,
        seed,
        batch,
        decontaminate,
        arm,
    )
