"""``stylerep analyze``: reads responses, scores their style, and says what goes with success."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version as installed
from pathlib import Path
from typing import Any

from harness_ext.pages.analyze.association import Analysis, associations
from harness_ext.pages.analyze.learnable import read_tables, with_learnability
from harness_ext.pages.analyze.responses import Fields, Response, read_responses
from harness_ext.pages.analyze.scored import ScoredResponse, score_responses
from harness_ext.pages.analyze.summary import Group, summarize
from synth.errors import StylerepError
from synth.formats import split_response
from synth.formats.audit import Audit, encrypted_note
from synth.progress import turn_to
from synth.style import load_lexicon
from synth.style.profile import DEFAULT, StyleProfile, build_profile, load_profile

__all__ = [
    "Analysis",
    "Fields",
    "Group",
    "Response",
    "ScoredResponse",
    "StyleAnalysis",
    "analyze",
    "profile_of",
    "read_responses",
    "score_responses",
]


@dataclass(frozen=True, slots=True)
class StyleAnalysis:
    """Scored responses, their summaries by model, what goes with a right answer, and how all that was
    made.
    """

    scored: list[ScoredResponse]
    groups: list[Group]
    associations: list[Analysis]
    reference: StyleProfile
    files: list[dict[str, Any]]
    lexicons: list[str]
    version: str
    signature: str
    notes: tuple[str, ...] = ()


def analyze(
    sources: Sequence[str],
    fields: Fields | None = None,
    reference: str = DEFAULT,
    language: str | None = None,
    learnability: Sequence[Path] = (),
) -> StyleAnalysis:
    """Analyze the responses in files, run folders and Hub data sets.

    `reference` is the profile that adherence is measured against, a name or a file; `language` (en, zh) is
    told from each trace unless it is given. With tables that ``stylerep learnability`` wrote, `learnability`,
    rows of the data sets it read also have what it found among their metrics. Raises StylerepError for what
    cannot be read.
    """
    if not sources:
        raise StylerepError("There is nothing to analyze: name at least one file, folder or data set.")
    if language is not None:
        load_lexicon(language)
    profile = load_profile(reference)
    tables = read_tables(learnability) if learnability else None
    scored, notes, audit, encrypted = [], list[str](), Audit(), 0
    for one in score_responses(read_responses(sources, fields, notes), profile, language):
        scored.append(one)
        audit.add(one.response.text, split_response(one.response.text), one.response.where)
        encrypted += one.response.encrypted
    if tables is not None:
        scored, note = with_learnability(scored, *tables)
        notes.append(note)
    turn_to("comparing scores with success")
    notes += [*encrypted_note(encrypted, len(scored)), *audit.notes()]
    counts = Counter(one.response.file for one in scored)
    lexicons = sorted({load_lexicon(one.language).signature for one in scored})
    return StyleAnalysis(
        scored,
        summarize(scored),
        associations(scored),
        profile,
        [{"file": file, "responses": n} for file, n in counts.items()],
        lexicons,
        installed("stylerep"),
        f"analyze|n:{len(scored)}|lexicon:{','.join(lexicons)}|reference:{profile.name}:{profile.digest}|stylerep:{installed('stylerep')}",
        tuple(notes),
    )


def profile_of(name: str, analysis: StyleAnalysis) -> StyleProfile:
    """Make the style profile of all analyzed traces that are not empty; they must be of one language."""
    languages = {one.language for one in analysis.scored}
    if len(languages) > 1:
        raise StylerepError(
            f"A profile is of one language, and these traces are of {' and '.join(sorted(languages))};"
            " analyze them apart, or give --language."
        )
    return build_profile(
        name,
        [one.scores for one in analysis.scored if one.scores.words],
        load_lexicon(languages.pop()),
        analysis.files,
    )
