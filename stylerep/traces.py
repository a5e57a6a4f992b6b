"""Problems, and traces of them in the arms of an experiment."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from synth.problems import Problem
from synth.problems import load_problems as _load_problems
from synth.traces.arms import TraceRow, parse_arms
from synth.traces.rendering import Rendering
from synth.traces.synthesis import synth
from synth.traces.writing.phrasebook import load_phrasebook
from synth.traces.writing.target import style_target

__all__ = ["Problem", "TraceRow", "load_problems", "render", "synthesize"]
_STYLE = "long-reasoning"


def load_problems(source: str, n: int | None = None, *, seed: int = 0) -> list[Problem]:
    """Return the first *n* problems of a source.

    Args:
        source: ``NAME[:SPLIT][:OPTION=VALUE…]`` with a name of ours (``arith:train``, ``kinship:test``,
            ``gsm8k``), or a file or Hub data set whose columns are named
            (``mine.csv:question=task:answer=result:steps=working``). The split is ``train`` if left out.
        n: how many, 1 or more; all of a file or data set if left out. Sources that generate have no end,
            and need it.
        seed: which problems a generating source makes; the same seed gives the same problems for ever.

    Returns:
        Problems with ``id``, ``question``, ``answer``, ``answer_type``, ``steps`` and ``meta``,
        no question twice.

    Raises:
        StylerepError: for a source that isn't there, a row that can't be read,
            or a source with fewer than *n* problems.

    Example:
        problem = stylerep.load_problems("arith:train:max_steps=3", n=1)[0]
        print(problem.question, problem.answer)

    """
    return _load_problems(source, n, seed)


def render(
    problems: Iterable[Problem],
    arms: Sequence[str] = ("sbs", "hc"),
    *,
    seed: int = 0,
    style: str | Path = _STYLE,
    dials: Mapping[str, float] | None = None,
    language: str = "en",
    templates: str | Path | None = None,
) -> dict[str, list[TraceRow]]:
    """Return traces of problems in each arm, in memory; `synthesize` writes data sets.

    Args:
        problems: what `load_problems` returns. Every arm but ``nt`` needs problems with worked steps, and
            ``swap`` and ``insert=F`` need two of them or more.
        arms: names such as ``nt`` (the answer alone), ``sbs`` (plain steps), ``hc`` (staged, with pivots),
            ``hc_w`` (``hc`` with a wrong conclusion), ``hc_np_shuf``, ``shuffle=0.67``.
        seed: seed of surface forms.
        style: a style profile, ``long-reasoning``, ``instruct``,
            or a file that ``stylerep analyze --profile`` wrote.
        dials: means of the style to set, such as ``{"pivot_density": 4, "trace_words": 120}``.
        language: of templates and lexicon, ``en`` or ``zh``.
        templates: a folder of .jinja files whose macros replace those of the language.

    Returns:
        For each arm its rows, one a problem, in the order of the problems. A row has ``trace``, ``response``,
        ``stated_answer``, ``is_correct``, and the character spans of ``pivots`` and ``stages`` in ``trace``.

    Raises:
        StylerepError: for an arm, style, dial or language that there isn't,
            or a problem without the steps an arm needs.

    Example:
        rows = stylerep.render(stylerep.load_problems("arith", n=1), arms=["sbs", "hc"])
        print(rows["hc"][0].trace)

    """
    chosen = parse_arms(arms)
    book = load_phrasebook(language, Path(templates) if templates is not None else None)
    found: dict[str, list[TraceRow]] = {arm.name: [] for arm in chosen}
    for rows in Rendering(chosen, book, style_target(style, dials), seed).rows(problems):
        for arm, row in rows.items():
            found[arm].append(row)
    return found


def synthesize(
    problems: str,
    arms: Sequence[str],
    out: str | Path,
    n: int | None = None,
    *,
    seed: int = 0,
    style: str | Path = _STYLE,
    dials: Mapping[str, float] | None = None,
    language: str = "en",
    templates: str | Path | None = None,
    decontaminate: bool = True,
    like: str | Path | None = None,
) -> dict[str, Path]:
    """Render problems of a source in each arm, and write one data set an arm, as ``stylerep synth`` does.

    Args:
        problems: a source, as for `load_problems`.
        arms: names of arms, as for `render`.
        out: the folder that gets ``ARM/train.parquet`` with a manifest and a data card. An arm's folder is
            replaced whole or not at all, and the same arguments give the same bytes.
        n: how many problems, 1 or more; all of a file or data set if left out.
        seed: seed of problems and surface forms.
        style: as for `render`, and so are *dials*, *language* and *templates*.
        dials: see *style*.
        language: see *style*.
        templates: see *style*.
        decontaminate: pass over problems that are too like a test question of a task.
        like: a data set made before, whose problems are rendered in its order, so that its arm and these
            stand side by side; then leave *n* out.

    Returns:
        The folder of each arm. All hold the same problems in the same order.

    Raises:
        StylerepError: as `load_problems` and `render`, and where *out* can't be written to.

    Example:
        folders = stylerep.synthesize("arith:train", ["nt", "hc"], "data", n=200)
        print(folders["hc"])

    """
    return synth(
        problems,
        arms,
        Path(out),
        n,
        seed,
        style=style,
        dials=dials,
        language=language,
        decontaminate=decontaminate,
        templates=Path(templates) if templates is not None else None,
        like=Path(like) if like is not None else None,
    )
