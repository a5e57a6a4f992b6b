"""After an evaluation with controls: something was written,
and what vLLM wrote is as the controls would have it.
"""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from lm_eval.models.api_models import TemplateAPI

from harness_ext.backends.lm_eval import evaluate
from harness_ext.backends.lm_eval.controls_taken import check_controls
from harness_ext.backends.style_hf.control_settings import Controls
from synth.errors import StylerepError
from tests.harness_ext.teacher_server import teacher

CLOSE = "</think>"


def samples(folder: Path, responses: Sequence[Any]) -> Path:
    path = folder / "samples_style_arith_2026-01-01T00-00-00.000000.jsonl"
    rows = [
        {"doc_hash": str(number), "filter": "none", "resps": [[response]], "acc": 1.0}
        for number, response in enumerate(responses)
    ]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def test_an_evaluation_in_which_nothing_was_written_is_an_error(tmp_path: Path) -> None:
    likelihoods = samples(tmp_path, [[-1.5, False], [-0.5, True]])
    with pytest.raises(
        StylerepError,
        match=r"^The tasks that were asked for have the model write nothing, so budget9 changed nothing",
    ) as error:
        check_controls([likelihoods], Controls(think_budget=9))
    assert "\n" not in str(error.value)
    check_controls([likelihoods], Controls())
    check_controls([samples(tmp_path, ["It is 5."])], Controls(think_budget=9))


@pytest.mark.parametrize(
    ("controls", "good", "bad"),
    [
        (
            Controls(suppress=("realization",)),
            f"<think>\nIt is 5.{CLOSE}\n\n5",
            f"<think>\nWait, it is 5.{CLOSE}\n\n5",
        ),
        (
            Controls(budget_forcing=1),
            f"<think>\nIt is 5.\n\nWait, no.{CLOSE}\n\n5",
            f"<think>\nIt is 5.{CLOSE}\n\n5",
        ),
        (
            Controls(think_budget=4),
            f"<think>\nIt is 5.\n{CLOSE}\n\nThe answer is 5.",
            f"<think>\nIt is 5 and not 6, I am sure of it.{CLOSE}\n\n5",
        ),
    ],
)
def test_what_vllm_wrote_without_the_controls_is_an_error(
    controls: Controls, good: str, bad: str, tmp_path: Path
) -> None:
    check_controls([samples(tmp_path, [good] * 30 + [bad])], controls, CLOSE)  # one may have been cut
    with pytest.raises(StylerepError, match="The controls of style in vLLM did not take: 3 of 30 responses"):
        check_controls([samples(tmp_path, [good] * 27 + [bad] * 3)], controls, CLOSE)
    check_controls([samples(tmp_path, [bad] * 30)], controls)  # style-hf has checked each pass


def test_controls_with_tasks_of_likelihoods_alone_are_an_error_and_nothing_is_lost(
    tiny_model: Path, tmp_path: Path
) -> None:
    out = tmp_path / "run"
    given = f"pretrained={tiny_model},dtype=float32,think_budget=4"
    command = [
        "--model",
        "style-hf",
        "--model_args",
        given,
        "--tasks",
        "style_prefer_arith",
        "--limit",
        "2",
        "--device",
        "cpu",
        "--output_path",
        str(out),
    ]
    with pytest.raises(
        StylerepError,
        match=r"^The tasks that were asked for have the model write nothing, so budget4 changed nothing.*kept in .* as \*\.refused",  # noqa: E501
    ):
        evaluate(command)
    assert not (out / "manifest.json").exists()
    assert {path.name.partition("_")[0] for path in out.rglob("*.refused")} == {"results", "samples"}


def test_a_server_that_is_asked_past_our_requests_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with teacher(lambda prompt, before: "The answer is 5.") as server:
        given = ",".join(f"{name}={value}" for name, value in server.model_args.items())
        command = [
            "--model",
            "local-chat-completions",
            "--model_args",
            given,
            "--tasks",
            "style_arith",
            "--limit",
            "2",
            "--output_path",
        ]
        evaluate([*command, str(tmp_path / "run")])
        assert len(server.asked) == 2
        monkeypatch.setattr(
            TemplateAPI, "generate_until", lambda self, requests, disable_tqdm=False: ["" for _ in requests]
        )
        with pytest.raises(
            StylerepError,
            match=r"^Talking to servers did not take: in LocalChatCompletion of lm_eval .*did not call _create_payload",  # noqa: E501
        ):
            evaluate([*command, str(tmp_path / "other")])
