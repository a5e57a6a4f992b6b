"""The loop of ``stylerep teach``: ask, write down, check, ask again, and in the end write the data set."""

import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

from harness_ext.backends.lm_eval import Sampler, check_named
from harness_ext.pipelines.teach.checks import Candidate, Reason, read_response
from harness_ext.pipelines.teach.journal import TeachJournal, first_difference
from harness_ext.pipelines.teach.rows import trace_row
from harness_ext.pipelines.teach.settings import TeachSettings
from harness_ext.pipelines.teach.student import with_student
from harness_ext.pipelines.teach.tally import Tally, tally_of
from harness_ext.pipelines.teach.writer import writer
from harness_ext.runs.run_folder import read_manifest
from synth.errors import StylerepError
from synth.files.inside_folder import refuse_ways_out
from synth.files.lock import hold
from synth.files.replace_folder import check_replaceable
from synth.privacy.masked_output import masked_output
from synth.privacy.secrets import SECRETS
from synth.problems import Problem, check_source, iter_problems, prompt
from synth.progress import stage, turn_to
from synth.traces.arms import TraceRow
from synth.traces.datasets import write_dataset
from synth.traces.decontaminate import load_decontamination

Ask = Callable[[Sequence[str], int], list[str]]


def teach(settings: TeachSettings, out: Path, say: Callable[[str], None] = lambda text: None) -> Tally:
    """Sample responses to problems from a model, keep what is right,
    and write it to *out* as the data set of one arm.

    A problem is asked again, up to `settings.attempts` times, until a response can be kept; with
    ``keep="all"`` it is asked that often anyway, and wrong responses are rows too. Everything a model says is
    written to a journal beside *out* first: the same call goes on where one stopped, and the journal is
    removed when the data set stands. A data set made by the same call is left as it is. Raises StylerepError
    for what the user can mend, where another command writes to *out*, and when no response could be kept.
    """
    settings.validate()
    check_replaceable(out)
    partial = Path(f"{out}.partial")
    if partial.is_symlink():
        raise StylerepError(f"{partial}: a link stands where the journal is to be; move it away.")
    refuse_ways_out(partial)
    settings = with_student(_without_references(settings))
    with masked_output(), hold(out):
        return _teach(settings, out, partial, say)


def _without_references(settings: TeachSettings) -> TeachSettings:
    """Return settings with the values of environment variables in the place of references,
    and take note of the secrets among them.
    """
    SECRETS.know_environment()
    SECRETS.found.clear()
    model_args = SECRETS.resolved(dict(settings.model_args), "--model_args")
    SECRETS.learn(model_args, "--model_args")
    return replace(settings, model_args=model_args)


def _teach(settings: TeachSettings, out: Path, partial: Path, say: Callable[[str], None]) -> Tally:
    if masked := SECRETS.sentence():
        say(masked)
    described = settings.describe()
    if done := _finished(out, described):
        return done
    check_source(settings.problems)
    if not partial.exists():  # else all responses may be there, and no model be needed
        check_named(settings.model, settings.model_args)
    turn_to("reading problems")
    check = load_decontamination() if settings.decontaminate else None
    problems = list(
        iter_problems(settings.problems, settings.n, settings.seed, keep=check.clean if check else None)
    )
    journal = TeachJournal(partial, described)
    tally = Tally()
    try:
        if len(journal):
            say(f"Going on with {len(journal)} responses of before.")
        rows = _rows(problems, settings, _Asker(settings, journal), tally, say)
        shared = {
            "problems": settings.problems,
            "seed": settings.seed,
            "teaching": lambda: _teaching(settings, tally),
            "decontamination": check.report if check else None,
        }
        tally.folder = write_dataset(out, settings.arm, rows, shared)
        journal.remove()
    except (KeyboardInterrupt, StylerepError):
        if tally.asked < len(problems) and not journal.empty:
            say(f"What was sampled lies in {journal.path}; the same command goes on from there.")
        raise
    finally:
        journal.close()
    return tally


class _Asker:
    """Gets responses from the journal, and what it does not hold from the model,
    which is opened when it is first needed.
    """

    def __init__(self, settings: TeachSettings, journal: TeachJournal) -> None:
        self._settings, self._journal = settings, journal
        self.journal = journal.path
        self._ask: Ask | None = None

    def __call__(self, problems: Sequence[Problem], prompts: Sequence[str], attempt: int) -> list[str]:
        known = [self._journal.take(problem.id, attempt) for problem in problems]
        missing = [index for index, response in enumerate(known) if response is None]
        if missing:
            settings = self._settings
            if self._ask is None:
                with stage("loading the model"):
                    self._ask = Sampler(
                        settings.model, settings.model_args, settings.decoding, settings.batch
                    )
            fresh = [SECRETS.text(one) for one in self._ask([prompts[index] for index in missing], attempt)]
            self._journal.append(attempt, [problems[index].id for index in missing], fresh)
            for index, response in zip(missing, fresh, strict=True):
                known[index] = response
        return [response or "" for response in known]


def _rows(
    problems: Sequence[Problem],
    settings: TeachSettings,
    ask: _Asker,
    tally: Tally,
    say: Callable[[str], None],
) -> Iterator[TraceRow]:
    """Yield the rows of all problems in their order."""
    keeps_all = settings.keep == "all"
    template, template_hash = _template(settings)
    with stage("asking the model", len(problems), "problems") as at:
        for start in range(0, len(problems), settings.batch):
            batch = problems[start : start + settings.batch]
            candidates: dict[str, list[Candidate]] = {problem.id: [] for problem in batch}
            for attempt in range(settings.attempts):
                still = [problem for problem in batch if keeps_all or not _kept(candidates[problem.id])]
                if still:
                    prompts = [_prompt(problem, settings, candidates[problem.id]) for problem in still]
                    for problem, response in zip(still, ask(still, prompts, attempt), strict=True):
                        candidates[problem.id].append(_check(problem, response, settings))
            for problem in batch:
                tally.count(problem.id, candidates[problem.id], keeps_all)
                for attempt, candidate in enumerate(candidates[problem.id]):
                    if keeps_all or not candidate.reasons:
                        identifier = f"{problem.id}#{attempt}" if keeps_all else problem.id
                        yield trace_row(
                            problem,
                            candidate,
                            settings.arm,
                            template,
                            template_hash,
                            settings.decoding.sample_seed(attempt),
                            identifier,
                        )
            at.note = f"{tally.kept} traces kept"
            at.advance(len(batch))
            say(f"{tally.asked} of {len(problems)} problems asked, {tally.kept} traces kept")
    if not tally.kept:
        why = ", ".join(f"{count} {reason}" for reason, count in tally.refused.most_common())
        raise StylerepError(
            f"No response to {len(problems)} problems could be kept ({why}); nothing was written, and"
            f" {ask.journal} holds them."
        )


def _kept(candidates: Sequence[Candidate]) -> bool:
    return bool(candidates) and not candidates[-1].reasons


def _prompt(problem: Problem, settings: TeachSettings, before: Sequence[Candidate]) -> str:
    advice: Sequence[Reason] = before[-1].reasons if before else ()
    return (
        writer().prompt(problem, advice) if settings.write else prompt(problem.question, problem.answer_type)
    )


def _check(problem: Problem, response: str, settings: TeachSettings) -> Candidate:
    return writer().check(problem, response) if settings.write else read_response(problem, response)


def _template(settings: TeachSettings) -> tuple[str, str]:
    """Return the name and digest that stand in the place of a template."""
    if settings.write:
        return "writer", writer().digest
    described = {name: value for name, value in settings.describe().items() if name not in ("problems", "n")}
    return "teacher", hashlib.sha256(json.dumps(described, sort_keys=True).encode()).hexdigest()[:16]


def _teaching(settings: TeachSettings, tally: Tally) -> dict[str, Any]:
    packages = [
        "stylerep",
        "lm_eval",
        *(("torch", "transformers") if settings.model.startswith("hf") else ()),
    ]
    return {
        **settings.describe(),
        "sample_seeds": [settings.decoding.sample_seed(attempt) for attempt in range(settings.attempts)],
        **tally.to_json(),
        "versions": {name: version(name) for name in packages},
    }


def _finished(out: Path, described: dict[str, Any]) -> Tally | None:
    """Return the counts of the data set that the same call has made;
    raise StylerepError if something else stands there.
    """
    if not out.is_dir() or not any(out.iterdir()):
        return None
    there = read_manifest(out).get("teaching")
    if not isinstance(there, dict):
        raise StylerepError(f"{out} holds something else already; choose another --out, or move it away.")
    if difference := first_difference({name: there.get(name) for name in described}, described):
        raise StylerepError(
            f"{out} holds traces made with {difference}; choose another --out, or move it away."
        )
    return tally_of(there, out)
