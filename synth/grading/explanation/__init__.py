r"""Explanation score: the steps that a trace states against the proof of its problem, for the graph sources.

$$P = \frac{m}{m + b + w}, \qquad R = \frac{m}{n}, \qquad F_1 = \frac{2PR}{P + R}$$

A step is a fact that the trace asserts of two things of the problem: that Nora was born in Velmora, that Ida
is Paul's mother, that D8 leads to K2. Each counts once, however often it is said. Of the *n* edges of the
proof *m* are stated; *b* more facts of the question are stated that lie beside the proof, and *w* steps are
false. All scores go from 0 to 1, and are 0 where no step of the proof is stated. That the parts of an
explanation are scored, and not only the answer, is after MetaLogic (Huang et al. 2022, arXiv:2210.12487).

How steps are read, in English, whatever writes them:

- Two things named one after the other in one sentence, tied by a word for a relation between them or by its
  inverse: as a noun ("the mother of B", "B's mother is A", "A (B's mother)", "mother(B) = A"), as a verb
  ("born in", "is mentored by"), in a table or with arrows. In a knowledge graph the kinds of things tell the
  direction where they differ. A chain needs a word or sign that leads on.
- A pronoun, a subject left out ("… and works for B", "- born in B") or a hedge ("if", "maybe") leaves open
  what is said: such a step counts where a reading of it is a fact, and is never false. A pronoun that only
  one of the things just named can be is no such case.
- What is denied ("not", "no other", "wrong") or asked is not stated.
- A false step is taken back where a true one in its place follows: the trace has noticed.
- What follows from the facts by rules (the rules of the question, those of kinship,
  several pairs of a chain) neither helps nor hurts.
- Facts copied from the question are no explanation. Its facts are in random order, so four or more in that
  order, two of them beside the proof, are copied; none of them is stated, unless it is said again outside.
- Where there is not enough evidence (source ``claims``), that a fact is missing is one more edge of the
  proof: it is stated by "the country of Velmora is not given". So silence scores 0 there too. Of any source,
  to call a fact missing that is there is a false step.

What no wording of this kind says is not found, so scores compare traces of one problem set; they are no
absolute measure. A trace that repeats one or two facts of the question beside the proof loses precision, so a
style that restates shows in `precision` and `f1`, hardly in `recall`. Two things that are tied stand at most
160 characters apart, and of a sentence the first 500 mentions are read;
the time is linear in the length of the trace.

`wording` reads words around two things, `graphs`, `kinship` and `chains` are the kinds of questions,
`mentions` finds what a text names, and `reading` goes through it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from synth.errors import StylerepError
from synth.grading.explanation.chains import Chain
from synth.grading.explanation.graphs import ToldGraph
from synth.grading.explanation.kinship import KIN, ToldFamily
from synth.grading.explanation.reading import read_statements
from synth.grading.explanation.wording import GAP, Edge, Question, Statement

__all__ = ["Explanation", "explanation_scores", "has_proof"]

_COPIED = 4  # facts in the order of the question from which on they are copied


@dataclass(frozen=True, slots=True)
class Explanation:
    """The score of a trace, and what it is made of: `stated` steps are `matched`, `beside` or `false`;
    the proof has `needed`.
    """

    precision: float
    recall: float
    f1: float
    stated: int
    matched: int
    beside: int
    false: int
    needed: int


def has_proof(meta: Mapping[str, Any]) -> bool:
    """Say whether a problem's `meta` has what `explanation_scores` reads:
    a proof and the facts that the question states.
    """
    return bool(meta.get("facts_stated")) and "proof" in meta


def explanation_scores(trace: str, meta: Mapping[str, Any]) -> Explanation:
    """Score the steps that a trace states against the proof in the `meta` of its problem.

    *meta* has ``proof`` and ``facts_stated`` (lists of subject, relation, object; the latter in the order of
    the question), ``rules`` (name and the two relations that are joined), ``women`` and ``missing`` (subject
    and relation) where the source has them. Raises StylerepError if there are no facts in it,
    and nothing for any trace.
    """
    if not has_proof(meta):
        raise StylerepError(
            "An explanation can only be scored for a problem with a proof: those of kg, kinship, chain and"
            " claims."
        )
    question = _question(meta)
    statements = read_statements(trace, question)
    facts = {(edge[0], edge[1], edge[2]): i for i, edge in enumerate(meta["facts_stated"])}
    proof = {(edge[0], edge[1], edge[2]) for edge in meta["proof"]}
    needed = len(proof)
    if missing := meta.get("missing"):
        proof.add((missing[0], missing[1], GAP))
        needed += 1
    stated = [
        one.edge
        for one, copied in zip(statements, _copied(statements, facts, proof), strict=True)
        if one.verdict == "fact" and not copied
    ]
    matched, beside = len(proof & set(stated)), len(set(stated) - proof)
    # Where each place is last stated rightly: "Nora was born in Torsund. No, in Velmora." has no false step.
    set_right = {
        question.place(one.edge): i for i, one in enumerate(statements) if one.verdict in ("fact", "follows")
    }
    false = len(
        {
            one.edge
            for i, one in enumerate(statements)
            if one.verdict == "false" and set_right.get(question.place(one.edge), -1) < i
        }
    )
    precision = matched / (matched + beside + false) if matched else 0.0
    recall = matched / needed if needed else 0.0
    f1 = 2 * precision * recall / (precision + recall) if matched else 0.0
    return Explanation(precision, recall, f1, matched + beside + false, matched, beside, false, needed)


def _question(meta: Mapping[str, Any]) -> Question:
    """Return the question in a `meta`, of the kind that its relations are of."""
    relations = {edge[1] for edge in meta["facts_stated"]}
    if relations == {"leads to"}:
        return Chain(meta)
    return ToldFamily(meta) if relations <= set(KIN) else ToldGraph(meta)


def _copied(statements: list[Statement], facts: dict[Edge, int], proof: set[Edge]) -> list[bool]:
    """Say of each statement whether it belongs to a run of facts in the order of the question (from its start
    to its last fact beside the proof).
    """
    copied = [False] * len(statements)
    run: list[int] = []

    def close() -> None:
        """Mark the run, if it is long enough and not the proof alone."""
        places = [facts[statements[i].edge] for i in run]
        beside = [k for k, i in enumerate(run) if statements[i].edge not in proof]
        if len(set(places)) < _COPIED or len({places[k] for k in beside}) < 2:
            return
        # what comes after it may be the explanation; facts that stand next in the question are still copied
        end = beside[-1]
        while end + 1 < len(run) and places[end + 1] <= places[end] + 1:
            end += 1
        for i in run[: end + 1]:
            copied[i] = True

    for i, one in enumerate(statements):
        if (
            one.verdict == "fact"
            and one.edge in facts
            and (not run or facts[one.edge] >= facts[statements[run[-1]].edge])
        ):
            run.append(i)
            continue
        close()
        run = [i] if one.verdict == "fact" and one.edge in facts else []
    close()
    return copied
