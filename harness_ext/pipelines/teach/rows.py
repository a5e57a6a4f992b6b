"""Makes the rows of a data set from responses of a model: the one place that knows their columns."""

from harness_ext.pipelines.teach.checks import Candidate
from synth.problems import Problem, prompt
from synth.style import load_lexicon, read_trace
from synth.style.language import language_of
from synth.traces.arms import TraceRow
from synth.traces.trace_rows import meta_text


def trace_row(
    problem: Problem,
    candidate: Candidate,
    arm: str,
    template: str,
    template_hash: str,
    seed: int,
    identifier: str | None = None,
) -> TraceRow:
    """Return the row of one response; stages and pivots are as the style scorer reads them. *identifier*
    stands for the problem's own id.
    """
    lexicon = load_lexicon(language_of(candidate.trace))
    reading = read_trace(candidate.trace, lexicon)
    return TraceRow(
        id=identifier or problem.id,
        source=problem.source,
        question=problem.question,
        answer=problem.answer,
        arm=arm,
        prompt=[{"role": "user", "content": prompt(problem.question, problem.answer_type)}],
        trace=candidate.trace,
        response=candidate.response,
        stated_answer=candidate.stated or "",
        is_correct=candidate.is_correct,
        stages=[{"stage": stage, "start": start, "end": end} for stage, start, end in reading.stages],
        pivots=[
            {"kind": pivot.kind, "phrase": pivot.phrase, "start": pivot.start, "end": pivot.end}
            for pivot in reading.pivots
        ],
        template=template,
        template_hash=template_hash,
        lexicon_version=lexicon.signature,
        seed=seed,
        answer_type=problem.answer_type,
        meta=meta_text(problem),
    )
