"""A study of a real model, whose machine is lost: its outcomes file gives the same figures, and says what it
has not.
"""

import base64
import gzip
import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from harness_ext.pages.leaderboard import leaderboard
from tests.conftest import one_sentence
from tests.harness_ext.pipelines.study.files import write_study

Run = Callable[..., subprocess.CompletedProcess[str]]
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory, tiny_model: Path) -> Path:
    """A folder with a study, what it made (``whole``), its outcomes file, and what was made of that (``new``)
    where neither the model nor a cell could have been run.
    """
    from harness_ext.pipelines.study import reproduce

    folder = tmp_path_factory.mktemp("outcomes")
    shutil.copytree(tiny_model, folder / "model")
    evaluate: dict[str, Any] = {"tasks": ["style_arith", "style_kg"], "limit": 6, "max_gen_toks": 8}
    evaluate |= {"model": "style-hf", "repeats": 2, "temperature": 0.7, "batch-size": 6}
    study = write_study(folder, folder / "model", arms=["hc"], evaluate=evaluate)
    file = folder / "found.parquet"
    said: list[str] = []
    reproduce(study, folder / "whole", 1, outcomes=file, say=said.append)
    for path in (folder / "model").glob("*.safetensors"):
        path.unlink()
    ended = reproduce(study, folder / "new", 1, outcomes=file, say=said.append)
    assert not ended.state.done
    return folder


def read(folder: Path, name: str) -> Any:
    return json.loads((folder / name).read_text(encoding="utf-8"))


def test_verdicts_board_and_tables_are_the_same(made: Path, stylerep: Run) -> None:
    assert read(made / "new", "verdicts.json") == read(made / "whole", "verdicts.json")
    tables = [(made / one / "board/table.csv").read_text() for one in ("new", "whole")]
    assert tables[0] == tables[1]
    reports = [(made / one / "report.md").read_text() for one in ("new", "whole")]
    shared = [text.partition("Where the results come from")[0] for text in reports]
    assert shared[0] == shared[1]
    assert "graph search entropy" not in shared[0]  # of one size
    assert "2 of 2 runs were taken from an outcomes file" in reports[0]
    for one in ("new", "whole"):
        result = stylerep("compare", *sorted((made / one / "runs/tiny").iterdir()), "--json", f"{one}.json")
        assert result.returncode == 0, result.stderr


def test_the_file_names_neither_texts_nor_the_machine(made: Path) -> None:
    import pyarrow.parquet as pq

    rows = pq.read_table(made / "found.parquet").to_pylist()
    assert len(rows) == 2 * 2 * 6
    (samples,) = (made / "whole/runs/tiny/hc-0").rglob("samples_style_arith_*.jsonl")
    first = json.loads(samples.read_text(encoding="utf-8").splitlines()[0])
    everything = json.dumps(rows)
    for text in (first["doc"]["prompt"], first["resps"][0][0], first["arguments"]["gen_args_0"]["arg_0"]):
        assert json.dumps(text)[1:-1] not in everything
    home = str(Path.home())
    assert home not in everything
    assert "config_source" not in everything
    (kg,) = [
        one for one in rows if one["task"] == "style_kg" and one["doc_id"] == 0 and one["run"] == "tiny/base"
    ]
    assert kg["graph_search_entropy"] > 0
    assert kg["draws"] == 2


def test_runs_taken_and_run_stand_on_one_board_and_pages_say_what_was_left_out(
    made: Path, tmp_path: Path
) -> None:
    runs = [made / "new/runs/tiny/base", made / "whole/runs/tiny/hc-0"]
    leaderboard(runs, tmp_path / "board", workers=1)
    for run, left_out in (("base", True), ("hc-0", None)):
        (shard,) = (tmp_path / "board/runs").glob(f"model-{run}-*/style_arith-*/0.js")
        packed = shard.read_text(encoding="utf-8").split('"')[3]
        records = json.loads(gzip.decompress(base64.b64decode(packed)))
        assert [record.get("left_out") for record in records] == [left_out] * len(records)
        assert all((record["text"] is None) is bool(left_out) for record in records)


@pytest.mark.parametrize("verb", ["analyze", "probe", "import"])
def test_what_needs_responses_says_so(made: Path, stylerep: Run, verb: str) -> None:
    words = {"probe": ["--out", "p.parquet"], "import": ["--out", "r"]}.get(verb, [])
    sentence = one_sentence(stylerep(verb, made / "new/runs/tiny/hc-0", *words))
    assert "taken from an outcomes file" in sentence


def test_an_evaluation_stops_against_a_run_that_was_taken(
    made: Path, stylerep: Run, tmp_path: Path, tiny_model: Path
) -> None:
    words = ["--model", "style-hf", "--model_args", f"pretrained={tiny_model}", "--tasks", "style_arith"]
    words += ["--limit", "6", "--gen_kwargs", "max_gen_toks=4", "--until-settled"]
    result = stylerep(
        "eval", *words, "--against", made / "new/runs/tiny/base", "--margin", "0.9", "--output_path", "r"
    )
    assert result.returncode == 0, result.stderr[-2000:]
    assert "stopping" in read(tmp_path / "r", "manifest.json")
