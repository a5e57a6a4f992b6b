"""The student's own style in a study: each model is sampled before its arms are made, of the problems that it
solved.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from harness_ext.backends.lm_eval.names import LOCAL
from harness_ext.pipelines.study.option_words import words

if TYPE_CHECKING:
    from harness_ext.pipelines.study.file import Study, StudyModel

ARM = "self"
KEY = "self"
"""The key of a study file that says how models are sampled."""


def is_own(arm: str) -> bool:
    """Say whether an arm, as data sets are named, is of the student's own traces."""
    return arm == ARM or arm.startswith(f"{ARM}_")


def data_of(study: "Study", model: "StudyModel") -> str:
    """Return the folder of a model's data sets in a study's: all models' own, but where each is sampled."""
    return "data" if study.own is None else f"data/{model.label}"


def own_options(study: "Study") -> tuple[dict[str, Any], str | None]:
    """Return the options of ``stylerep teach`` that a study has, but for its model, and ``--unsolved`` of
    ``stylerep synth``, None if left out.
    """
    options = dict(study.own or {})
    unsolved = options.pop("unsolved", None)
    return {name: value for name, value in options.items() if name not in ("model", "model_args")}, unsolved


def sampled_model(options: Mapping[str, Any], name: str) -> list[str]:
    """Return what names a study's model to ``stylerep teach``, of whatever type the options say."""
    kind, rest = str(options.get("model", "hf")), str(options.get("model_args", ""))
    named = f"{name_argument(kind)}={name}"
    return ["--model", kind, "--model_args", f"{named},{rest}" if rest else named]


def name_argument(kind: str) -> str:
    """Return the argument that holds a model's name, by its type in lm_eval."""
    return "pretrained" if kind in LOCAL else "model"


def sampling_command(study: "Study", model: "StudyModel", out: str) -> list[str]:
    """Return the command that samples a model's own traces."""
    options, _ = own_options(study)
    which = ["--problems", study.problems, "--n", str(study.n), "--seed", str(study.data_seed)]
    asked = sampled_model(study.own or {}, model.name)
    return ["teach", "--arm", ARM, *asked, *which, *words(options), "--out", out]


def rendering_options(study: "Study", sampled: str) -> list[str]:
    """Return the options of ``stylerep synth`` that make arms beside the traces in *sampled*."""
    _, unsolved = own_options(study)
    return ["--like", sampled, *(["--unsolved", str(unsolved)] if unsolved is not None else [])]
