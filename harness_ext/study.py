"""A study: problems, arms, a model and tasks in one file, run from data to verdicts.

Every step is a stylerep command in a process of its own, shown before it starts, so that a study can
be read as a script. A step whose command and inputs have not changed is not run again.
"""

import hashlib
import json
import shlex
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, fields
from importlib.metadata import version
from pathlib import Path
from typing import Any

import yaml

from harness_ext.compare import Report, compare, report_json
from harness_ext.step_runner import Step, run_steps
from synth.errors import StylerepError


@dataclass(frozen=True, slots=True)
class Study:
    """The contents of a study file.

    `train` and `evaluate` hold options of ``stylerep distill`` and ``stylerep eval`` by their names
    (``max_gen_toks`` goes to lm_eval's ``--gen_kwargs``), `style` dials of ``stylerep synth`` (none if left out); `arms` are
    compared with ``base``.
    """

    name: str
    model: str
    problems: str
    n: int
    arms: list[str]
    seed: int
    train: dict[str, Any]
    evaluate: dict[str, Any]
    margin: float
    style: dict[str, float] = field(default_factory=dict)


def load_study(path: Path) -> Study:
    """Read a study file; raise StylerepError, naming the key, where one is missing, unknown or of the wrong kind."""
    if not path.is_file():
        raise StylerepError(f"{path}: there is no such study file.")
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise StylerepError(f"{path}: this is not valid YAML ({' '.join(str(error).split())}).") from error
    kinds = {one.name: one.type for one in fields(Study)}
    if not isinstance(content, dict):
        raise StylerepError(f"{path}: expected the keys {', '.join(kinds)}.")
    for key in kinds:
        if key not in content and key != "style":
            raise StylerepError(f"{path}: the key {key!r} is missing.")
    for key, value in content.items():
        if key not in kinds:
            raise StylerepError(f"{path}: there is no key {key!r}; a study has {', '.join(kinds)}.")
        wanted = {"n": int, "seed": int, "arms": list, "train": dict, "evaluate": dict, "style": dict, "margin": float}.get(key, str)
        if not isinstance(value, wanted):
            raise StylerepError(f"{path}: {key!r} must be {wanted.__name__}, found {value!r}.")
    for key in ("tasks", "limit", "max_gen_toks", "batch-size"):
        if key not in content["evaluate"]:
            raise StylerepError(f"{path}: 'evaluate' lacks {key!r}.")
    return Study(**content)


def study_steps(study: Study, out: Path) -> list[Step]:
    """Return the commands of a study and what each waits for."""
    data, adapters, runs = out / "data", out / "adapters", out / "runs"
    synth = ["synth", "--problems", study.problems, "--arms", ",".join(study.arms), "--n", str(study.n), "--seed", str(study.seed), "--out", str(data)]
    synth += [word for name, value in study.style.items() for word in ("--dial", f"{name}={value}")]
    steps = [Step("traces", synth, data / study.arms[-1] / "manifest.json", ())]
    options = [word for key, value in study.train.items() for word in (f"--{key}", str(value))]
    # The longest first, so that a step that generates runs beside one that trains.
    for arm in reversed(study.arms):
        train = ["distill", "--model", study.model, "--data", str(data / arm), "--seed", str(study.seed), *options, "--out", str(adapters / arm)]
        steps.append(Step(f"distill {arm}", train, adapters / arm / "manifest.json", ("traces",)))
    for arm in ["base", *study.arms]:
        adapter = "" if arm == "base" else f",peft={adapters / arm}"
        command = ["eval", "--model", "hf", "--model_args", f"pretrained={study.model}{adapter}", "--tasks", study.evaluate["tasks"]]
        command += ["--limit", str(study.evaluate["limit"]), "--gen_kwargs", f"max_gen_toks={study.evaluate['max_gen_toks']}"]
        command += ["--batch_size", str(study.evaluate["batch-size"]), "--output_path", str(runs / arm)]
        steps.append(Step(f"evaluate {arm}", command, runs / arm / "manifest.json", () if arm == "base" else (f"distill {arm}",)))
    return steps


def reproduce(study_file: Path, out: Path, jobs: int = 1, say: Callable[[str], None] = print) -> tuple[Study, Report]:
    """Run a study and return it with its comparison of every arm with ``base``.

    Steps already done with the same command and inputs are skipped; *jobs* independent steps run side
    by side, each with its share of the processor's cores. The report is written to
    ``out/verdicts.json``. Raises StylerepError if a step fails, with the last line it wrote.
    """
    study = load_study(study_file)
    steps = study_steps(study, out)
    out.mkdir(parents=True, exist_ok=True)
    run_steps(steps, out / ".steps", _keys(steps), jobs, say)
    runs = [out / "runs" / arm for arm in ("base", *study.arms)]
    say(f"$ stylerep compare {shlex.join(str(run) for run in runs)} --margin {study.margin} --json {out / 'verdicts.json'}")
    report = compare(runs, margin=study.margin)
    (out / "verdicts.json").write_text(json.dumps(report_json(report), indent=2) + "\n", encoding="utf-8")
    return study, report


def _keys(steps: Sequence[Step]) -> dict[str, str]:
    """Name each step by the hash of its command, of all it waits for, and of stylerep's version."""
    keys: dict[str, str] = {}
    for step in steps:
        parts = [version("stylerep"), *step.command, *(keys[name] for name in step.after)]
        keys[step.name] = hashlib.sha256("\0".join(parts).encode()).hexdigest()
    return keys
