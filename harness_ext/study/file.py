"""Study files: problems, arms, models, seeds, training, evaluation and claims of one experiment."""

import re
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

import yaml

from harness_ext.models.controls import NAMES, Controls, read_controls
from harness_ext.seam.models import STYLE_HF, VLLM
from synth.errors import StylerepError

_KINDS: Mapping[str, Any] = {
    "name": str, "problems": str, "n": int, "arms": list, "models": list, "seeds": list, "train": dict, "evaluate": dict, "margin": float, "style": dict,
    "teach": dict, "claims": list, "data_seed": int, "controls": list,
}  # fmt: skip
_OPTIONAL = ("style", "teach", "claims", "data_seed", "controls")
_EVALUATE = ("tasks", "limit", "max_gen_toks", "batch-size", "model", "metadata")
_MODEL = ("name", "as", "train", "evaluate", "gpus")


@dataclass(frozen=True, slots=True)
class StudyModel:
    """One model of a study: its name, folder or Hub id, what it is called in files, and what differs for it from the study's settings.

    `gpus` is how many its cells need; None: one where there is a GPU at all, more where its weights need them.
    """

    name: str
    label: str
    train: Mapping[str, Any] = field(default_factory=dict)
    evaluate: Mapping[str, Any] = field(default_factory=dict)
    gpus: int | None = None


@dataclass(frozen=True, slots=True)
class Study:
    """The contents of a study file.

    `train` and `evaluate` hold options of ``stylerep distill`` and ``stylerep eval`` by their names (``max_gen_toks`` goes to lm_eval's
    ``--gen_kwargs``; ``model`` is lm_eval's, ``hf`` if left out), `style` dials of ``stylerep synth``. `teach` has options of ``stylerep teach`` for the arm
    ``st``, or ``from``, a file or Hub data set of traces, of which then all arms are made (``st, st_w, shuffle=0.67``). Every arm of every model is trained
    once with each of `seeds` on the same data, and compared with ``base``. `controls` are of decoding (`harness_ext.models.controls`, by their names): every
    arm, base too, is evaluated as it is and under each. `claims` are hypotheses as ``stylerep compare --claims`` takes them,
    declared before anything runs.
    """

    name: str
    problems: str
    n: int
    arms: tuple[str, ...]
    models: tuple[StudyModel, ...]
    seeds: tuple[int, ...]
    train: Mapping[str, Any]
    evaluate: Mapping[str, Any]
    margin: float
    style: Mapping[str, float] = field(default_factory=dict)
    teach: Mapping[str, Any] = field(default_factory=dict)
    claims: tuple[Any, ...] = ()
    data_seed: int = 0
    controls: tuple[Mapping[str, Any], ...] = ()

    @property
    def decodings(self) -> tuple[Controls, ...]:
        """How every arm is decoded: as it is, and under each of `controls`."""
        return (Controls(), *map(read_controls, self.controls))

    @property
    def evaluated(self) -> tuple[str, ...]:
        """The arms that are compared, as runs name them: base, and what is trained, under each control."""
        return tuple(decoding.arm(arm) for arm in ("base", *self.arms) for decoding in self.decodings)


def load_study(path: Path) -> Study:
    """Read a study file; raise StylerepError, naming the key, where one is missing, unknown or of the wrong kind."""
    if not path.is_file():
        raise StylerepError(f"{path}: there is no such study file.")
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise StylerepError(f"{path}: this is not valid YAML ({' '.join(str(error).split())}).") from error
    names = [one.name for one in fields(Study)]
    if not isinstance(content, dict):
        raise StylerepError(f"{path}: expected the keys {', '.join(names)}.")
    for key in names:
        if key not in content and key not in _OPTIONAL:
            raise StylerepError(f"{path}: the key {key!r} is missing.")
    for key, value in content.items():
        if key not in names:
            raise StylerepError(f"{path}: there is no key {key!r}; a study has {', '.join(names)}.")
        if not isinstance(value, _KINDS[key]) or isinstance(value, bool):
            raise StylerepError(f"{path}: {key!r} must be {_KINDS[key].__name__}, found {value!r}.")
    models = tuple(_model(path, one) for one in content["models"])
    lists = {key: tuple(content[key]) for key in ("arms", "seeds", "claims") if key in content}
    study = Study(**{**content, **lists, "models": models, "controls": tuple(_control(path, one) for one in content.get("controls", ()))})
    _check(path, study)
    _check_controls(path, study)
    if study.claims:
        _check_claims(path, study)
    return study


def claims_text(study: Study) -> str:
    """Return the study's claims as a file for ``stylerep compare --claims``: of all tasks, with its margin, where a claim names none."""
    return yaml.safe_dump({"task": "all", "margin": study.margin, "claims": list(study.claims)}, sort_keys=False)


def _check_claims(path: Path, study: Study) -> None:
    """Raise StylerepError for claims that cannot be read, or that name an arm the study lacks, before anything runs."""
    with tempfile.TemporaryDirectory() as scratch:
        file = Path(scratch) / "claims.yaml"
        file.write_text(claims_text(study), encoding="utf-8")
        try:
            from harness_ext.compare.claims_file import load_claims  # takes a second to import

            claims = load_claims(file)
        except StylerepError as error:
            raise StylerepError(f"{path}: {str(error).removeprefix(f'{file}, ').removeprefix(f'{file}: ')}") from error
    for claim in claims.claims:
        for arm in (arm for part in (claim, *claim.parts) for arm in part.arms):
            if arm not in study.evaluated:
                raise StylerepError(f"{path}: the claim {claim.name!r} is about the arm {arm!r}, which the study lacks.")


def _model(path: Path, given: Any) -> StudyModel:
    if isinstance(given, str):
        given = {"name": given}
    if not isinstance(given, dict) or not isinstance(given.get("name"), str) or not given["name"]:
        raise StylerepError(f"{path}: an entry of 'models' is a name, or has one under 'name'; found {given!r}.")
    for key in given:
        if key not in _MODEL:
            raise StylerepError(f"{path}: models, {given['name']}: there is no key {key!r}; a model has {', '.join(_MODEL)}.")
    label = str(given.get("as") or re.sub(r"[^A-Za-z0-9._-]+", "-", given["name"].rstrip("/").rpartition("/")[2]))
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]*", label):
        raise StylerepError(f"{path}: models, {given['name']}: {label!r} names files; take letters, digits, dots and dashes.")
    folder = Path(given["name"]).expanduser()
    name = str(folder.resolve()) if folder.is_dir() else given["name"]
    return StudyModel(name, label, given.get("train") or {}, given.get("evaluate") or {}, given.get("gpus"))


def _control(path: Path, given: Any) -> dict[str, Any]:
    """Return controls of decoding as they stand in a study, where kinds may be a list, after reading them once."""
    if not isinstance(given, dict) or not given:
        raise StylerepError(f"{path}: an entry of 'controls' has settings, such as {{suppress: realization}} or {{budget_forcing: 2}}; found {given!r}.")
    for key in given:
        if key not in NAMES:
            raise StylerepError(f"{path}: controls: there is no key {key!r}; there are {', '.join(NAMES)}.")
        if key.startswith("steer"):
            raise StylerepError(f"{path}: controls: a direction is fitted to a trained model (stylerep steer fit), so that a study cannot name its file.")
    control = {key: "+".join(map(str, value)) if isinstance(value, list) else value for key, value in given.items()}
    for key, value in control.items():
        if "," in str(value) or "=" in str(value):
            raise StylerepError(f"{path}: controls: {key} goes to --model_args and can have neither a comma nor =, found {value!r}.")
    try:
        read_controls(control)
    except StylerepError as error:
        raise StylerepError(f"{path}: controls: {str(error).removeprefix('--model_args ')}") from error
    return control


def _check_controls(path: Path, study: Study) -> None:
    """Raise StylerepError for controls that do nothing, that occur twice, or that a model's way of writing has not."""
    labels = [re.sub(r"[^A-Za-z0-9+-]+", "-", decoding.label) for decoding in study.decodings]  # they name folders
    for number, label in enumerate(labels[1:], 1):
        if label in labels[:number]:
            raise StylerepError(f"{path}: controls: {study.controls[number - 1]!r} {f'is there twice ({label})' if label else 'changes nothing'}.")
    for model in study.models:
        way = {"model": "hf", **study.evaluate, **model.evaluate}["model"]
        if study.controls and way not in (STYLE_HF, VLLM):
            raise StylerepError(f"{path}: 'controls' need evaluate: {{model: {STYLE_HF}}} or {VLLM}; {model.label} is evaluated with {way}.")


def _check(path: Path, study: Study) -> None:
    """Raise StylerepError, naming key and value, for what would fail later."""
    for key in ("arms", "models", "seeds"):
        values = [one.label if isinstance(one, StudyModel) else one for one in getattr(study, key)]
        if not values:
            raise StylerepError(f"{path}: {key!r} is empty.")
        if doubled := next((one for one in values if values.count(one) > 1), None):
            raise StylerepError(f"{path}: {doubled!r} occurs twice in {key!r}.")
    if not all(isinstance(seed, int) and not isinstance(seed, bool) for seed in study.seeds):
        raise StylerepError(f"{path}: 'seeds' are whole numbers, found {list(study.seeds)!r}.")
    if "base" in study.arms:
        raise StylerepError(f"{path}: 'arms' are what is trained; base is always evaluated beside them.")
    if any(arm == "st" or arm.startswith("st_") for arm in study.arms) != bool(study.teach):
        raise StylerepError(f"{path}: the arm st needs 'teach', a teacher or its traces (from), and 'teach' needs an arm st.")
    if "from" not in study.teach and any(arm.startswith("st_") for arm in study.arms):
        raise StylerepError(f"{path}: altered traces of st are made from a file of traces; name it under 'teach' as 'from'.")
    for model in study.models:
        evaluate = {**study.evaluate, **model.evaluate}
        if "tasks" not in evaluate:
            raise StylerepError(f"{path}: 'evaluate' lacks 'tasks'.")
        for key in evaluate:
            if key not in _EVALUATE:
                raise StylerepError(f"{path}: 'evaluate' has no key {key!r}; there are {', '.join(_EVALUATE)}.")
