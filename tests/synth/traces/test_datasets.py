import hashlib
import os
import signal
import subprocess
import sys
from pathlib import Path

import datasets
import pytest

from synth.errors import StylerepError
from synth.files.replace_folder import replace_folder
from synth.traces.arms import ARMS
from synth.traces.datasets import SCHEMA, read_dataset
from synth.traces.synthesis import synth


def contents(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def test_arms_hold_the_same_problems_in_the_same_order(tmp_path: Path) -> None:
    folders = synth("arith:train", ARMS, tmp_path, n=40)
    read = [read_dataset(folder) for folder in folders.values()]
    ids = [[row["id"] for row in rows] for rows, _ in read]
    assert len(ids[0]) == 40
    assert all(other == ids[0] for other in ids)
    assert len({manifest["problem_ids_sha256"] for _, manifest in read}) == 1
    assert len({manifest["fingerprint"] for _, manifest in read}) == len(ARMS)


def test_the_same_inputs_give_the_same_bytes_and_another_seed_others(tmp_path: Path) -> None:
    for name, seed in (("a", 0), ("b", 0), ("c", 1)):
        synth("arith:train", ["hc"], tmp_path / name, n=30, seed=seed)
    assert contents(tmp_path / "a") == contents(tmp_path / "b") != contents(tmp_path / "c")


def test_it_opens_with_the_datasets_library_as_it_is(tmp_path: Path) -> None:
    folder = synth("arith:train", ["hc_w"], tmp_path / "out", n=10)["hc_w"]
    table = datasets.load_dataset(
        "parquet", data_files=str(folder / "train.parquet"), split="train", cache_dir=str(tmp_path / "cache")
    )
    assert table.column_names == SCHEMA.names
    assert table[0]["prompt"][0]["role"] == "user"
    assert not any(table["is_correct"])


@pytest.mark.parametrize(("arms", "says"), [([], "No arm"), (["hx"], "hx"), (["base"], "no data set")])
def test_unknown_arms_are_refused(tmp_path: Path, arms: list[str], says: str) -> None:
    with pytest.raises(StylerepError, match=says):
        synth("arith:train", arms, tmp_path, n=5)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("damage", ["manifest", "data", "cut"])
def test_a_damaged_data_set_is_refused(tmp_path: Path, damage: str) -> None:
    folder = synth("arith:train", ["hc"], tmp_path, n=5)["hc"]
    if damage == "cut":
        (folder / "train.parquet").write_bytes((folder / "train.parquet").read_bytes()[:100])
    else:
        (folder / {"manifest": "manifest.json", "data": "train.parquet"}[damage]).unlink()
    with pytest.raises(StylerepError, match="hc"):
        read_dataset(folder)


def test_a_failure_leaves_the_old_folder(tmp_path: Path) -> None:
    folder = synth("arith:train", ["hc"], tmp_path, n=5)["hc"]
    before = contents(folder)

    def fail() -> None:
        with replace_folder(folder) as fresh:
            (fresh / "train.parquet").write_text("half")
            raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space"):
        fail()
    assert contents(folder) == before
    assert os.listdir(tmp_path) == ["hc"]


def test_a_killed_build_leaves_the_old_set_and_the_next_one_cleans_up(tmp_path: Path) -> None:
    folder = synth("arith:train", ["hc"], tmp_path, n=5)["hc"]
    before = contents(folder)
    script = (
        "import sys, time; from pathlib import Path; from synth.files.replace_folder import replace_folder\n"
        "with replace_folder(Path(sys.argv[1])) as fresh:\n"
        "    (fresh / 'train.parquet').write_text('half'); print('ready', flush=True); sys.stdin.read()\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script, str(folder)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        process.send_signal(signal.SIGKILL)
    assert contents(folder) == before
    assert len(os.listdir(tmp_path)) == 3  # and what it left, with its lock
    synth("arith:train", ["hc"], tmp_path, n=6)
    assert os.listdir(tmp_path) == ["hc"]
    assert len(read_dataset(folder)[0]) == 6


def test_a_file_in_the_way_is_kept(tmp_path: Path) -> None:
    (tmp_path / "hc").write_text("mine")
    with pytest.raises(StylerepError, match="a file stands"):
        synth("arith:train", ["hc"], tmp_path, n=5)
    assert (tmp_path / "hc").read_text() == "mine"
