"""``stylerep distill`` as it is typed."""

import json
from collections.abc import Callable
from dataclasses import fields
from importlib import resources
from pathlib import Path
from typing import Any

import pytest

from distill.select import read_ids
from synth.traces.datasets import read_dataset
from synth.traces.synthesis import synth
from tests.conftest import one_sentence


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    return synth(
        "arith:train", ["nt", "hc"], tmp_path_factory.mktemp("data"), n=12, dials={"trace_words": 10}
    )


def test_rows_chosen_for_one_arm_are_left_out_of_another(
    stylerep_here: Callable[..., Any], tiny_model: Path, data: dict[str, Path], tmp_path: Path
) -> None:
    common = ("distill", "--model", tiny_model, "--epochs", 1, "--batch-size", 4)
    done = stylerep_here(*common, "--data", data["hc"], "--out", "hc", "--select", "loss", "--drop", 0.25)
    assert done.returncode == 0, done.stderr
    rows = [json.loads(line) for line in (tmp_path / "hc" / "row_scores.jsonl").read_text().splitlines()]
    dropped = read_ids(tmp_path / "hc" / "row_scores.jsonl")
    assert (len(rows), len(dropped)) == (12, 3)
    assert min(row["loss"] for row in rows if row["dropped"]) >= max(
        row["loss"] for row in rows if not row["dropped"]
    )
    done = stylerep_here(*common, "--data", data["nt"], "--out", "nt", "--without", "hc/row_scores.jsonl")
    assert done.returncode == 0, done.stderr
    assert [
        json.loads((tmp_path / arm / "manifest.json").read_text())["rows_left_out"] for arm in ("hc", "nt")
    ] == [sorted(dropped)] * 2


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (("--recipe", "large"), "There is no recipe 'large'"),
        (("--drop", "0.1"), "--drop needs --select"),
        (("--select", "magic"), "There is no way 'magic' to select rows"),
        (("--select", "loss", "--without", "ids.txt"), "give one of them"),
        (("--without", "nowhere.txt"), "nowhere.txt: there is no such list of row ids"),
        (("--method", "full", "--merge", "m"), "no adapter to merge"),
        (("--part-tokens", "0"), "part-tokens"),
        (("--max-length", "20"), "exceed the limit of 20"),
    ],
)
def test_wrong_options_are_told_in_a_sentence(
    stylerep_here: Callable[..., Any],
    tiny_model: Path,
    data: dict[str, Path],
    tmp_path: Path,
    options: tuple[str, ...],
    says: str,
) -> None:
    (tmp_path / "ids.txt").write_text(f"{read_dataset(data['hc'])[0][0]['id']}\n")
    assert says in one_sentence(
        stylerep_here("distill", "--model", tiny_model, "--data", data["hc"], "--out", "a", *options)
    )
    assert sorted(path.name for path in tmp_path.iterdir()) == ["ids.txt"]


@pytest.mark.parametrize("name", ["ddp", "fsdp", "deepspeed"])
def test_accelerate_takes_the_launch_files(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from accelerate.commands.launch import _validate_launch_command, launch_command_parser
    from accelerate.utils import DeepSpeedPlugin, FullyShardedDataParallelPlugin
    from accelerate.utils.launch import prepare_deepspeed_cmd_env, prepare_multi_gpu_env

    path = Path(str(resources.files("distill.launch"))) / f"{name}.yaml"
    arguments, settings, _ = _validate_launch_command(
        launch_command_parser().parse_args(["--config_file", str(path), "train.py"])
    )
    assert (arguments.multi_gpu, arguments.use_fsdp, arguments.use_deepspeed) == (
        name == "ddp",
        name == "fsdp",
        name == "deepspeed",
    )
    nested = {**settings.fsdp_config, **settings.deepspeed_config}
    assert nested.keys() <= vars(launch_command_parser().parse_args(["train.py"])).keys()
    if name == "deepspeed":
        assert nested.keys() <= {field.name for field in fields(DeepSpeedPlugin)}
        arguments.deepspeed_fields_from_accelerate_config = ",".join(nested)
        environment = prepare_deepspeed_cmd_env(arguments)[1]
    else:
        environment = prepare_multi_gpu_env(arguments)
    for key, value in environment.items():
        monkeypatch.setenv(key, value)
    if name == "fsdp":
        sharding = FullyShardedDataParallelPlugin()
        assert (sharding.fsdp_version, sharding.reshard_after_forward, sharding.state_dict_type.name) == (
            2,
            True,
            "FULL_STATE_DICT",
        )
    if name == "deepspeed":
        zero = DeepSpeedPlugin().deepspeed_config["zero_optimization"]
        assert (zero["stage"], zero["stage3_gather_16bit_weights_on_model_save"]) == (3, True)


def test_the_launch_files_can_be_read(stylerep: Callable[..., Any]) -> None:
    import yaml

    folder = Path(stylerep("launch-path").stdout.strip())
    files = {path.name: yaml.safe_load(path.read_text()) for path in folder.glob("*.yaml")}
    assert {name: content["distributed_type"] for name, content in files.items()} == {
        "ddp.yaml": "MULTI_GPU",
        "fsdp.yaml": "FSDP",
        "deepspeed.yaml": "DEEPSPEED",
    }
