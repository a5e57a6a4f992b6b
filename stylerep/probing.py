"""What a model makes of traces: how learnable they are for it."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from synth.errors import StylerepError

if TYPE_CHECKING:
    from harness_ext.pipelines.learnability import LearnabilityReport

__all__ = ["learnability"]


def learnability(
    model: str | Path,
    data: str | Path | Sequence[str | Path],
    out: str | Path,
    *,
    adapter: str | Path | None = None,
    n: int | None = None,
    trust_remote_code: bool = False,
) -> "LearnabilityReport":
    """Measure how surprising the rows of some arms are to a student, as ``stylerep learnability`` does.

    Rows are read once each, without training. A call that was killed goes on where it was when it is made
    again.

    Args:
        model: the student: a name of ``stylerep models list``, a local folder or a Hub id.
        data: the data set of one arm, or of several; the first is what others are held against.
        out: the table, a Parquet file with a row of numbers for each row of each arm.
        adapter: a folder that `stylerep.distill` wrote, put on the model.
        n: the first rows of each arm; all if left out.
        trust_remote_code: let the model run Python files of its own; read them first.

    Returns:
        A report with ``arms`` (mean surprisal in nats a token, whole and by part, mean rank, rank-surprisal
        ratio, tokens) and ``differences`` from the first arm.

    Raises:
        StylerepError: for a model, adapter or data set that can't be used, a file that can't be written,
            and a row that training would refuse.

    Example:
        report = stylerep.learnability("smollm2-135m-instruct", ["data/sbs", "data/hc"], "rows.parquet")
        print([(one.arm, one.surprisal.estimate) for one in report.arms])

    """
    from distill.models.model_files import code_of_models
    from distill.models.pretrained import check_adapter, resolve_model
    from synth.files.output_files import check_outputs
    from synth.problems import check_number
    from synth.traces.datasets import check_dataset

    folders = [Path(one) for one in ([data] if isinstance(data, str | Path) else data)]
    student, target, put_on = str(model), Path(out), Path(adapter) if adapter is not None else None
    check_number(n)
    if not folders:
        raise StylerepError("Name the data set of at least one arm.")
    for folder in folders:
        check_dataset(folder)
    resolve_model(student)
    if put_on:
        check_adapter(put_on)
    check_outputs({"--out": target}, [file for folder in folders for file in folder.iterdir()])

    # Only now what takes seconds to import.
    from harness_ext.pipelines.learnability import learnability as run
    from synth.terminal import say

    with code_of_models(trust_remote_code):
        return run(student, folders, target, adapter=put_on, n=n, say=lambda text: say(text, err=True))
