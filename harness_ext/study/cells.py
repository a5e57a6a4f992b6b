"""The cells of a study: each data set, adapter and run is a command, named by the hash of all that goes into it."""

import hashlib
import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from distill.pretrained import NAMED
from harness_ext.study.file import Study, StudyModel

FORMAT = 1


@dataclass(frozen=True, slots=True)
class Cell:
    """One stylerep command (without the word ``stylerep``), run in the study's folder.

    `leaves` is the file, in that folder, that it writes last, empty if there is none. `after` names the cells whose results it reads. `key` is the hash of
    its command, of the user's files that it reads, of the keys of those cells and of stylerep's version. `label` (the model's) and `arm` are empty for
    what all models share.
    """

    name: str
    kind: str
    command: tuple[str, ...]
    leaves: str
    after: tuple[str, ...]
    key: str
    label: str = ""
    arm: str = ""
    gpus: int = 0

    @property
    def slug(self) -> str:
        """The name as a file's."""
        return re.sub(r"[^A-Za-z0-9._=-]+", "-", self.name)


def study_cells(study: Study, gpus: int = 0) -> list[Cell]:
    """Return the cells of a study, each after those it waits for. *gpus* is what a model gets that does not say how many it needs."""
    cells: dict[str, Cell] = {}
    for name, kind, command, leaves, after, reads, label, arm, own in _drafts(study):
        parts = [FORMAT, version("stylerep"), command, [cells[one].key for one in after], [_digest(Path(one)) for one in reads]]
        key = hashlib.sha256(json.dumps(parts).encode()).hexdigest()
        cells[name] = Cell(name, kind, tuple(command), leaves, tuple(after), key, label, arm, gpus if own is None else own)
    return list(cells.values())


def run_folder(label: str, arm: str, seed: int | None) -> str:
    """Return the folder of a run within a study's folder."""
    return f"runs/{label}/{arm if seed is None else f'{arm}-{seed}'}"


Draft = tuple[str, str, list[str], str, list[str], list[str], str, str, int | None]


def _drafts(study: Study) -> Iterator[Draft]:
    arms = [arm for arm in study.arms if not _taught(arm)]
    taught = [arm for arm in study.arms if _taught(arm)]
    if taught:
        yield _teach(study, taught)
    if arms:
        command = ["synth", "--problems", study.problems, "--arms", ",".join(arms), "--n", str(study.n), "--seed", str(study.data_seed)]
        command += [word for name, value in study.style.items() for word in ("--dial", f"{name}={value}")]
        command += ["--like", "data/st"] if taught else []
        reads = [study.problems.split(":")[0]]
        yield "traces", "data", [*command, "--out", "data"], f"data/{arms[-1]}/manifest.json", ["traces of st"] if taught else [], reads, "", "", 0
    for model in study.models:
        ready = []
        if model.name in NAMED or model.name.startswith("scratch:"):
            ready = [f"model {model.label}"]
            yield ready[0], "model", ["models", "pull", model.name], "", [], [], model.label, "", 0
        for arm in study.arms:
            data = "traces of st" if _taught(arm) else "traces"
            for seed in study.seeds:
                yield _distill(study, model, arm, seed, [*ready, data])
        yield _evaluate(study, model, "base", None, ready)
        for arm in study.arms:
            for seed in study.seeds:
                yield _evaluate(study, model, arm, seed, [f"distill {model.label} {arm} {seed}"])


def _taught(arm: str) -> bool:
    return arm == "st" or arm.startswith("st_")


def _teach(study: Study, arms: Sequence[str]) -> Draft:
    given = dict(study.teach)
    source = given.pop("from", None)
    options = [word for key, value in given.items() for word in (f"--{key}", str(value))]
    if source is not None:
        command = ["synth", "--from", str(source), "--arms", ",".join(arms), "--n", str(study.n), "--seed", str(study.data_seed), *options, "--out", "data"]
    else:
        command = ["teach", "--problems", study.problems, "--n", str(study.n), "--seed", str(study.data_seed), *options, "--out", "data/st"]
    return "traces of st", "data", command, f"data/{arms[-1]}/manifest.json", [], [str(source or study.problems.split(":")[0])], "", "st", 0


def _distill(study: Study, model: StudyModel, arm: str, seed: int, after: list[str]) -> Draft:
    options = [word for key, value in {**study.train, **model.train}.items() for word in (f"--{key}", str(value))]
    folder = f"adapters/{model.label}/{arm}-{seed}"
    command = ["distill", "--model", model.name, "--data", f"data/{arm}", "--seed", str(seed), *options, "--out", folder]
    return f"distill {model.label} {arm} {seed}", "distill", command, f"{folder}/manifest.json", after, [], model.label, arm, model.gpus


def _evaluate(study: Study, model: StudyModel, arm: str, seed: int | None, after: list[str]) -> Draft:
    given: dict[str, Any] = {"model": "hf", **study.evaluate, **model.evaluate}
    tasks = given["tasks"] if isinstance(given["tasks"], str) else ",".join(given["tasks"])
    adapter = "" if seed is None else f",{'lora_local_path' if given['model'] == 'vllm' else 'peft'}=adapters/{model.label}/{arm}-{seed}"
    folder = run_folder(model.label, arm, seed)
    command = ["eval", "--model", given["model"], "--model_args", f"pretrained={model.name}{adapter}", "--tasks", tasks]
    command += ["--limit", str(given["limit"])] if "limit" in given else []
    command += ["--gen_kwargs", f"max_gen_toks={given['max_gen_toks']}"] if "max_gen_toks" in given else []
    command += ["--batch_size", str(given["batch-size"])] if "batch-size" in given else []
    command += ["--metadata", json.dumps(given["metadata"])] if "metadata" in given else []
    name = f"evaluate {model.label} {arm}" + ("" if seed is None else f" {seed}")
    return name, "evaluate", [*command, "--output_path", folder], f"{folder}/manifest.json", after, [], model.label, arm, model.gpus


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else ""
