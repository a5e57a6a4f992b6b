"""Arms: what each training condition makes of the same problem.

| arm | trace | stated answer |
|---|---|---|
| ``nt`` | none | right |
| ``sbs`` | the worked steps and a conclusion | right |
| ``hc`` | four stages with pivots around the same steps, and a conclusion | right |
| ``hc_w`` | the body of ``hc`` to the letter, and a wrong conclusion | wrong |
"""

from collections.abc import Sequence
from dataclasses import dataclass

from synth.plan import draw_plan, wrong_number
from synth.problems import Problem, prompt
from synth.render import Block, Templates, load_templates
from synth.seeding import generator
from synth.style import load_lexicon

ARMS = ("nt", "sbs", "hc", "hc_w")


@dataclass(frozen=True, slots=True)
class TraceRow:
    """One row of a trace data set.

    `stages` are (name, start, end) and `pivots` (kind, phrase, start, end), both with character
    offsets into `trace`. `prompt` is the list of chat messages put to the model.
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


def render_arms(problem: Problem, arms: Sequence[str], seed: int = 0, language: str = "en") -> dict[str, TraceRow]:
    """Return one row an arm for a problem; what arms share is drawn once, whatever arms are asked for."""
    templates = load_templates(language)
    rng = generator("render", language, templates.digest, seed, problem.id)
    body = templates.styled(problem, draw_plan(problem, rng), rng)
    draw = generator("conclusion", language, seed, problem.id)
    wrong = wrong_number(problem.answer, draw)
    phrase = draw.getrandbits(32)

    rows = {}
    for arm in arms:
        stated = wrong if arm == "hc_w" else problem.answer
        blocks: list[Block] = []
        if arm != "nt":
            styled = arm != "sbs"
            conclusion = templates.conclusion(stated, styled, generator(phrase))
            blocks = [*(body if styled else templates.plain(problem)), conclusion]
        rows[arm] = _row(problem, arm, blocks, stated, seed, templates)
    return rows


def _row(problem: Problem, arm: str, blocks: list[Block], stated: str, seed: int, templates: Templates) -> TraceRow:
    lexicon = load_lexicon(templates.language)
    trace = ""
    stages: list[dict[str, str | int]] = []
    for block in blocks:
        trace += "\n" if trace else ""
        stages.append({"stage": block.stage, "start": len(trace), "end": len(trace) + len(block.text)})
        trace += block.text
    return TraceRow(
        id=problem.id,
        source=problem.source,
        question=problem.question,
        answer=problem.answer,
        arm=arm,
        prompt=[{"role": "user", "content": prompt(problem.question)}],
        trace=trace,
        response=templates.response(trace, stated),
        stated_answer=stated,
        is_correct=stated == problem.answer,
        stages=stages,
        pivots=[{"kind": p.kind, "phrase": p.phrase, "start": p.start, "end": p.end} for p in lexicon.find(trace)],
        template=f"{templates.language}/{'hc' if arm == 'hc_w' else arm}",
        template_hash=templates.digest,
        lexicon_version=lexicon.signature,
        seed=seed,
    )
