"""Says which responses of a fresh run may have been misread."""

from pathlib import Path

from harness_ext.runs.run_folder import sample_files, sample_rows
from synth.files.files_below import files_below
from synth.formats import split_response
from synth.formats.audit import Audit


def run_notes(folder: Path) -> list[str]:
    """Return a sentence for each peculiarity that more than a few responses to a task have
    (`synth.formats.audit`); only the newest samples of a task are read.
    """
    notes = []
    # of several runs in a folder, each: what was measured is never refused here
    places = sorted({path.parent for path in files_below(folder, "samples_*.jsonl")})
    for task, path in (found for place in places for found in sample_files(place).items()):
        audit, seen = Audit(), set[str]()
        for where, row in sample_rows(path):
            requests = row.get("resps")
            texts = (
                requests[0]
                if isinstance(requests, list) and len(requests) == 1 and isinstance(requests[0], list)
                else []
            )
            if row["doc_hash"] in seen or not all(isinstance(text, str) for text in texts):
                continue  # another filter of the same responses, or likelihoods
            seen.add(row["doc_hash"])
            answered = bool(row["answered"]) if isinstance(row.get("answered"), (int, float)) else None
            for text in texts:
                audit.add(text, split_response(text), where.removeprefix(f"{folder}/"), answered)
        notes += [f"{task}: {note}" for note in audit.notes()]
    return notes
