"""Whether the traces of the arm ``self`` are those of the student that is to be trained on them."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from synth.errors import StylerepError


def check_own_traces(data: Path, manifest: Mapping[str, Any], model: str, weights: str | None) -> None:
    """Raise StylerepError where a data set holds a student's own traces (``self``, ``self_hc``, …) and
    *model*, whose weights have the SHA-256 *weights*, is another.

    Where the traces' manifest has no digest, as from a server, the name has to be the same.
    """
    if str(manifest["arm"]).partition("_")[0] != "self":
        return
    told = manifest.get("sampled", manifest.get("teaching"))
    student = told.get("student") if isinstance(told, Mapping) else None
    if not isinstance(student, Mapping):
        raise StylerepError(
            f"{data}: its manifest doesn't say whose own traces these are; sample them with stylerep teach"
            " --arm self."
        )
    name, sampled = student.get("name"), student.get("weights_sha256")
    if name != model if sampled is None or weights is None else sampled != weights:
        by = f", with weights of SHA-256 {sampled[:12]}…" if isinstance(sampled, str) else ""
        raise StylerepError(
            f"{data}: these are another student's own traces ({name}{by}), and {model} is to be trained;"
            f" sample it with stylerep teach --arm self."
        )
