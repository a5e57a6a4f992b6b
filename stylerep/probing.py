"""What a model makes of traces: how learnable they are for it, and whether its answers hang on them."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from synth.errors import StylerepError

if TYPE_CHECKING:
    from harness_ext.pipelines.learnability import LearnabilityReport
    from harness_ext.pipelines.probe import ProbeReport

__all__ = ["learnability", "probe"]
_SERVER = "local-completions"


def learnability(
    model: str | Path,
    data: str | Path | Sequence[str | Path],
    out: str | Path,
    *,
    adapter: str | Path | None = None,
    n: int | None = None,
    record: bool = False,
    model_args: Mapping[str, Any] | None = None,
    trust_remote_code: bool = False,
) -> "LearnabilityReport":
    """Measure how surprising the rows of some arms are to a student, as ``stylerep learnability`` does.

    Rows are read once each, without training. A call that was killed goes on where it was when it is made
    again.

    Args:
        model: the student: a name of ``stylerep models list``, a local folder or a Hub id; or
            ``local-completions``, for one that a server runs.
        data: the data set of one arm, or of several; the first is what others are held against.
        out: the table, a Parquet file with a row of numbers for each row of each arm.
        adapter: a folder that `stylerep.distill` wrote, put on the model.
        n: the first rows of each arm; all if left out.
        record: also write what was found into the manifest of each data set.
        model_args: of ``local-completions``: ``base_url`` and ``model``, and what else lm_eval takes;
            ``tokenizer``, a model of the student's tokenizer; ``top_logprobs``, how many of the likeliest
            tokens the server is asked for (5).
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
    if student == _SERVER:
        if put_on:
            raise StylerepError(f"{_SERVER} takes no adapter; have the server put it on the model.")
    elif model_args:
        raise StylerepError(
            f"--model_args are for --model {_SERVER}; of other students, name the model itself."
        )
    else:
        resolve_model(student)
    if put_on:
        check_adapter(put_on)
    check_outputs({"--out": target}, [file for folder in folders for file in folder.iterdir()])

    # Only now what takes seconds to import.
    from harness_ext.pipelines.learnability import learnability as run
    from synth.terminal import say

    with code_of_models(trust_remote_code):
        return run(
            student,
            folders,
            target,
            adapter=put_on,
            n=n,
            record=record,
            model_args=dict(model_args or {}) if student == _SERVER else None,
            say=lambda text: say(text, err=True),
        )


def probe(
    runs: str | Path | Sequence[str | Path],
    out: str | Path,
    *,
    model: str | Path | None = None,
    adapter: str | Path | None = None,
    probes: Sequence[str] = (),
    n: int | None = None,
    seed: int = 0,
    sentences: int | None = 40,
    resample: int = 0,
    trust_remote_code: bool = False,
) -> "ProbeReport":
    """Ask whether the answers of some runs hang on the traces before them, as ``stylerep probe`` does.

    Each trace is cut short, made wrong, and robbed of its parts; each time the model that wrote it says how
    likely its answer then is. Only with *resample* does it write anything. A call that was killed goes on
    where it was when it is made again.

    Args:
        runs: a run folder, or several; the first is what others are held against.
        out: the table, a Parquet file with a row for each variant of each trace.
        model: of one run, the model that wrote it; what its manifest names if left out.
        adapter: of one run, the adapter on that model; what its manifest names if *model* is left out too.
        probes: which of ``none``, ``early``, ``delete``, ``delete_all``, ``corrupt``, ``carry``,
            ``paraphrase``, ``pivots_within``, ``pivots_between``, ``filler`` and ``swap``; all if left out.
        n: the first items of each task; all if left out.
        seed: of what is drawn: wrong numbers and names, other pivots.
        sentences: the most sentences of a trace that are probed one by one, evenly spread; None for all.
        resample: from before each sentence, write the rest of the trace anew so many times; 0 for never.
        trust_remote_code: let the model run Python files of its own; read them first.

    Returns:
        A report with ``effects`` (by probe and kind, by probe and stage), ``early`` answers, and
        ``differences`` from the first run.

    Raises:
        StylerepError: for a run that can't be read or has no trace, a model that isn't here or didn't write
            it, a probe that there isn't, and a file that can't be written.

    Example:
        report = stylerep.probe(["runs/sbs", "runs/hc"], "probes.parquet", n=100)
        print([(one.run, one.probe, one.kind, one.effect.estimate) for one in report.effects])

    """
    from distill.models.model_files import code_of_models
    from harness_ext.pipelines.probed_runs import check_probes, probed_run
    from harness_ext.runs.run_folder import run_files
    from synth.files.output_files import check_outputs
    from synth.problems import check_number

    folders = [Path(one) for one in ([runs] if isinstance(runs, str | Path) else runs)]
    target = Path(out)
    check_number(n)
    chosen = check_probes(probes)
    if sentences is not None and sentences < 1:
        raise StylerepError(f"Of each trace at least 1 sentence must be probed, got {sentences}.")
    if resample < 0:
        raise StylerepError(f"The number of draws must be 0 or more, got {resample}.")
    if not folders:
        raise StylerepError("Name at least one run folder.")
    if len(folders) > 1 and (model is not None or adapter is not None):
        raise StylerepError(
            "A model or adapter can be named for one run only; of several runs, each is probed with what its"
            " manifest names."
        )
    put_on = Path(adapter) if adapter is not None else None
    read = [probed_run(one, str(model) if model is not None else None, put_on) for one in folders]
    if len({one.name for one in read}) < len(read):
        raise StylerepError("Two of the run folders have one name; give each a name of its own.")
    check_outputs({"--out": target}, [file for folder in folders for file in run_files(folder)])

    # Only now what takes seconds to import.
    from harness_ext.pipelines.probe import ProbeSettings
    from harness_ext.pipelines.probe import probe as run
    from synth.terminal import say

    settings = ProbeSettings(chosen, n, seed, sentences, resample=resample)
    with code_of_models(trust_remote_code):
        return run(read, target, settings, say=lambda text: say(text, err=True))
