"""Secrets given in every way there is stand in nothing that is written."""

import json
import logging
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from harness_ext.backends.lm_eval import evaluate
from harness_ext.backends.lm_eval.masked_secrets import check_masked
from harness_ext.cli import app
from harness_ext.pages.leaderboard.shards import read_shard
from harness_ext.runs.run_folder import read_manifest
from synth.errors import StylerepError
from synth.privacy.masked_output import mask_output
from synth.privacy.secrets import SECRETS, Secrets
from tests.harness_ext.teacher_server import Teacher, teacher

GIVEN = {
    "api_key": "sk-test-Ab3dEfGh1jKlMnOp",
    "auth_token": "hf_aBcDeFgHiJkLmNoPqRsTuVwX",
    "password": "s3same-open-now",
    "token": "plain0token0value",
    "key": "an-Azure-key-0001",
}
HEADER = {
    "Authorization": "Bearer header-secret-4242",
    "X-Team": "team-of-ann-7",
    "Content-Type": "application/json",
}
ENVIRONMENT = {"OPENAI_API_KEY": "env-openai-key-777", "MY_OWN_VALUE": "from-the-environment-55"}
IN_ADDRESS = ["user-Passw0rd-88", "sas-signature-0099", "query-token-0011"]
VALUES = [
    *GIVEN.values(),
    "header-secret-4242",
    "team-of-ann-7",
    *ENVIRONMENT.values(),
    *IN_ADDRESS,
    "metadata-secret-31",
    "gen-secret-62",
]


@pytest.fixture(autouse=True)
def fresh(monkeypatch: pytest.MonkeyPatch) -> None:
    """Forget the secrets of other tests, and these afterwards."""
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    empty = Secrets()
    for name in vars(empty):
        monkeypatch.setattr(SECRETS, name, getattr(empty, name))


def secret_address(url: str) -> str:
    """Return an address with a user, a password and a query in it."""
    return (
        url.replace("http://", f"http://ann:{IN_ADDRESS[0]}@") + f"?sig={IN_ADDRESS[1]}&token={IN_ADDRESS[2]}"
    )


def leaks(*folders: Path) -> list[str]:
    """Return the secrets that stand in any file below folders, with the file."""
    found = []
    for path in (path for folder in folders for path in [folder, *folder.rglob("*")]):
        content = path.name.encode() + (path.read_bytes() if path.is_file() else b"")
        if path.suffix == ".js":
            content += json.dumps(read_shard(path)).encode()
        found += [f"{path}: {value}" for value in VALUES if value.encode() in content]
    return found


@pytest.fixture
def served() -> Iterator[Teacher]:
    """A server that says a key back that it was given."""
    with teacher(
        lambda prompt, before: (
            f"<think>\nLet me check. Your key is {GIVEN['key']}.\n</think>\n\nThe answer is 7."
        )
    ) as running:
        yield running


def run(served: Teacher, out: Path) -> Path:
    model_args = {
        "base_url": secret_address(served.url),
        "model": "m",
        "max_retries": 1,
        "header": HEADER,
        **GIVEN,
        "extra": "${MY_OWN_VALUE}",
    }
    arguments = [
        "--model",
        "local-chat-completions",
        "--model_args",
        json.dumps(model_args),
        "--tasks",
        "style_arith",
        "--limit",
        "2",
        "--gen_kwargs",
        "max_gen_toks=16,api_key=gen-secret-62",
        "--metadata",
        json.dumps({"secret": "metadata-secret-31"}),
        "--output_path",
        str(out),
    ]
    return evaluate(arguments, arm="base")


def test_an_evaluation_writes_none_of_them(
    served: Teacher, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    run(served, tmp_path / "run")
    written = capfd.readouterr()
    assert leaks(tmp_path / "run") == []
    assert [value for value in VALUES if value in written.out + written.err] == []
    (told,) = [line for line in written.err.splitlines() if line.startswith("stylerep:")]
    assert "api_key of --model_args" in told
    assert "header" in told or "Authorization of --model_args" in told
    assert "api_key of --gen_kwargs" in told
    (results,) = (json.loads(path.read_text()) for path in (tmp_path / "run").rglob("results_*.json"))
    assert results["config"]["model_args"]["api_key"] == "***"
    assert results["config"]["model_args"]["max_retries"] == 1
    assert served.asked[0]["api_key"] == "gen-secret-62"
    (samples,) = (tmp_path / "run").rglob("samples_*.jsonl")
    assert "Your key is ***." in json.loads(samples.read_text().splitlines()[0])["resps"][0][0]
    run(served, tmp_path / "run")  # the same settings, masked, are the same run
    assert read_manifest(tmp_path / "run")["gen_kwargs"] == {"max_gen_toks": 16, "api_key": "***"}


def test_boards_and_imports_of_runs_that_hold_some_hold_none(served: Teacher, tmp_path: Path) -> None:
    folder = run(served, tmp_path / "run")
    # as if written by something that masks nothing
    for name in ("manifest.json", "results_*.json", "samples_*.jsonl"):
        (path,) = folder.rglob(name)
        path.write_text(
            path.read_text(encoding="utf-8")
            .replace('"***"', json.dumps(GIVEN["api_key"]))
            .replace("***.", f"{GIVEN['auth_token']}.")
        )
    assert leaks(folder)
    assert (
        CliRunner().invoke(app, ["leaderboard", str(folder), "--out", str(tmp_path / "board")]).exit_code == 0
    )
    (samples,) = folder.rglob("samples_*.jsonl")
    assert (
        CliRunner()
        .invoke(app, ["import", str(samples), "--model", "m", "--out", str(tmp_path / "imported")])
        .exit_code
        == 0
    )
    assert leaks(tmp_path / "board", tmp_path / "imported") == []


def test_an_import_of_a_log_of_inspect_holds_none(tmp_path: Path) -> None:
    said = {
        "message": {
            "role": "assistant",
            "content": f"{GIVEN['password']}, and {GIVEN['auth_token']}. The answer is 7.",
        },
        "stop_reason": "stop",
    }
    sample = {
        "id": 1,
        "epoch": 1,
        "input": "What is 3 + 4?",
        "target": "7",
        "output": {"choices": [said]},
        "scores": {"match": {"value": "C"}},
        "messages": [],
    }
    about = {
        "task": "sums",
        "model": "openai/m",
        "model_args": {"password": GIVEN["password"]},
        "model_base_url": secret_address("http://h/v1"),
        "scorers": [{"name": "match"}],
        "model_generate_config": {"extra_headers": HEADER},
    }
    with zipfile.ZipFile(tmp_path / "log.eval", "w") as archive:
        archive.writestr(
            "header.json", json.dumps({"version": 2, "status": "success", "eval": about, "plan": {}})
        )
        archive.writestr("samples/1_epoch_1.json", json.dumps(sample))
    result = CliRunner().invoke(app, ["import", str(tmp_path / "log.eval"), "--out", str(tmp_path / "runs")])
    assert result.exit_code == 0, result.output
    assert leaks(tmp_path / "runs") == []
    assert "masked" in result.output
    (samples,) = (tmp_path / "runs").rglob("samples_*.jsonl")
    assert "***, and ***. The answer is 7." in samples.read_text(encoding="utf-8")
    assert (
        CliRunner()
        .invoke(app, ["leaderboard", str(samples.parent), "--out", str(tmp_path / "board")])
        .exit_code
        == 0
    )
    assert leaks(tmp_path / "board") == []


def test_teaching_writes_none_of_them(served: Teacher, tmp_path: Path) -> None:
    model_args = ",".join(
        f"{name}={value}"
        for name, value in {
            "base_url": secret_address(served.url),
            "model": "m",
            **GIVEN,
            "extra": "${MY_OWN_VALUE}",
        }.items()
    )
    arguments = [
        "teach",
        "--model",
        "local-chat-completions",
        "--model_args",
        model_args,
        "--problems",
        "arith:train",
        "--n",
        "2",
        "--samples",
        "1",
    ]
    result = CliRunner().invoke(app, [*arguments, "--keep", "all", "--out", str(tmp_path / "st")])
    assert result.exit_code == 0, result.output
    assert leaks(tmp_path) == []
    assert [value for value in VALUES if value in result.output] == []
    assert "api_key of --model_args" in result.output
    again = CliRunner().invoke(app, [*arguments, "--keep", "all", "--out", str(tmp_path / "st")])
    assert again.exit_code == 0, again.output


def test_a_reference_to_a_variable_that_is_not_set_is_told(tmp_path: Path) -> None:
    arguments = [
        "--model",
        "local-chat-completions",
        "--model_args",
        "base_url=http://x/v1,model=m,api_key=${NO_SUCH_KEY}",
        "--tasks",
        "style_arith",
    ]
    with pytest.raises(StylerepError, match="NO_SUCH_KEY is not set"):
        evaluate([*arguments, "--output_path", str(tmp_path / "run")])
    result = CliRunner().invoke(
        app, ["teach", *arguments[:4], "--problems", "arith:train", "--n", "1", "--out", str(tmp_path / "st")]
    )
    assert isinstance(result.exception, StylerepError)


def test_a_file_that_holds_one_after_all_is_removed(tmp_path: Path) -> None:
    SECRETS.learn({"api_key": GIVEN["api_key"]}, "--model_args")
    (tmp_path / "results_1.json").write_text(f'{{"x": "{GIVEN["api_key"]}"}}', encoding="utf-8")
    (tmp_path / "samples_1.jsonl").write_text("{}", encoding="utf-8")
    with pytest.raises(
        StylerepError,
        match=r"wrote a key or password into results_1\.json in a way that is not known here; the files were removed",  # noqa: E501
    ):
        check_masked(tmp_path.iterdir())
    assert [path.name for path in tmp_path.iterdir()] == ["samples_1.jsonl"]


def test_an_option_that_cannot_be_read_is_told_without_its_secrets(tmp_path: Path) -> None:
    for given in (
        (
            "base_url=http://x/v1,header={'Authorization': 'Bearer"
            " header-secret-4242'},api_key=sk-test-Ab3dEfGh1jKlMnOp"
        ),
        "sk-test-Ab3dEfGh1jKlMnOp",
    ):
        with pytest.raises(StylerepError) as told:
            evaluate(
                [
                    "--model",
                    "local-chat-completions",
                    "--model_args",
                    given,
                    "--tasks",
                    "style_arith",
                    "--output_path",
                    str(tmp_path / "run"),
                ]
            )
        assert not [value for value in VALUES if value in str(told.value)]


def test_the_terminal_and_logs_show_none(capsys: pytest.CaptureFixture[str]) -> None:
    SECRETS.learn({"api_key": "swordfish"}, "--model_args")
    handler = logging.StreamHandler()
    logging.getLogger("lm_eval").addHandler(handler)
    undo = mask_output()
    try:
        print("out swordfish")
        print("err swordfish", file=sys.stderr)
        logging.getLogger("lm_eval").warning("log swordfish")
    finally:
        undo()
        logging.getLogger("lm_eval").removeHandler(handler)
    written = capsys.readouterr()
    assert written.out == "out ***\n"
    assert "err ***" in written.err
    assert "log ***" in written.err
