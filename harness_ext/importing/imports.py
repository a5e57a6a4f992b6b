"""Turns evaluation results of other harnesses into run folders."""

import contextlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from harness_ext.importing.answers import answers
from harness_ext.importing.checks import (
    apart,
    check_decoding,
    check_models,
    check_out,
    check_place,
    check_reading,
    listed,
    numbers,
)
from harness_ext.importing.formats import READERS, ROWS, format_of, source_files
from harness_ext.importing.grading import grade
from harness_ext.importing.items import Items, TaskItem, items_of_run, items_of_task, own_items
from harness_ext.importing.matching import match_items
from harness_ext.importing.record import Evaluation, ReadSource, public_name
from harness_ext.importing.run_folders import About, Draft, ImportedTask, check_run, folder_name, write_run
from harness_ext.importing.spool import Spool
from synth.errors import StylerepError
from synth.files.lock import hold
from synth.grading.answers import is_right
from synth.privacy.secrets import SECRETS
from synth.problems.problem import ANSWER_TYPES
from synth.processes.workers import Workers, processor_cores
from synth.progress import each, stage, turn_to

_LOW = 0.9
_WORTH_A_POOL, _MOST_PROCESSES = 5_000_000, 8
_TYPES = tuple(name for name in ANSWER_TYPES if name != "gym")


@dataclass(frozen=True, slots=True)
class Imported:
    """What an import made: the format that sources had, every task of every run folder, what a user should
    know beside, and the run that it pairs with.
    """

    format: str
    tasks: Sequence[ImportedTask]
    notes: Sequence[str]
    like: Path | None = None

    @property
    def folders(self) -> list[Path]:
        """The run folders, each once."""
        return list(dict.fromkeys(task.folder for task in self.tasks))


def import_runs(
    sources: Sequence[str | Path],
    out: str | Path,
    *,
    format_name: str = "auto",
    model: str | None = None,
    about: About | None = None,
    models: Mapping[str, About] | None = None,
    task: str | None = None,
    answer_type: str | None = None,
    like: str | Path | None = None,
    reading: ReadSource | None = None,
    overwrite: bool = False,
    regrade: bool = True,
    together: bool = False,
    say: Callable[[str], None] | None = None,
    workers: int | None = None,
) -> Imported:
    """Read results of other harnesses, grade their responses anew, and write a run folder for each model.

    *sources* are files and folders in one format, told from the files if it is ``auto`` (see
    `harness_ext.importing.formats.FORMATS`). With
    *model*, all is of that model and *out* is its run folder; otherwise the sources name their models and
    ``out/<model>`` is the folder of each. Where every item has k > 1 responses, k runs are written, to
    ``<folder>-0`` and so on, with the seeds 0 to k - 1; *together*, one run, whose samples hold all k, with
    avg@k, pass@k and maj@k as ``stylerep eval --repeats`` has them.

    What a manifest says of the family, arm, base model and seed of a model is in *models* under its name,
    else in *about*. If *task* is one of ours, or *like* is the folder of a run, each response is matched to a
    document of it and takes over its hash, right answer and answer type, so that runs pair; otherwise
    documents of lm_eval keep their hashes and others are named by question and right answer. *answer_type* is
    one of number, option, text, expression and latex, and told from the right answers if it is None.
    *reading* names fields, and a filter of lm_eval. Tasks are added to an imported run that is there; one
    that it has already is replaced with *overwrite* alone. Without *regrade*, ``acc`` is the score that came
    with a response.

    The same files give the same bytes. Raises StylerepError, naming file and line, for what cannot be read,
    matched or graded, and where a folder holds something else; nothing is written then. While another import
    writes to one of the folders, its end is awaited, of which *say* is told.
    """
    if answer_type is not None and answer_type not in _TYPES:
        raise StylerepError(f"There is no answer type {answer_type!r}; choose from {', '.join(_TYPES)}.")
    SECRETS.know_environment()
    SECRETS.found.clear()
    check_place(Path(out), model)
    files = source_files(sources)
    chosen, reading = format_of(files, format_name), reading or ReadSource()
    check_reading(chosen, reading)
    with Workers(_processes(files, workers)) as several:
        reading = replace(reading, workers=several)
        evaluations = _merged(
            [
                one
                for path in each(files, "reading results", unit="files")
                for one in READERS[chosen](path, reading)
            ],
            model,
            task,
            chosen in ROWS,
        )
        check_models(models or {}, evaluations)
        for one in evaluations:
            SECRETS.learn(one.gen_kwargs, one.files[0].name)
        notes = [note for evaluation in evaluations for note in evaluation.notes]
        targets = _targets(evaluations, task, like)
        runs: dict[Path, list[Draft]] = {}
        for evaluation in evaluations:
            items = next((one for one in targets if one.task == evaluation.task), None)
            own = (models or {}).get(evaluation.model, about or About())
            for folder, draft, more in _drafts(
                evaluation, items, own, Path(out), model is not None, answer_type, regrade, together, several
            ):
                if any(other.evaluation.model != evaluation.model for other in runs.get(folder, [])):
                    both = f"the models {runs[folder][0].evaluation.model} and {evaluation.model}"
                    raise StylerepError(f"{folder}: {both} would have the same folder; use --model.")
                runs.setdefault(folder, []).append(draft)
                notes += more

    def check() -> None:
        check_out(Path(out), model, runs)
        for folder, drafts in runs.items():
            check_decoding(drafts)
            check_run(folder, drafts, chosen, overwrite)

    check()
    notes += apart(runs)
    with contextlib.ExitStack() as held:
        for folder in sorted(runs):  # in one order, so that no two imports wait for each other
            held.enter_context(hold(folder, say or (lambda _: None)))
        check()  # anew, since another import may just have ended
        written = [one for folder, drafts in runs.items() for one in write_run(folder, drafts, chosen)]
    filtered = [one for one in targets if one.filter != "none"]
    notes += [
        f"{like}: its scores of {one.task} are those of the filter {one.filter}; import that run too, and"
        " both pair."
        for one in filtered
    ]
    if masked := SECRETS.sentence():
        notes.append(masked)
    return Imported(
        chosen, written, list(dict.fromkeys(notes)), Path(like) if like is not None and not filtered else None
    )


def _processes(files: Sequence[Path], wanted: int | None) -> int:
    """Return how many processes are worth their start."""
    return (
        1
        if sum(path.stat().st_size for path in files) < _WORTH_A_POOL
        else min(wanted or _MOST_PROCESSES, processor_cores())
    )


def _drafts(
    evaluation: Evaluation,
    items: Items | None,
    about: About,
    out: Path,
    single: bool,
    answer_type: str | None,
    regrade: bool,
    together: bool,
    workers: Workers,
) -> Iterable[tuple[Path, Draft, list[str]]]:
    """Yield the folder and the graded task of each draw, and notes."""
    if items and answer_type and all(item.answer_type for item in items.items):
        raise StylerepError(
            f"{items.matched_to} says itself how its answers are read; leave --answer-type out."
        )
    matched = match_items(evaluation.records, items) if items else own_items(evaluation, workers)
    notes = _about_items(evaluation, matched, items)
    turn_to(f"reading answers, {evaluation.model}, {evaluation.task}")
    found, told = answers(evaluation.records, matched, workers)
    draws = told.draws
    if told.repeated:
        notes.append(
            f"{evaluation.task}: each item occurs {draws} times, which are taken for {draws} draws of it."
        )
    if draws > 1 and not together:
        notes.append(
            f"{evaluation.task}: the {draws} responses to each item become {draws} runs, with their numbers"
            " for seeds; --draws together makes one run of them, with avg@k, pass@k and maj@k."
        )
    if draws > 1 and not together and about.seed is not None:
        raise StylerepError(
            f"{evaluation.model}, {evaluation.task}: there are {draws} responses to each item, and their"
            " seeds are their numbers; leave seed out, or make one run of them with --draws together."
        )
    name = folder_name(evaluation.model)
    runs: Sequence[int | None] = [None] if together and draws > 1 else range(draws)
    for draw in runs:
        with stage(f"grading {evaluation.model}, {evaluation.task}", len(found), "responses") as counted:
            graded = grade(found, told, draw, answer_type, regrade, counted.advance, workers)
        notes += [f"{evaluation.task}: {note}" for note in graded.notes]
        if graded.agreement is not None and graded.agreement < _LOW:
            notes.append(
                f"{evaluation.task}: {len(graded.disagreements)} grades differ from the recorded ones; look"
                f" at some (doc_id {numbers(graded.disagreements)}), or say with --answer-type how answers"
                " are to be read."
            )
        if regrade and not graded.regraded:
            why = "there are only likelihoods" if not told.generated else "no right answer is known"
            notes.append(f"{evaluation.task}: {why}, so acc is the score that came with the responses.")
        folder = out if single else out / name
        if len(runs) > 1:
            folder, settled = folder.with_name(f"{folder.name}-{draw}"), replace(about, seed=draw)
        else:
            settled = about
        version = items.version if items else evaluation.version
        yield folder, Draft(evaluation, graded, items.matched_to if items else None, version, settled), notes


def _about_items(evaluation: Evaluation, matched: Sequence[TaskItem], items: Items | None) -> list[str]:
    """Say of which items a response is missing, and whose right answer is another at the source."""
    if items is None:
        return []
    notes = []
    there = {item.document_hash for item in matched}
    if missing := [item for item in items.items if item.document_hash not in there]:
        first = numbers([item.number for item in missing])
        notes.append(
            f"{evaluation.task}: {len(missing)} of {len(items.items)} items have no response (doc_id"
            f" {first}); compare such runs with --partial."
        )
    other = [
        item.number
        for record, item in zip(evaluation.records, matched, strict=True)
        if record.golds and item.golds and item.answer_type != "gym" and not _same_answer(record.golds, item)
    ]
    if other:
        notes.append(
            f"{evaluation.task}: {len(other)} right answers differ from those of {items.matched_to} (doc_id"
            f" {numbers(other)}), which count."
        )
    return notes


def _same_answer(golds: Sequence[str], item: TaskItem) -> bool:
    return any(
        gold == right or is_right(gold, right, item.answer_type or "latex", item.meta)
        for gold in golds
        for right in item.golds
    )


def _merged(
    evaluations: Sequence[Evaluation], model: str | None, task: str | None, parts: bool
) -> list[Evaluation]:
    """Return one evaluation for each model and task;
    files are put together only where they may be *parts* of one.
    """
    if (
        model is not None
        and len(said := list(dict.fromkeys(one.model for one in evaluations if one.said))) > 1
    ):
        raise StylerepError(
            f"The sources name several models ({listed(said)}); leave --model out, and each gets a folder."
        )
    tasks = list(dict.fromkeys(one.task for one in evaluations if one.named))
    if task is not None and len(tasks) > 1:
        raise StylerepError(
            f"The sources name several tasks ({listed(tasks)}); import them one after the other to give one a"
            " --task."
        )
    model = public_name(model) if model is not None else None
    together: dict[tuple[str, str], Evaluation] = {}
    for one in evaluations:
        named = replace(one, model=model or one.model, task=folder_name(task or one.task))
        before = together.setdefault((named.model, named.task), named)
        if before is named:
            continue
        if not parts:
            raise StylerepError(
                f"{before.files[0]} and {one.files[0]} both hold the task {one.task} of {before.model};"
                " import one of them."
            )
        files = tuple(dict.fromkeys((*before.files, *one.files)))
        records = before.records if isinstance(before.records, Spool) else Spool(before.records)
        records.extend(one.records)
        together[named.model, named.task] = replace(
            before, records=records, files=files, date=max(before.date, one.date)
        )
    return list(together.values())


def _targets(evaluations: list[Evaluation], task: str | None, like: str | Path | None) -> list[Items]:
    """Return the items that responses are matched to, if any; with *like*,
    evaluations take the name of its task.
    """
    if like is not None:
        names = list(dict.fromkeys(one.task for one in evaluations))
        found = (
            [items_of_run(Path(like), task, names)]
            if task or len(names) == 1
            else [items_of_run(Path(like), name, ()) for name in names]
        )
        if len(names) == 1:
            evaluations[:] = [replace(one, task=found[0].task) for one in evaluations]
        return found
    ours = items_of_task(task) if task else None
    return [ours] if ours else []
