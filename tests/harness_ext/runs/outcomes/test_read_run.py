"""What an outcomes file holds of a run folder."""

import json
from pathlib import Path

import pytest

from harness_ext.runs.outcomes import read_outcomes
from synth.errors import StylerepError
from tests.harness_ext.compare.runs import write_run
from tests.harness_ext.runs.outcomes.files import DATE, label, run_folder


def test_a_row_is_an_item_under_a_filter_with_its_metrics(tmp_path: Path) -> None:
    run = read_outcomes(run_folder(tmp_path / "r"), label())
    rows = run.rows.to_pylist()
    assert [(row["task"], row["filter"], row["doc_id"]) for row in rows] == [
        *[("other", "strict", number) for number in range(3)],
        *[("other", "loose", number) for number in range(3)],
        *[("sums", "none", number) for number in range(3)],
    ]
    assert [row["acc"] for row in rows[6:]] == [1, 0, 0.5]
    assert rows[5]["exact_match"] is None
    # metrics that are named as columns are
    assert [(row["seed_"], row["seed__"]) for row in rows[2:4]] == [(3, None), (None, 1 / 3)]
    assert rows[0]["document_digest"] == rows[3]["document_digest"] == rows[6]["document_digest"]
    assert run.samples["date"] == DATE
    assert run.samples["tasks"]["other"]["metrics"] == {
        "strict": ["exact_match", "seed"],
        "loose": ["exact_match", "seed_"],
    }


def test_the_graph_of_a_problem_is_kept(tmp_path: Path) -> None:
    run_folder(tmp_path / "r")
    path = next((tmp_path / "r/model").glob("samples_sums_*"))
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    for number, row in enumerate(rows[:2]):
        row["doc"]["meta"] = json.dumps(
            {"graph_search_entropy": 20.5 + number, "hops": number, "names": ["Ann"]}
        )
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    found = read_outcomes(tmp_path / "r", label()).rows.to_pylist()[6:]
    assert [(row["graph_search_entropy"], row["hops"]) for row in found] == [
        (20.5, 0),
        (21.5, 1),
        (None, None),
    ]


def test_paths_of_the_machine_and_secrets_are_left_out(tmp_path: Path) -> None:
    folder = run_folder(tmp_path / "r", model_args={"api_key": "0123456789abcdef", "x": f"{Path.home()}/m"})
    results = {
        "config": {"use_cache": "/srv/cache", "model_args": {"pretrained": "/root/m"}},
        "configs": {
            "sums": {"metadata": {"config_source": "/srv/tasks/sums.yaml", "data_dir": "/srv", "v": 1}}
        },
        "model_name_sanitized": "__root__m",
        "eot_token_id": 2,
    }
    (folder / "model" / f"results_{DATE}.json").write_text(json.dumps(results), encoding="utf-8")
    run = read_outcomes(folder, label())
    everything = json.dumps([run.manifest, run.results, run.samples])
    for text in ("/srv", "root", str(Path.home()), "0123456789abcdef"):
        assert text not in everything
    assert run.results["config"]["model_args"] == {"pretrained": "~/m"}
    assert run.results["configs"]["sums"]["metadata"] == {"v": 1}
    assert run.results["eot_token_id"] == 2
    assert "files" not in run.manifest


def test_what_is_no_run_is_told(tmp_path: Path) -> None:
    with pytest.raises(StylerepError, match="no such run folder"):
        read_outcomes(tmp_path / "x", label())
    write_run(tmp_path / "empty", [])
    with pytest.raises(StylerepError, match="no sample lies in it"):
        read_outcomes(tmp_path / "empty", label())
    (tmp_path / "r/model").mkdir(parents=True)
    row = {"doc_hash": "\ud800", "acc": 1.0}
    (tmp_path / "r/model" / f"samples_t_{DATE}.jsonl").write_text(json.dumps(row) + "\n", encoding="utf-8")
    with pytest.raises(StylerepError, match="cannot stand in an outcomes file"):
        read_outcomes(tmp_path / "r", label())
