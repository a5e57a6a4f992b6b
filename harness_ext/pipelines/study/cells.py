"""The cells of a study: each data set, adapter and run is a command,
named by the hash of all that goes into it.
"""

import hashlib
import json
import math
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from distill.experimental.scratch.names import is_scratch, scratch_model
from distill.models.packaged import NAMED
from distill.training.loss_on import is_on_policy, taught_arm
from distill.training.recipe import load_recipe
from harness_ext.backends.style_hf.control_settings import Controls
from harness_ext.pipelines.study.file import CLAIMS_FILE, Study, StudyModel, stops, study_claims
from harness_ext.pipelines.study.option_words import words
from harness_ext.pipelines.study.own_style import data_of, rendering_options, sampling_command
from harness_ext.pipelines.study.stopped_runs import BASE, compared_with, questions_of
from harness_ext.pipelines.study.train_options import train_options
from harness_ext.pipelines.study.withheld_secrets import Withheld
from synth.errors import StylerepError

FORMAT = 1
_WITH_MODEL = ("sample", "distill", "evaluate", "learnability", "probe")
_GPU_BYTES, _WHOLE, _FROZEN = 80e9, 16.0, 2.5
"""Memory of a GPU, and bytes a parameter: trained whole (weights, gradients, two moments, float32),
or held still with adapters.
"""


Draft = tuple[str, str, list[str], str, list[str], list[str], str, str]


@dataclass(frozen=True, slots=True)
class Cell:
    """One stylerep command (without the word ``stylerep``), run in the study's folder.

    `output` is the file, in that folder, that it writes last, empty if there is none. `after` names the cells
    whose results it reads. `key` is the hash of its command (without claims), of the user's files that it
    reads, of the keys of those cells and of stylerep's version.
    `label` (the model's) and `arm` are empty for what all models share.
    """

    name: str
    kind: str
    command: tuple[str, ...]
    output: str
    after: tuple[str, ...]
    key: str
    label: str = ""
    arm: str = ""
    gpus: int = 0

    @property
    def slug(self) -> str:
        """The name as a file's."""
        return _slug(self.name)


def study_cells(study: Study, gpus: bool = False) -> list[Cell]:
    """Return the cells of a study, each after those it waits for; secrets in their commands become
    environment variables (`Withheld`).

    Where there are *gpus*, a model gets as many as it says, else as its size needs.
    """
    cells: dict[str, Cell] = {}
    models = {model.label: model for model in study.models}
    secrets = Withheld()
    claims = study_claims(study)
    for name, kind, drafted, output, after, reads, label, arm in _in_order(_drafts(study)):
        command = secrets.command(drafted)
        parts: list[Any] = [
            FORMAT,
            version("stylerep"),
            command,
            [cells[one].key for one in after],
            [_digest(Path(one)) for one in reads],
        ]
        if "--until-settled" in command and (questions := questions_of(claims, arm)):
            parts.append(questions)  # its end depends on them
        if kind == "model" and is_scratch(models[label].name):
            parts.append(scratch_model(models[label].name).recipe())
        if output and ".." in Path(output).parts:
            raise StylerepError(
                f"The study's {name!r} would be written to {output}, out of its folder; give its arm another"
                " name."
            )
        key = hashlib.sha256(json.dumps(parts).encode()).hexdigest()
        model = models.get(label) if kind in _WITH_MODEL else None
        own = (
            0
            if model is None or not gpus
            else _needed_gpus(study, model, kind)
            if model.gpus is None
            else model.gpus
        )
        declared = ["--claims", CLAIMS_FILE] if kind == "evaluate" and study.claims else []
        cells[name] = Cell(
            name, kind, (command[0], *declared, *command[1:]), output, tuple(after), key, label, arm, own
        )
    return list(cells.values())


def _in_order(drafts: Iterable[Draft]) -> Iterator[Draft]:
    """Yield drafts as they come, but each after those that it waits for."""
    left, there = list(drafts), set[str]()
    while left:
        ready = [one for one in left if there.issuperset(one[4])]
        for one in ready[: 1 if len(ready) < len(left) else None]:
            left.remove(one)
            there.add(one[0])
            yield one


def _run_folder(label: str, arm: str, seed: int | None) -> str:
    """Return the folder of a run within a study's folder."""
    return f"runs/{label}/{_slug(arm if seed is None else f'{arm}-{seed}')}"


def _slug(name: str) -> str:
    return re.sub(r"[^A-Za-z0-9._=+-]+", "-", name)


def _drafts(study: Study) -> Iterator[Draft]:
    if study.own is None:
        yield from _data(study)
    ready: dict[str, list[str]] = {}
    for model in study.models:
        ready[model.label] = []
        if model.name in NAMED or is_scratch(model.name):
            ready[model.label] = [f"model {model.label}"]
            yield f"model {model.label}", "model", ["models", "pull", model.name], "", [], [], model.label, ""
    for model in study.models if study.own is not None else ():
        yield from _own_data(study, model, ready[model.label])
    for model in study.models:
        for decoding in study.decodings:
            yield _evaluate(study, model, "base", None, decoding, ready[model.label])
    # One seed after the other, each run after its training: a study that is stopped has whole seeds.
    for seed in study.seeds:
        for model in study.models:
            for arm in study.arms:
                data = _traces_cell(study, model, taught_arm(arm)[0])
                before = [*ready[model.label], *_pulled_teacher(study, model, arm), data]
                yield _distill(study, model, arm, seed, list(dict.fromkeys(before)))
                for decoding in study.decodings:
                    after = [f"distill {model.label} {arm} {seed}"]
                    yield _evaluate(study, model, arm, seed, decoding, after)
    for model in study.models:
        yield from _reading(study, model, ready[model.label])


def _reading(study: Study, model: StudyModel, ready: list[str]) -> Iterator[Draft]:
    """Yield what reads rows and traces with a model: how learnable the arms are for it, and probes of the
    traces in its first seed's runs.
    """
    if study.learnability is not None:
        data = sorted({_traces_cell(study, model, arm) for arm in study.taught}, reverse=True)
        yield _table(
            "learnability",
            model.label,
            [*(f"{data_of(study, model)}/{arm}" for arm in study.taught), "--model", model.name],
            words(study.learnability),
            [*ready, *data],
        )
    traced = [arm for arm in study.arms if arm != "nt"]
    if study.probes is not None and traced:
        seed = study.seeds[0]
        runs = [_run_folder(model.label, arm, seed) for arm in traced]
        after = [f"evaluate {model.label} {arm} {seed}" for arm in traced]
        page = ["--html", f"probe-{model.label}.html"]
        yield _table("probe", model.label, runs, [*words(study.probes), *page], after)


def _table(kind: str, label: str, read: list[str], options: list[str], after: list[str]) -> Draft:
    """Return a cell that writes a table, and then what it says as JSON, into the study's folder."""
    name = f"{kind}-{label}"
    command = [kind, *read, *options, "--out", f"{name}.parquet", "--json", f"{name}.json"]
    return f"{kind} {label}", kind, command, f"{name}.json", after, [], label, ""


def _data(study: Study) -> Iterator[Draft]:
    """Yield what makes the data sets: rendered from problems, of the same problems as a teacher's, or altered
    from traces of another source.
    """
    teach, rendered, seed = (
        dict(study.teach),
        [arm for arm in study.taught if arm != "st"],
        ["--seed", str(study.data_seed)],
    )
    source = str(teach.pop("from", ""))
    options = words(teach)
    if source:
        command = [
            "synth",
            "--from",
            source,
            "--arms",
            ",".join(study.taught),
            "--n",
            str(study.n),
            *seed,
            *options,
            "--out",
            "data",
        ]
        yield "traces", "data", command, f"data/{study.taught[-1]}/manifest.json", [], [source], "", ""
        return
    if teach:
        command = [
            "teach",
            "--problems",
            study.problems,
            "--n",
            str(study.n),
            *seed,
            *options,
            "--out",
            "data/st",
        ]
        yield (
            "traces of st",
            "data",
            command,
            "data/st/manifest.json",
            [],
            [study.problems.split(":")[0]],
            "",
            "st",
        )
    if rendered:
        which = ["--like", "data/st"] if teach else ["--n", str(study.n)]
        command = ["synth", "--problems", study.problems, "--arms", ",".join(rendered), *which, *seed]
        command += _dials(study)
        after = ["traces of st"] if teach else []
        yield (
            "traces",
            "data",
            [*command, "--out", "data"],
            f"data/{rendered[-1]}/manifest.json",
            after,
            [study.problems.split(":")[0]],
            "",
            "",
        )


def _pulled_teacher(study: Study, model: StudyModel, arm: str) -> list[str]:
    """Return the cell that pulls the teacher of an arm that is trained on-policy, if the study pulls it."""
    teacher = {**study.train, **model.train}.get("teacher") if is_on_policy(arm) else None
    own = [one for one in study.models if one.name == teacher and (teacher in NAMED or is_scratch(teacher))]
    return [f"model {one.label}" for one in own[:1]]


def _own_data(study: Study, model: StudyModel, ready: list[str]) -> Iterator[Draft]:
    """Yield what samples a model's own traces, and what makes all arms of the problems that it solved."""
    sampled, out, reads = f"own/{model.label}", data_of(study, model), [study.problems.split(":")[0]]
    command = sampling_command(study, model, sampled)
    first = f"sample {model.label}"
    yield first, "sample", command, f"{sampled}/manifest.json", ready, reads, model.label, ""
    command = ["synth", "--problems", study.problems, "--arms", ",".join(study.taught)]
    command += [*rendering_options(study, sampled), "--seed", str(study.data_seed), *_dials(study)]
    last = f"{out}/{study.taught[-1]}/manifest.json"
    name = _traces_cell(study, model, study.taught[-1])
    yield name, "data", [*command, "--out", out], last, [first], reads, model.label, ""


def _traces_cell(study: Study, model: StudyModel, arm: str) -> str:
    """Return the cell that makes the data set of an arm for a model."""
    if study.own is not None:
        return f"traces of {model.label}"
    return "traces of st" if arm == "st" and "from" not in study.teach else "traces"


def _dials(study: Study) -> list[str]:
    return [word for name, value in study.style.items() for word in ("--dial", f"{name}={value}")]


def _distill(study: Study, model: StudyModel, arm: str, seed: int, after: list[str]) -> Draft:
    taught, _ = taught_arm(arm)
    options = words(train_options({**study.train, **model.train}, arm))
    folder = f"adapters/{model.label}/{arm}-{seed}"
    command = [
        "distill",
        "--model",
        model.name,
        "--data",
        f"{data_of(study, model)}/{taught}",
        "--seed",
        str(seed),
        *options,
        "--out",
        folder,
    ]
    return (
        f"distill {model.label} {arm} {seed}",
        "distill",
        command,
        f"{folder}/manifest.json",
        after,
        [],
        model.label,
        arm,
    )


def _evaluate(
    study: Study, model: StudyModel, arm: str, seed: int | None, decoding: Controls, after: list[str]
) -> Draft:
    given: dict[str, Any] = {"model": "hf", **study.evaluate, **model.evaluate}
    tasks = given["tasks"] if isinstance(given["tasks"], str) else ",".join(given["tasks"])
    trained = "" if seed is None else f"adapters/{model.label}/{arm}-{seed}"
    if not trained:
        loaded = f"pretrained={model.name}"
    elif _method(study, model) == "full" and not is_on_policy(arm):
        loaded = f"pretrained={trained}"
    else:
        loaded = (
            f"pretrained={model.name},{'lora_local_path' if given['model'] == 'vllm' else 'peft'}={trained}"
        )
    based = {one.arm(BASE) for one in study.decodings}
    named, folder = decoding.arm(arm), _run_folder(model.label, decoding.arm(arm), seed)
    loaded += "".join(
        f",{name}={'+'.join(value) if isinstance(value, list) else value}"
        for name, value in decoding.record().items()
    )
    command = ["eval", "--model", given["model"], "--model_args", loaded, "--tasks", tasks]
    command += ["--limit", str(given["limit"])] if "limit" in given else []
    written = [f"max_gen_toks={given['max_gen_toks']}"] if "max_gen_toks" in given else []
    written += ["do_sample=true", f"temperature={given['temperature']}"] if "temperature" in given else []
    command += ["--gen_kwargs", ",".join(written)] if written else []
    command += ["--repeats", str(given["repeats"])] if "repeats" in given else []
    command += ["--batch_size", str(given["batch-size"])] if "batch-size" in given else []
    command += ["--metadata", json.dumps(given["metadata"])] if "metadata" in given else []
    partners = compared_with(study_claims(study), study.evaluated)[named] if stops(study, model) else ()
    if partners:
        command.append("--until-settled")
        for partner in partners:
            own = None if partner in based else study.seeds[0]  # there is one
            command += ["--against", _run_folder(model.label, partner, own)]
            after = [*after, _run_name(model.label, partner, own)]
        command += ["--margin", str(study.margin)]
    name = _run_name(model.label, named, seed)
    return (
        name,
        "evaluate",
        [*command, "--output_path", folder],
        f"{folder}/manifest.json",
        after,
        [],
        model.label,
        named,
    )


def _run_name(label: str, arm: str, seed: int | None) -> str:
    return f"evaluate {label} {arm}" + ("" if seed is None else f" {seed}")


def parameters(name: str) -> float | None:
    """Return how many parameters a model has by its name (``Llama-3.2-3B``, ``smollm2-135m-instruct``);
    None where it does not say.
    """
    sizes = re.findall(r"(?<![A-Za-z0-9.])(\d+(?:\.\d+)?)([mMbB])(?![A-Za-z])", name.replace("_", "-"))
    return float(sizes[-1][0]) * (1e9 if sizes[-1][1] in "bB" else 1e6) if sizes else None


def _needed_gpus(study: Study, model: StudyModel, kind: str) -> int:
    """Return as many GPUs as hold a model: weights and what belongs to them in training, a quarter of each
    left for activations: a power of two.
    """
    whole = kind == "distill" and _method(study, model) == "full"
    least = (parameters(model.name) or 0.0) * (_WHOLE if whole else _FROZEN) / (0.75 * _GPU_BYTES)
    return 1 << max(0, math.ceil(math.log2(least))) if least > 0 else 1


def _method(study: Study, model: StudyModel) -> str:
    given = {**study.train, **model.train}
    return str(given.get("method") or load_recipe(str(given.get("recipe", "small")), {}).method)


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else ""
