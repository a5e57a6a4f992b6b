"""Synthesis: from a problem source, or from traces of models, to one data set an arm."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from synth.errors import StylerepError
from synth.problems import SOURCES, Problem, check_number, check_source, iter_problems
from synth.progress import each, turn_to
from synth.responses import Fields, Response, read_responses
from synth.rows import check_sources
from synth.schema import shown
from synth.style import load_lexicon
from synth.traces.arms import is_of_samples, parse_arms
from synth.traces.datasets import check_outputs, dataset_column, write_datasets
from synth.traces.decontaminate import Decontamination, load_decontamination
from synth.traces.model_traces import Taken, emergent_rows
from synth.traces.rendering import Rendering
from synth.traces.sampled_traces import read_sampled, sampled_arm
from synth.traces.unsolved import unsolved_in_words
from synth.traces.writing.phrasebook import load_phrasebook
from synth.traces.writing.target import style_target


def synth(
    problems: str,
    arms: Sequence[str],
    out: Path,
    n: int | None = None,
    seed: int = 0,
    *,
    style: str | Path = "long-reasoning",
    dials: Mapping[str, float] | None = None,
    templates: Path | None = None,
    language: str = "en",
    decontaminate: bool = True,
    like: Path | None = None,
    unsolved: str = "drop",
    say: Callable[[str], None] = lambda text: None,
) -> dict[str, Path]:
    """Render *n* problems of a source in each arm and write one data set an arm below *out*.

    The traces have the *style* of a profile (a shipped one's name, or a file of ``stylerep analyze
    --profile``), with some of its means set by *dials* (`synth.traces.writing.target`). A folder of
    *templates* replaces wordings of the language. Problems too like a test question of a task
    (`synth.traces.decontaminate`) are passed over, unless *decontaminate* is off. All arms hold the same
    problem ids in the same order, the same inputs give the same bytes, and an arm's folder is replaced whole
    or not at all. Returns the folder of each arm; raises StylerepError for an unknown arm, source, style or
    dial, or an unusable template.

    With *like*, a data set made before (of a teacher, say), it is that one's problems that are rendered, in
    its order, so that its arm and these stand side by side; then neither *n* nor *decontaminate* chooses. If
    it was sampled by ``stylerep teach``, the arms made of its traces (``self``, ``self_hc``, ``st_w``) can be
    written too; problems that were not solved are then dropped from all arms, or with *unsolved* ``sbs``
    filled from rendered traces, as *say* is told.
    """
    samples_wanted = [name.strip() for name in arms if is_of_samples(name.strip())]
    sampled_as = sampled_arm(_dataset(like)) if like else ""
    if like and samples_wanted and not sampled_as:
        raise StylerepError(
            f"{like}: the arm {samples_wanted[0]!r} is made of traces that stylerep teach sampled, and this"
            " data set holds none."
        )
    chosen = parse_arms(arms, sampled=sampled_as)
    check_number(n)
    _check_seed(seed)
    check_source(problems)
    check_outputs([out / arm.name for arm in chosen], [like] if like else [])
    ids = _ids_of(n, like) if like else []
    sampled = read_sampled(like, unsolved) if like and samples_wanted else None
    if unsolved != "drop" and not sampled:
        raise StylerepError(
            "--unsolved goes with --like and an arm of its traces (self, self_hc, st, …): it says what"
            " becomes of problems without one."
        )
    if sampled:
        same: Iterator[Problem] | None = sampled.each(problems, seed)
    else:
        same = _with_ids(problems, ids, seed, like) if like else None
    target = style_target(style, dials)
    rendering = Rendering(chosen, load_phrasebook(language, templates), target, seed, sampled)
    turn_to("reading test questions")
    check = load_decontamination() if decontaminate and like is None else None
    items = same or iter_problems(problems, n, seed, keep=check.clean if check else None)
    items = each(items, f"rendering {len(chosen)} arms", len(ids) if same else n, "problems")
    shared: dict[str, Any] = {
        "problems": problems,
        "seed": seed,
        "like": str(like.name) if like else None,
        "language": language,
        "style": {"name": target.name, "digest": target.digest},
        "templates": rendering.book.digest,
        "decontamination": sampled.decontamination if sampled else check.report if check else None,
        **({"sampled": sampled.report} if sampled else {}),
    }
    folders = write_datasets(out, [arm.name for arm in chosen], rendering.rows(items), shared)
    if sampled:
        say(unsolved_in_words(sampled.report()))
    return folders


def synth_from(
    sources: Sequence[str],
    arms: Sequence[str],
    out: Path,
    n: int | None = None,
    seed: int = 0,
    *,
    fields: Fields | None = None,
    language: str = "en",
    decontaminate: bool = True,
    say: Callable[[str], None] = lambda text: None,
) -> dict[str, Path]:
    """Make arms of traces that models wrote and write one data set an arm below *out*.

    *sources* are what `synth.responses.read_responses` reads: files, folders, run folders, Hub data sets.
    Only right responses with a whole trace are used, the first *n* of them; the manifest counts the others by
    reason, and *say* is told at the end of what may have been read wrongly. Raises StylerepError for an
    unknown arm, an unreadable row, or a row of which it is not known whether it is right.
    """
    chosen = parse_arms(arms, "st")
    check_number(n)
    _check_seed(seed)
    check_sources(sources)
    check_outputs([out / arm.name for arm in chosen], sources)
    turn_to("reading test questions")
    check = load_decontamination() if decontaminate else None
    taken, notes = Taken(), list[str]()
    rows = emergent_rows(
        _clean(read_responses(sources, fields, notes=notes), check, taken),
        chosen,
        load_lexicon(language),
        seed,
        taken,
        n,
    )
    shared: dict[str, Any] = {
        "problems": f"from {', '.join(Path(source).name for source in sources)}",
        "seed": seed,
        "language": language,
        "left_out": lambda: taken.left_out,
        "decontamination": check.report if check else None,
    }
    folders = write_datasets(out, [arm.name for arm in chosen], rows, shared)
    for note in (*notes, *taken.audit.notes()):
        say(note)
    return folders


def _check_seed(seed: int) -> None:
    if not -(2**63) <= seed < 2**63:
        raise StylerepError(
            f"The seed stands in a column of 64 bits, which cannot hold {shown(seed)}; choose a smaller one."
        )


def _dataset(like: Path) -> Path:
    """Return the folder of a data set; raise StylerepError for what is none."""
    if not like.exists():
        raise StylerepError(f"{like}: there is no such folder of a data set (--like).")
    if not like.is_dir():
        raise StylerepError(f"{like}: this is a file; name the folder of the data set (--like).")
    if not (like / "train.parquet").is_file():
        raise StylerepError(f"{like}: this is not a trace data set (it needs train.parquet).")
    return like


def _ids_of(n: int | None, like: Path) -> list[str]:
    """Return the ids of the problems that stand in a data set."""
    if n is not None:
        raise StylerepError("--like says which problems are rendered; leave their number (--n) out.")
    return dataset_column(like, "id")


def _with_ids(problems: str, ids: list[str], seed: int, like: Path) -> Iterator[Problem]:
    """Return the problems of a source with these ids, which must come in this order."""
    wanted, name = set(ids), problems.partition(":")[0]
    if name in SOURCES and (others := set(dataset_column(like, "source")) - {name}):
        raise StylerepError(f"{like}: its problems are of {', '.join(sorted(others))}, not of {name}.")
    found = iter_problems(problems, len(ids), seed, keep=lambda one: one.id in wanted)
    return _in_order_of(ids, found, problems, seed, like)


def _in_order_of(
    ids: list[str], found: Iterator[Problem], problems: str, seed: int, like: Path
) -> Iterator[Problem]:
    for expected, problem in zip(ids, found, strict=True):
        if problem.id != expected:
            raise StylerepError(
                f"{like}: its problems are not in the order of {problems} with seed {seed} ({expected!r}"
                f" stands where {problem.id!r} comes)."
            )
        yield problem


def _clean(responses: Iterator[Response], check: Decontamination | None, taken: Taken) -> Iterator[Response]:
    for response in responses:
        if check is None or check.clean_text(response.question, response.where):
            yield response
        else:
            taken.leave_out("its question stands in a test")
