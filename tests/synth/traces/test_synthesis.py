"""Whole builds: the same bytes, all or nothing, and what the command says of mistakes."""

import gzip
import hashlib
import itertools
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from synth.errors import StylerepError
from synth.grading.answers import final_answer, is_right
from synth.style import load_lexicon
from synth.traces.datasets import read_dataset
from synth.traces.synthesis import synth, synth_from
from tests.conftest import one_sentence

Command = Callable[..., "subprocess.CompletedProcess[str]"]
SCRIPT = (
    "import sys; from pathlib import Path; from synth.traces.synthesis import synth\nsynth('arith:train',"
    " ['hc', 'hc_w', 'shuffle=0.5'], Path(sys.argv[1]), int(sys.argv[2]), decontaminate=False)\n"
)


def contents(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def test_the_same_inputs_give_the_same_bytes_in_any_process(tmp_path: Path) -> None:
    for name, environment in (
        ("a", {"PYTHONHASHSEED": "1"}),
        ("b", {"PYTHONHASHSEED": "2", "LC_ALL": "C", "TZ": "Asia/Tokyo"}),
    ):
        (tmp_path / name).mkdir()
        subprocess.run(
            [sys.executable, "-c", SCRIPT, "out", "300"],
            cwd=tmp_path / name,
            env={**os.environ, **environment},
            check=True,
        )
    assert contents(tmp_path / "a") == contents(tmp_path / "b")
    assert len(contents(tmp_path / "a")) == 9


def test_known_bytes_of_a_trace() -> None:
    from synth.problems import load_problems
    from synth.traces.rendering import render

    traces = "\n".join(row["hc"].trace for row in render(load_problems("arith:test", 50), ["hc"]))
    # Changes whenever templates, profile, plan or problems do: then the text of every data set does,
    # and the change log says so.
    assert hashlib.sha256(traces.encode()).hexdigest()[:16] == KNOWN


KNOWN = "c8d55860846056bf"


@pytest.mark.parametrize("after", [0.3, 1.5, 2.5])
def test_a_build_killed_at_any_time_leaves_the_old_sets(tmp_path: Path, after: float) -> None:
    folders = synth("arith:train", ["hc", "hc_w", "shuffle=0.5"], tmp_path / "out", 20, decontaminate=False)
    before = contents(tmp_path / "out")
    with subprocess.Popen([sys.executable, "-c", SCRIPT, str(tmp_path / "out"), "100000"]) as process:
        time.sleep(after)
        process.send_signal(signal.SIGKILL)
    assert {
        name: digest for name, digest in contents(tmp_path / "out").items() if not name.startswith(".")
    } == before
    assert all(len(read_dataset(folder)[0]) == 20 for folder in folders.values())
    synth("arith:train", ["hc", "hc_w", "shuffle=0.5"], tmp_path / "out", 25, decontaminate=False)
    assert sorted(os.listdir(tmp_path / "out")) == ["hc", "hc_w", "shuffle=0.5"]


def test_arms_of_any_model_s_traces(real_data: Path, tmp_path: Path) -> None:
    arms = [
        "st",
        "st_np",
        "st_shuf",
        "st_w",
        "st_np_shuf_w",
        "shuffle=0.67",
        "delete=0.33",
        "insert=0.33",
        "digits=0.5",
        "keywords=1",
        "dots",
        "swap",
        "nt",
    ]
    folders = synth_from([str(real_data / "traces/sky-t1-wrong-5k-14b/amc23.jsonl")], arms, tmp_path)
    rows = {arm: read_dataset(folder)[0] for arm, folder in folders.items()}
    ids = [row["id"] for row in rows["st"]]
    assert len(ids) >= 10
    assert len(set(ids)) == len(ids)
    for arm, own in rows.items():
        assert [row["id"] for row in own] == ids
        for row in own:
            stated = final_answer(row["response"], row["answer_type"])
            assert (
                is_right(stated, row["answer"], row["answer_type"])
                == row["is_correct"]
                == (not arm.endswith("_w"))
            ), (arm, row["response"][-100:])
    for st, wrong, plain, shuffled in zip(
        *(rows[arm] for arm in ("st", "st_w", "st_np", "shuffle=0.67")), strict=True
    ):
        same = int(0.8 * len(st["trace"]))
        assert st["trace"][:same] == wrong["trace"][:same]
        assert len(plain["pivots"]) <= max(1, len(st["pivots"]) // 5)
        assert sorted(shuffled["trace"].split()) == sorted(st["trace"].split())
    manifest = json.loads((folders["st"] / "manifest.json").read_text())
    assert sum(manifest["left_out"].values()) + len(ids) == 40
    assert set(manifest["left_out"]) <= {
        "no answer is stated",
        "the answer is wrong",
        "there is no whole trace",
        "its answer cannot be made wrong",
    }


def test_real_traces_of_teachers_are_taken_whole(real_data: Path, tmp_path: Path) -> None:
    file = tmp_path / "teachers.jsonl"
    with gzip.open(real_data / "traces/teachers_reasoning_gym.jsonl.gz", "rt") as lines:
        file.write_text("".join(itertools.islice(lines, 400)))
    folder = synth_from([str(file)], ["st"], tmp_path / "out", 50)["st"]
    rows, manifest = read_dataset(folder)
    assert len(rows) == 50
    assert manifest["problems"] == "from teachers.jsonl"


def test_traces_of_our_own_sets_are_read_back_wherever_they_lie(tmp_path: Path) -> None:
    folder = synth("arith:train", ["hc"], tmp_path / "a", 60)["hc"]
    again = [
        synth_from([str(place / "train.parquet")], ["st", "shuffle=0.5"], tmp_path / name)["st"]
        for name, place in (("b", folder), ("c", _moved(folder, tmp_path)))
    ]
    rows = read_dataset(again[0])[0]
    assert [row["trace"] for row in rows] == [row["trace"] for row in read_dataset(folder)[0]]
    assert (again[0] / "train.parquet").read_bytes() == (again[1] / "train.parquet").read_bytes()


def _moved(folder: Path, tmp_path: Path) -> Path:
    place = tmp_path / "elsewhere" / folder.name
    shutil.copytree(folder, place)
    return place


def test_what_a_source_says_of_a_problem_is_kept(tmp_path: Path) -> None:
    rows = read_dataset(synth("kg:train", ["nt"], tmp_path, 5)["nt"])[0]
    assert all(json.loads(row["meta"])["graph_search_entropy"] > 0 for row in rows)


def test_many_arms_hold_the_same_problems(tmp_path: Path) -> None:
    folders = synth("countdown:train", ["nt", "sbs", "hc", "hc_np", "swap"], tmp_path, 30)
    ids = [[row["id"] for row in read_dataset(folder)[0]] for folder in folders.values()]
    assert all(one == ids[0] for one in ids)


def test_arms_can_be_made_for_the_problems_of_another_set(tmp_path: Path) -> None:
    folder = synth("arith:train", ["nt"], tmp_path / "a", 40)["nt"]
    table = pq.read_table(folder / "train.parquet")
    few = tmp_path / "few"
    few.mkdir()
    pq.write_table(table.take([3, 8, 20]), few / "train.parquet")
    rows = read_dataset(synth("arith:train", ["hc"], tmp_path / "b", like=few)["hc"])[0]
    assert [row["id"] for row in rows] == [table.column("id")[i].as_py() for i in (3, 8, 20)]
    pq.write_table(table.take([8, 3]), few / "train.parquet")
    with pytest.raises(StylerepError, match="not in the order"):
        synth("arith:train", ["hc"], tmp_path / "c", like=few)
    with pytest.raises(StylerepError, match="not a trace data set"):
        synth("arith:train", ["hc"], tmp_path / "c", like=tmp_path)


def test_row_groups_and_memory_do_not_hold_the_whole(tmp_path: Path) -> None:
    folder = synth("arith:train", ["nt"], tmp_path, 3000, decontaminate=False)["nt"]
    assert pq.ParquetFile(folder / "train.parquet").num_row_groups == 3


def test_chinese(tmp_path: Path) -> None:
    folder = synth("arith:train", ["hc"], tmp_path, 20, language="zh")["hc"]
    rows, manifest = read_dataset(folder)
    assert manifest["language"] == "zh"
    assert rows[0]["lexicon_version"].startswith("zh/")
    assert sum(len(load_lexicon("zh").find(row["trace"])) for row in rows) > 20


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--arms", "hc"], "--problems"),
        (["--problems", "arith", "--from", "x.jsonl", "--n", "5"], "not both"),
        (["--problems", "aritm", "--n", "5"], "aritm"),
        (["--problems", "arith"], "no end"),
        (["--problems", "arith", "--n", "0"], "at least 1"),
        (["--problems", "arith:train:max_steps=99", "--n", "5"], "steps"),
        (["--problems", "arith:train:steps=2", "--n", "5"], "steps"),
        (["--problems", "arith", "--n", "5", "--arms", "st"], "--from"),
        (["--problems", "arith", "--n", "5", "--style", "nowhere.json"], "nowhere.json"),
        (["--problems", "arith", "--n", "5", "--dial", "pivot_density"], "NAME=NUMBER"),
        (["--problems", "arith", "--n", "5", "--dial", "pivots=2"], "no dial"),
        (["--problems", "arith", "--n", "5", "--templates", "nowhere"], "nowhere"),
        (["--problems", "arith", "--n", "5", "--language", "fr"], "'fr'"),
        (["--from", "nowhere.jsonl"], "nowhere.jsonl"),
        (["--from", "nowhere.jsonl", "--dial", "pivot_density=2"], "of no use"),
    ],
)
def test_mistakes_get_one_sentence(
    stylerep: Command, tmp_path: Path, arguments: list[str], says: str
) -> None:
    assert says in one_sentence(stylerep("synth", *arguments, "--out", "out"))
    assert not (tmp_path / "out").exists() or not any((tmp_path / "out").iterdir())


def test_a_row_of_which_it_is_not_known_whether_it_is_right_is_named(
    stylerep: Command, tmp_path: Path
) -> None:
    (tmp_path / "t.jsonl").write_text(
        json.dumps({"question": "1+1?", "response": "<think>\nIt is 2.\n</think>\n\nThe answer is 2."}) + "\n"
    )
    assert "t.jsonl, line 1" in one_sentence(stylerep("synth", "--from", "t.jsonl", "--out", "out"))
    (tmp_path / "t.jsonl").write_text(
        json.dumps(
            {"question": "1+1?", "response": "<think>\nIt is 3.\n</think>\n\nThe answer is 3.", "answer": "2"}
        )
        + "\n"
    )
    assert "the answer is wrong" in one_sentence(stylerep("synth", "--from", "t.jsonl", "--out", "out"))


def test_a_data_set_to_go_by_that_is_none_or_of_other_problems_is_told(tmp_path: Path) -> None:
    arith = synth("arith:train", ["nt"], tmp_path / "data", 2, decontaminate=False)["nt"]
    for like, says in (
        (tmp_path / "nowhere", "nowhere: there is no such folder of a data set"),
        (arith / "train.parquet", "this is a file; name the folder of the data set"),
        (arith, "its problems are of arith, not of chain"),
    ):
        with pytest.raises(StylerepError, match=says):
            synth("chain:train", ["nt"], tmp_path / "out", like=like, decontaminate=False)
    with pytest.raises(StylerepError, match=r"leave their number .--n. out"):
        synth("arith:train", ["sbs"], tmp_path / "out", 2, like=arith)
    assert not (tmp_path / "out").exists()


def test_nothing_is_written_into_what_is_read(tmp_path: Path) -> None:
    (hc,) = synth("arith:train", ["hc"], tmp_path / "data", 2, decontaminate=False).values()
    before = contents(tmp_path)
    with pytest.raises(StylerepError, match=r"lies within .*, which is read"):
        synth_from([str(hc)], ["st"], hc, decontaminate=False)
    link = tmp_path / "link"
    link.symlink_to(hc, target_is_directory=True)
    with pytest.raises(StylerepError, match=r"lies within .*, which is read"):
        synth_from([str(hc)], ["st"], link / "deeper", decontaminate=False)
    link.unlink()
    assert contents(tmp_path) == before
