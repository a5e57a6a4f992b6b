"""A run folder from an outcomes file is read as the one that it was made of."""

import json
import os
from pathlib import Path

import pytest

from harness_ext.runs.outcomes import OutcomesFile, is_restored, read_outcomes, restore_run
from harness_ext.runs.run_folder import Run, load_run
from synth.errors import StylerepError
from tests.harness_ext.runs.outcomes.files import DATE, label, outcomes_file, run_folder


def restored(folder: Path) -> Path:
    run = OutcomesFile(outcomes_file(folder)).runs()["k0"]
    restore_run(folder / "new", run, "found.parquet")
    return folder / "new"


def told(run: Run) -> object:
    items = {
        key: [(one.doc_hash, list(one.metrics.items())) for one in own.values()]
        for key, own in run.tasks.items()
    }
    asked = {task: list(own.items()) for task, own in run.asked.items()}
    return items, list(run.tasks), asked, run.generation, dict(run.versions), dict(run.shots)


def test_items_metrics_digests_and_settings_are_the_same(tmp_path: Path) -> None:
    one, two = load_run(restored(tmp_path)), load_run(tmp_path / "run")
    assert told(one) == told(two)
    # of digests, not of nothing
    assert all(asked.document and asked.target for asked in one.asked["sums"].values())
    assert one.generation["sums"] == {"max_gen_toks": "7", "until": '["\\n"]'}
    assert set(one.tasks) == {("sums", "none"), ("other", "strict"), ("other", "loose")}
    assert one.tasks["other", "strict"].metrics == ["exact_match", "seed"]
    assert one.tasks["other", "loose"].metrics == ["exact_match", "seed_"]


def test_no_text_is_left_and_the_manifest_says_so(tmp_path: Path) -> None:
    folder = restored(tmp_path)
    everything = "".join(path.read_text(encoding="utf-8") for path in folder.iterdir())
    for text in ("What is", "The answer", "A prompt."):
        assert text not in everything
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    assert is_restored(manifest)
    assert manifest["restored"]["left_out"] == ["documents", "prompts", "responses"]
    assert sorted(manifest["files"]) == sorted(
        path.name for path in folder.iterdir() if path.name != "manifest.json"
    )


def test_what_was_there_gives_way(tmp_path: Path) -> None:
    (tmp_path / "new").mkdir()
    (tmp_path / "new/responses.jsonl").write_text("half of another run", encoding="utf-8")
    assert {path.suffix for path in restored(tmp_path).iterdir()} == {".json", ".jsonl"}
    assert not (tmp_path / "new/responses.jsonl").exists()


def test_a_model_in_a_home_folder_is_one_in_the_home_of_whoever_restores(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    args = {"pretrained": "/home/ann/models/m", "peft": "adapters/m"}
    run_folder(tmp_path / "run", base_model="/home/ann/models/m", model_args=args)
    run = read_outcomes(tmp_path / "run", label())
    assert "ann" not in json.dumps([run.manifest, run.results, run.samples])
    monkeypatch.setenv("HOME", "/home/bob")
    restore_run(tmp_path / "new", run, "f")
    manifest = json.loads((tmp_path / "new/manifest.json").read_text(encoding="utf-8"))
    assert manifest["base_model"] == "/home/bob/models/m"
    assert manifest["model_args"] == {"pretrained": "/home/bob/models/m", "peft": "adapters/m"}


def test_a_task_named_as_a_way_out_is_refused_and_nothing_is_written(tmp_path: Path) -> None:
    run = OutcomesFile(outcomes_file(tmp_path)).runs()["k0"]
    run.samples["tasks"]["../../out"] = run.samples["tasks"]["sums"]
    with pytest.raises(StylerepError, match="no name that a file"):
        restore_run(tmp_path / "new", run, "f")
    assert not (tmp_path / "new").exists()
    assert DATE in os.listdir(tmp_path / "run/model")[0]
