"""Study files: problems, arms, models, seeds, training, evaluation and claims of one experiment."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from distill.training.loss_on import taught_arm
from harness_ext.backends.lm_eval.names import STYLE_HF, VLLM
from harness_ext.backends.style_hf.control_settings import Controls, read_controls
from harness_ext.pipelines.study.declared import ModelEntry, StudyFile, said
from harness_ext.pipelines.study.options import check_options, whole_path, with_whole_paths
from harness_ext.pipelines.study.own_style import KEY, is_own
from harness_ext.scoring.registration import GENERATES
from harness_ext.scoring.task_folder import output_type, tasks_named
from synth.errors import StylerepError
from synth.schema import Document, read_as, read_yaml

if TYPE_CHECKING:
    from harness_ext.compare.hypotheses_file import Claims

CLAIMS_FILE = "claims.yaml"
"""The claims of a study in its folder; every run records the hash that this file had."""


@dataclass(frozen=True, slots=True)
class StudyModel:
    """One model of a study: its name, folder or Hub id, what it is called in files,
    and what differs for it from the study's settings.

    `gpus` is how many its cells need; None: one where there is a GPU at all,
    more where its weights need them.
    """

    name: str
    label: str
    train: Mapping[str, Any] = field(default_factory=dict)
    evaluate: Mapping[str, Any] = field(default_factory=dict)
    gpus: int | None = None


@dataclass(frozen=True, slots=True)
class Study:
    """The contents of a study file.

    `train` and `evaluate` hold options of ``stylerep distill`` and ``stylerep eval`` by their names
    (``max_gen_toks`` goes to lm_eval's ``--gen_kwargs``; ``model`` is lm_eval's, ``hf`` if left out; ``stop:
    settled`` ends a run once the claims about it, or its comparison with ``base``, are settled), `style`
    dials of ``stylerep synth``.
    `teach` has options of ``stylerep teach`` for the arm ``st``, or ``from``, a file or Hub data set of
    traces, of which then all arms are made (``st, st_w, shuffle=0.67``). `own` has those for the arm
    ``self``, with ``unsolved`` of ``stylerep synth``, and is None without such an arm: each model is then
    sampled, and has data sets of its own. Every arm of every model is trained
    once with each of `seeds` on the same data, and compared with ``base``. `controls` are of decoding
    (`harness_ext.backends.style_hf.control_settings`, by their names): every arm, base too, is evaluated as
    it is and under each. `learnability` and `probes` are options of those verbs, None where they aren't asked
    for: how surprising the arms are to each model, and whether the answers of its first seed's runs hang on
    their traces. `claims` are hypotheses as ``stylerep compare --claims`` takes them, declared before
    anything runs. `between_seeds` says where comparisons take the spread between seeds from: ``each`` from
    its own runs, or ``pooled`` over all arms and models.
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
    learnability: Mapping[str, Any] | None = None
    probes: Mapping[str, Any] | None = None
    own: Mapping[str, Any] | None = None
    between_seeds: str = "each"

    @property
    def decodings(self) -> tuple[Controls, ...]:
        """How every arm is decoded: as it is, and under each of `controls`."""
        return (Controls(), *map(read_controls, self.controls))

    @property
    def taught(self) -> tuple[str, ...]:
        """The arms that data sets are made for: ``hc`` for the arms ``hc`` and ``hc_on_steps``."""
        return tuple(dict.fromkeys(taught_arm(arm)[0] for arm in self.arms))

    @property
    def evaluated(self) -> tuple[str, ...]:
        """The arms that are compared, as runs name them: base, and what is trained, under each control."""
        return tuple(decoding.arm(arm) for arm in ("base", *self.arms) for decoding in self.decodings)


def load_study(path: Path) -> Study:
    """Read a study file, whole: its keys, values and claims,
    and whether the commands that it stands for would take them.

    Raises:
        StylerepError: naming line and key, for what is missing, unknown, of the wrong type, out of range, or
            would be refused by a command.

    """
    document = read_yaml(path, "study file")
    if document.data is None:
        raise StylerepError(f"{path}: this study file is empty.")
    read = read_as(StudyFile, document.data, path, document.lines)
    teach = (
        {**read.teach, "from": whole_path(str(read.teach["from"]))} if "from" in read.teach else read.teach
    )
    place, colon, rest = read.problems.partition(":")
    study = Study(
        read.name,
        whole_path(place) + colon + rest,
        read.n,
        tuple(read.arms),
        tuple(_model(one, document, number) for number, one in enumerate(read.models)),
        tuple(read.seeds),
        with_whole_paths(read.train),
        said(read.evaluate),
        read.margin,
        read.style,
        teach,
        tuple(read.claims),
        read.data_seed,
        tuple(_control(one, document, number) for number, one in enumerate(read.controls)),
        read.learnability,
        read.probes,
        {} if read.own is None and any(is_own(taught_arm(arm)[0]) for arm in read.arms) else read.own,
        read.between_seeds,
    )
    _check_lists(document, study)
    _check_controls(document, study)
    check_options(document, study)
    _check_stop(document, study)
    _check_between_seeds(document, study)
    if study.claims:
        _check_claims(document, study)
    return study


def claims_text(study: Study) -> str:
    """Return the study's claims as a file for ``stylerep compare --claims``: of all tasks,
    with its margin, where a claim names none.
    """
    pooled = {} if study.between_seeds == "each" else {"between_seeds": study.between_seeds}
    return yaml.safe_dump(
        {"task": "all", "margin": study.margin, **pooled, "claims": list(study.claims)}, sort_keys=False
    )


def study_claims(study: Study) -> "Claims | None":
    """Return the claims of a study as they will stand in its folder; None where it declares none."""
    if not study.claims:
        return None
    from harness_ext.compare.hypotheses_file import parse_claims  # takes a second to import

    return parse_claims(claims_text(study).encode(), Path(CLAIMS_FILE))


def _check_claims(document: Document, study: Study) -> None:
    """Raise StylerepError for claims that cannot be read, or that name an arm the study lacks,
    before anything runs.
    """
    from harness_ext.compare.hypotheses_file import read_claims  # takes a second to import

    content = {"task": "all", "margin": study.margin, "claims": document.data["claims"]}
    _, claims, _ = read_claims(Document(content, document.lines, document.where))
    stopping = any(stops(study, model) for model in study.models)
    for number, claim in enumerate(claims):
        for part in (claim, *claim.parts) if stopping else ():
            if part.kind == "style_equivalent" or part.across == "families":
                what = "style" if part.kind == "style_equivalent" else "families"
                raise document.error(
                    ("claims", number),
                    f"the claim {claim.name!r} is about {what}, which takes the number of items as given;"
                    " leave evaluate: {stop: settled} out",
                )
        for arm in (arm for part in (claim, *claim.parts) for arm in part.arms):
            if arm not in study.evaluated:
                raise document.error(
                    ("claims", number),
                    f"the claim {claim.name!r} is about the arm {arm!r}, which the study lacks",
                )


def _model(given: str | ModelEntry, document: Document, number: int) -> StudyModel:
    entry = ModelEntry(name=given) if isinstance(given, str) else given
    label = (
        str(entry.label)
        if entry.label is not None
        else re.sub(r"[^A-Za-z0-9._-]+", "-", entry.name.rstrip("/").rpartition("/")[2])
    )
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]*", label):
        raise document.error(
            ("models", number),
            f"{label!r}, of {entry.name!r}, is to name files; give it another name under 'as'",
        )
    name = whole_path(entry.name) if Path(entry.name).expanduser().is_dir() else entry.name
    return StudyModel(name, label, with_whole_paths(entry.train or {}), said(entry.evaluate), entry.gpus)


def _control(given: Mapping[str, Any], document: Document, number: int) -> dict[str, Any]:
    """Return controls of decoding as they stand in a study, where kinds may be a list,
    after reading them once.
    """
    control = {key: "+".join(value) if isinstance(value, list) else value for key, value in given.items()}
    for key, value in control.items():
        if "," in str(value) or "=" in str(value):
            raise document.error(
                ("controls", number, key),
                f"this goes to --model_args and can have neither a comma nor =, found {value!r}",
            )
    try:
        read_controls(control)
    except StylerepError as error:
        raise document.error(
            ("controls", number), str(error).removeprefix("--model_args ").removesuffix(".")
        ) from error
    return control


def _check_controls(document: Document, study: Study) -> None:
    """Raise StylerepError for controls that do nothing, that occur twice,
    or that a model's way of writing has not.
    """
    # they name folders
    labels = [re.sub(r"[^A-Za-z0-9+-]+", "-", decoding.label) for decoding in study.decodings]
    for number, label in enumerate(labels[1:]):
        if label in labels[: number + 1]:
            says = f"this is there twice ({label})" if label else "this changes nothing"
            raise document.error(("controls", number), says)
    for model in study.models:
        way = {"model": "hf", **study.evaluate, **model.evaluate}["model"]
        if study.controls and way not in (STYLE_HF, VLLM):
            raise document.error(
                ("controls",),
                f"these need evaluate: {{model: {STYLE_HF}}} or {VLLM}; {model.label} is evaluated with"
                f" {way}",
            )


def stops(study: Study, model: StudyModel) -> bool:
    """Say whether a model's runs end once the claims about them are settled."""
    return {**study.evaluate, **model.evaluate}.get("stop") == "settled"


def _check_stop(document: Document, study: Study) -> None:
    """Raise StylerepError where runs are to stop early and something needs all of their items."""
    stopping = [model for model in study.models if stops(study, model)]
    if not stopping:
        return
    if len(study.seeds) > 1:
        raise document.error(
            ("seeds",),
            "with evaluate: {stop: settled} there is one seed: effects over several take the number of items"
            " as given",
        )
    for model in stopping:
        asked = {**study.evaluate, **model.evaluate}["tasks"]
        for task in tasks_named(asked.split(",") if isinstance(asked, str) else asked):
            if output_type(task) != GENERATES:
                raise document.error(
                    ("evaluate", "tasks"),
                    f"{task} asks for likelihoods, and evaluate: {{stop: settled}} goes with responses",
                )


def _check_between_seeds(document: Document, study: Study) -> None:
    """Raise StylerepError where the spread between seeds can't be pooled."""
    if study.between_seeds == "each":
        return
    from harness_ext.stats.pooled_seeds import FEWEST

    trained = len(study.arms) * len(study.models)
    if len(study.seeds) < 2 or trained < FEWEST:
        raise document.error(
            ("between_seeds",),
            f"it is pooled over {FEWEST} trained arms or more, of two seeds or more each; here are {trained},"
            f" with {len(study.seeds)}",
        )


def _check_lists(document: Document, study: Study) -> None:
    """Raise StylerepError for what occurs twice, and for arms that do not go with the rest."""
    for key in ("arms", "models", "seeds"):
        values = [one.label if isinstance(one, StudyModel) else one for one in getattr(study, key)]
        for number, one in enumerate(values):
            if one in values[:number]:
                raise document.error((key, number), f"{one!r} occurs twice")
    if "base" in study.arms:
        raise document.error(
            ("arms", study.arms.index("base")),
            "these are what is trained; base is always evaluated beside them",
        )
    own = any(map(is_own, study.taught))
    if study.own is not None and not own:
        raise document.error((KEY,), "this says how the arm self is sampled, and the study has no such arm")
    if own and study.teach:
        raise document.error(
            ("arms",),
            "the arms st and self are made of the traces of two models, each of the problems that it solved;"
            " put them into two studies",
        )
    if any(arm == "st" or arm.startswith("st_") for arm in study.taught) != bool(study.teach):
        raise document.error(
            ("teach",) if study.teach else ("arms",),
            "the arm st needs 'teach', a teacher or its traces (from), and 'teach' needs an arm st",
        )
    if "from" not in study.teach and any(arm.startswith("st_") for arm in study.taught):
        raise document.error(
            ("arms",), "altered traces of st are made from a file of traces; name it under 'teach' as 'from'"
        )
