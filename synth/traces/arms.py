"""Arms by name: what each training condition makes of the same problem.

| arm | trace | stated answer |
|---|---|---|
| ``nt`` | none | right |
| ``sbs`` | the worked steps and a conclusion | right |
| ``hc`` | the same steps in stages with pivots, written by templates | right |
| ``st`` | a model's own trace (with ``--from``) | right |
| ``hc_np``, ``hc_shuf``, ``hc_w`` | ``hc`` without its pivots; with its stages in another order; with a wrong conclusion | right; right; wrong |
| ``hc_np_shuf_w`` … | all eight combinations of these three; likewise of ``st`` and ``self`` | right, but for ``w`` wrong |
| ``self`` | the student's own trace (a set of ``stylerep teach --arm self``, with ``--like``) | right |
| ``self_hc``, ``st_hc`` | the steps of ``self`` or ``st`` as they are, in stages with pivots, written by templates; ``self_hc_w`` … likewise | right |
| ``hc_len`` | ``sbs``, its steps said again until it is as long as ``hc`` | right |
| ``sbs_w``, ``hc_len_w`` | ``sbs`` and ``hc_len`` with a wrong conclusion | wrong |
| ``dots`` | as many full stops as the base trace has words | right |
| ``swap`` | the base trace of another problem | right |
| ``shuffle=F``, ``delete=F``, ``insert=F`` | the base trace, a fraction F of its steps altered (`synth.traces.alterations`), its conclusion kept | right |
| ``digits=F``, ``keywords=F`` | the same with a fraction of its digits or pivots | right |
| ``mix=F`` | ``hc`` for each problem with probability F, else ``sbs`` | right |

The base trace is ``hc`` for problems and ``st`` for traces that were read.
"""  # noqa: E501

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from synth.errors import StylerepError
from synth.schema import shown
from synth.traces.alterations import DOSES

CONTROLS = ("dots", "swap")
MIXTURE = "mix"
SAMPLED = ("st", "self")
"""The arms of traces that ``stylerep teach`` samples."""
_FACTORS = re.compile(r"((?:(?:st|self)_)?hc|st|self)(_np)?(_shuf)?(_w)?")
_LONGEST = 16
_FRACTION = re.compile(rf"(?=.{{1,{_LONGEST}}}\Z)[0-9]*\.?[0-9]+(?:[eE][+-]?[0-9]+)?|[0-9]+\.")
FACTORIAL_ARMS = tuple(f"hc{np}{shuf}{w}" for np in ("", "_np") for shuf in ("", "_shuf") for w in ("", "_w"))
PLAIN_ARMS = ("sbs", "sbs_w", "hc_len", "hc_len_w")
ARMS = ("nt", *PLAIN_ARMS, *FACTORIAL_ARMS, *CONTROLS)
"""The arms of problems that have a fixed name; doses come beside them."""


@dataclass(frozen=True, slots=True)
class Arm:
    """An arm by its parts.

    `base` is the trace that it starts from: ``hc``, ``st``, ``self``, ``self_hc``, ``st_hc``, ``sbs``, or
    nothing for ``nt``. `dose` names an
    operation of `synth.traces.alterations.DOSES` and `fraction` how much of it, or of a mixture how many of
    its problems.
    """

    name: str
    base: str
    pivots: bool = True
    shuffled: bool = False
    wrong: bool = False
    control: str = ""
    dose: str = ""
    fraction: float = 0.0

    @property
    def needs_steps(self) -> bool:
        """Whether the problem's worked steps are needed."""
        return self.base in ("hc", "sbs")

    @property
    def needs_other(self) -> bool:
        """Whether the trace of another problem is needed."""
        return self.control == "swap" or self.dose == "insert"


@dataclass(frozen=True, slots=True)
class TraceRow:
    """One row of a trace data set.

    `stages` are (name, start, end), `pivots` (kind, phrase, start, end) and `wrong_turns` (start, end), with
    character offsets into `trace`. `prompt` is the list of chat messages put to the model. `meta` is JSON:
    what the source says of the problem (steps, hops, graph search entropy, …).
    """

    id: str
    source: str
    question: str
    answer: str
    arm: str
    prompt: list[dict[str, str]]
    trace: str
    response: str
    stated_answer: str
    is_correct: bool
    stages: list[dict[str, str | int]]
    pivots: list[dict[str, str | int]]
    template: str
    template_hash: str
    lexicon_version: str
    seed: int
    answer_type: str = "number"
    wrong_turns: list[dict[str, int]] = field(default_factory=list)
    meta: str = "{}"


def parse_arms(names: Sequence[str], base: str = "hc", sampled: str = "") -> list[Arm]:
    """Read the names of arms, each once, however its fraction is written (`arm_name`); *base* is ``hc`` for
    problems and ``st`` for traces that were read. *sampled* is the arm of traces that are at hand beside
    problems: ``st``, ``self`` or none.

    Raises StylerepError for a name that is none, or one that cannot be made from the base.
    """
    chosen = list(dict.fromkeys(arm_name(name.strip()) for name in names if name.strip()))
    if not chosen:
        raise StylerepError(f"No arm was named; choose from {', '.join(ARMS)}.")
    return [_parse(name, base, sampled) for name in chosen]


def arm_name(name: str) -> str:
    """Return the name of an arm as data sets have it: ``mix=.5`` and ``mix=0.50`` are ``mix=0.5``."""
    operation, equals, amount = name.partition("=")
    if not equals or not _FRACTION.fullmatch(amount):
        return name
    return f"{operation}={repr(float(amount)).removesuffix('.0')}"


def is_of_samples(name: str) -> bool:
    """Say whether an arm is made of a data set of ``stylerep teach``: ``self``, ``st_w``, ``self_hc``."""
    found = _FACTORS.fullmatch(name)
    return found is not None and found[1] != "hc"


def _parse(name: str, base: str, sampled: str) -> Arm:
    operation, equals, amount = name.partition("=")
    if equals:
        return _dose(name, operation, amount, base)
    if name == "nt":
        return Arm(name, "")
    if name in CONTROLS:
        return Arm(name, base, control=name)
    if name in PLAIN_ARMS and base == "hc":
        long = name.startswith("hc_len")
        return Arm(name, "hc" if long else "sbs", control="len" if long else "", wrong=name.endswith("_w"))
    bases = (base, sampled, f"{sampled}_hc") if sampled else (base,)
    if (found := _FACTORS.fullmatch(name)) and found[1] in bases:
        return Arm(name, found[1], pivots=not found[2], shuffled=bool(found[3]), wrong=bool(found[4]))
    if name == "base":
        raise StylerepError("There is no arm 'base' to render: it needs no data set.")
    if found or name in PLAIN_ARMS:
        if found and found[1] != "hc":
            arm = found[1].partition("_")[0]
            why = f"it is made of traces: name their data set (stylerep teach --arm {arm}) with --like" + (
                ", or any traces with --from" if found[1] == "st" else ""
            )
        else:
            why = "it is rendered from problems and their steps: name them with --problems"
        raise StylerepError(f"The arm {shown(name)} cannot be made here: {why}.")
    raise StylerepError(
        f"There is no arm {shown(name)} to render: choose from {', '.join(ARMS)}, or"
        f" {', '.join(f'{dose}=FRACTION' for dose in (*DOSES, MIXTURE))}."
    )


def _dose(name: str, operation: str, amount: str, base: str) -> Arm:
    known = (*DOSES, MIXTURE)
    if operation not in known:
        raise StylerepError(f"There is no dose {shown(operation)}: choose from {', '.join(known)}.")
    fraction = float(amount) if _FRACTION.fullmatch(amount) else -1.0
    if not 0 <= fraction <= 1:
        raise StylerepError(
            f"The fraction of {shown(name)} must be a number from 0 to 1 of at most {_LONGEST} characters: it"
            " names a folder."
        )
    if operation == MIXTURE and base != "hc":
        raise StylerepError(
            f"The arm {shown(name)} cannot be made here: it is rendered from problems and their steps. Name"
            " them with --problems."
        )
    control, dose = (MIXTURE, "") if operation == MIXTURE else ("", operation)
    return Arm(name, base, control=control, dose=dose, fraction=fraction)
