import contextlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from harness_ext.backends.lm_eval import public_model_args
from harness_ext.pipelines.teach import TeachSettings, describe, teach
from harness_ext.pipelines.teach.checks import read_response
from harness_ext.pipelines.teach.writer import writer
from synth.errors import StylerepError
from synth.evaluation_sets import evaluation_problems
from synth.problems import Problem, load_problems
from synth.style import KINDS, load_lexicon
from synth.traces.datasets import read_dataset
from tests.conftest import one_sentence
from tests.harness_ext.teacher_server import Teacher, teacher

Run = Callable[..., subprocess.CompletedProcess[str]]
CHAT = "local-chat-completions"


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")


@dataclass(frozen=True)
class Replay:
    """Real problems in a file, with what real models answered to each and whether that was graded right."""

    problems: Path
    responses: dict[str, list[str]]
    right: dict[str, list[bool]]

    def say(self, prompt: str, before: int) -> str:
        """Answer with the first model's response, then with the second's, and so on."""
        return next(
            texts[before] for question, texts in self.responses.items() if prompt.startswith(question)
        )

    def settings(self, server: Teacher, **changes: Any) -> TeachSettings:
        return replace(
            TeachSettings(
                str(self.problems), CHAT, server.model_args, attempts=2, batch=8, decontaminate=False
            ),
            **changes,
        )


@pytest.fixture
def replay(real_data: Path, tmp_path: Path) -> Replay:
    """AMC 2023: long traces of a 14B model first, answers of its base second, graded by their authors."""
    by_model = [
        [json.loads(line) for line in (real_data / "traces" / model / "amc23.jsonl").open()]
        for model in ("sky-t1-correct-5k-14b", "qwen2.5-14b-instruct")
    ]
    questions = [row["question"].strip() for row in by_model[0]]
    assert questions == [row["question"].strip() for row in by_model[1]]
    path = tmp_path / "amc.jsonl"
    path.write_text(
        "".join(json.dumps({"question": row["question"], "answer": row["gt"]}) + "\n" for row in by_model[0])
    )
    return Replay(
        path,
        {question: [rows[i]["code"][0] for rows in by_model] for i, question in enumerate(questions)},
        {question: [bool(rows[i]["score"][0]) for rows in by_model] for i, question in enumerate(questions)},
    )


def test_right_traces_of_real_models_are_kept_in_order_and_the_rest_is_counted(
    replay: Replay, tmp_path: Path
) -> None:
    with teacher(replay.say) as server:
        tally = teach(replay.settings(server), tmp_path / "st")
    rows, manifest = read_dataset(tmp_path / "st")

    # One response that ended inside its trace was graded by a number in it; it is no trace to learn from.
    graded = [question for question, right in replay.right.items() if any(right)]
    kept = [row["question"] for row in rows]
    assert kept == [question for question in graded if question in kept]
    assert len(graded) - len(kept) <= 1
    assert all(
        row["is_correct"] and row["arm"] == "st" and row["template"] == "teacher" and row["stated_answer"]
        for row in rows
    )
    assert all(row["response"].startswith("<think>\n" + row["trace"] + "\n</think>\n\n") for row in rows)
    first = [row for row in rows if row["trace"] in replay.responses[row["question"]][0]]
    assert all(replay.right[row["question"]][0] for row in first)
    assert all(
        row["stages"][0]["start"] == 0 and row["stages"][-1]["end"] == len(row["trace"]) for row in rows
    )
    assert any(
        row["trace"][pivot["start"] : pivot["end"]].lower() == "wait"
        for row in rows
        for pivot in row["pivots"]
    )

    told = manifest["teaching"]
    assert told["asked"] == 40
    assert told["responses"] == len(server.asked) == 80 - len(first)
    assert told["kept"] == len(rows) == 40 - sum(told["problems_left_out"].values())
    assert told["pass_at_first"]["count"] == len(first)
    low, high = told["pass_within_attempts"]["wilson_95"]
    assert low < len(rows) / 40 < high
    assert told["refused_responses"]["cut off"] >= 10
    assert len({request["seed"] for request in server.asked}) == 2 == len(told["sample_seeds"])
    assert {row["seed"] for row in rows} <= set(told["sample_seeds"])
    assert not (tmp_path / "st.partial").exists()
    assert f"{len(rows)} traces" in describe(tally)


def test_all_samples_are_kept_with_labels_if_asked_for(replay: Replay, tmp_path: Path) -> None:
    with teacher(replay.say) as server:
        teach(replay.settings(server, n=10, keep="all"), tmp_path / "st")
    rows, _ = read_dataset(tmp_path / "st")
    assert len(rows) == 20 == len({row["id"] for row in rows})
    labels = [row["is_correct"] for row in rows]
    graded = [right for question in list(replay.right)[:10] for right in replay.right[question]]
    assert sum(a != b for a, b in zip(labels, graded, strict=True)) <= 1
    assert any(labels)
    assert not all(labels)


def test_a_killed_run_goes_on_and_asks_only_for_what_is_missing(replay: Replay, tmp_path: Path) -> None:
    process: subprocess.Popen[bytes] | None = None

    def say(prompt: str, before: int) -> str:
        if process is not None and len(server.asked) == 21:  # in the middle of a batch
            process.kill()
        return replay.say(prompt, 0)

    with teacher(say) as server:
        settings = replay.settings(server, attempts=1, temperature=0.5)
        options = {
            "model": CHAT,
            "model_args": ",".join(f"{k}={v}" for k, v in server.model_args.items()),
            "problems": replay.problems,
            "samples": 1,
            "temperature": 0.5,
            "batch": 8,
            "out": "st",
        }
        command = ["teach", "--no-decontaminate", *(f"--{name}={value}" for name, value in options.items())]
        process = subprocess.Popen(
            [sys.executable, "-m", "harness_ext", *command],
            cwd=tmp_path,
            stderr=subprocess.DEVNULL,
            env={**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parents[3])},
        )
        assert process.wait(timeout=120) == -signal.SIGKILL
        assert not (tmp_path / "st").exists()
        before, journal = server.prompts[:16], tmp_path / "st.partial" / "journal.jsonl"
        # as a kill in the middle of a line leaves it
        journal.write_bytes(journal.read_bytes() + b'{"attempt": 0, "ids": ["amc-1')
        process, server.asked[:] = None, []

        with pytest.raises(
            StylerepError, match=r"st\.partial holds a run begun with temperature 0\.5, not 0\.6"
        ):
            teach(replace(settings, temperature=0.6), tmp_path / "st")
        assert not server.asked
        teach(settings, tmp_path / "st")
        assert len(server.asked) == 24
        assert not set(before) & set(server.prompts)
        teach(settings, tmp_path / "whole")
    assert (tmp_path / "st/train.parquet").read_bytes() == (tmp_path / "whole/train.parquet").read_bytes()
    assert not journal.exists()


def test_what_was_made_is_never_lost(replay: Replay, tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine/notes.txt").write_text("keep me")
    with teacher(replay.say) as server:
        settings = replay.settings(server, n=8)
        made = teach(settings, tmp_path / "st")
        asked = len(server.asked)
        assert teach(settings, tmp_path / "st") == made
        with pytest.raises(StylerepError, match="max_tokens 2048, not 99"):
            teach(replace(settings, max_tokens=99), tmp_path / "st")
        with pytest.raises(StylerepError, match="something else"):
            teach(settings, tmp_path / "mine")
    assert len(server.asked) == asked
    assert (tmp_path / "mine/notes.txt").read_text() == "keep me"


def test_a_broken_connection_loses_nothing_that_was_sampled(replay: Replay, tmp_path: Path) -> None:
    broken = [True]

    def say(prompt: str, before: int) -> str | int:
        return 500 if broken and len(server.asked) > 8 else replay.say(prompt, 0)

    with teacher(say) as server:
        settings = replay.settings(server, n=16, attempts=1)
        said: list[str] = []
        with pytest.raises(StylerepError, match="status 500"):
            teach(settings, tmp_path / "st", said.append)
        assert "the same command goes on" in said[-1]
        broken.clear()
        server.asked.clear()
        tally = teach(settings, tmp_path / "st")
    assert (tally.asked, len(server.asked)) == (16, 8)


def test_problems_of_a_test_are_not_taught(tmp_path: Path) -> None:
    mixed = [*evaluation_problems("arith", 2), *load_problems("arith:train", 2)]
    (tmp_path / "mixed.jsonl").write_text(
        "".join(
            json.dumps({"question": problem.question, "answer": problem.answer}) + "\n" for problem in mixed
        )
    )

    def say(prompt: str, before: int) -> str:
        return (
            "It follows.\n\nThe answer is "
            + next(problem.answer for problem in mixed if problem.question in prompt)
            + "."
        )

    with sums(say, 2, problems=str(tmp_path / "mixed.jsonl"), decontaminate=True) as (_, settings):
        teach(settings, tmp_path / "st")
    rows, manifest = read_dataset(tmp_path / "st")
    assert [row["question"] for row in rows] == [problem.question for problem in mixed[2:]]
    assert manifest["decontamination"]["tasks"]["style_arith"]["dropped"] == 2


@contextlib.contextmanager
def sums(
    say: Callable[[str, int], Any], n: int = 1, **changes: Any
) -> Iterator[tuple[Teacher, TeachSettings]]:
    with teacher(say) as server:
        yield (
            server,
            replace(
                TeachSettings("arith:train", CHAT, server.model_args, n=n, decontaminate=False), **changes
            ),
        )


def test_a_trace_that_a_server_gives_beside_the_answer_is_kept(tmp_path: Path) -> None:
    """Servers with a reasoning parser put the trace into a field of its own."""
    (problem,) = load_problems("arith:train", 1)
    message = {
        "content": f"The answer is {problem.answer}.",
        "reasoning_content": "Let me see. It can be counted on two hands.\n",
    }
    with sums(lambda *_: message) as (server, settings):
        teach(settings, tmp_path / "one")
        teach(replace(settings, model_args={**server.model_args, "num_concurrent": 4}), tmp_path / "many")
    for name in ("one", "many"):
        (row,), _ = read_dataset(tmp_path / name)
        assert row["trace"] == "Let me see. It can be counted on two hands."
        assert row["stated_answer"] == problem.answer


TRACE = """So what is asked is how many are left in the end, and what is given is every change on the way. I will follow the story as it is told.

{steps}

Wait, maybe I should rather count from the end. Alternatively, I could add up all the changes first. But that would need the sign of each of them, so I drop it.

Let me check by going backwards from the result: taking each change back brings me to where the story began. That fits.

Now I see how it hangs together. Putting this together, the number that was asked for is {answer}."""  # noqa: E501


def written(problem: Problem, trace: str = TRACE, answer: str | None = None) -> str:
    steps = "\n".join(step.text for step in problem.steps)
    return (
        f"<think>\n{trace.format(steps=steps, answer=problem.answer)}\n</think>\n\nThe answer is"
        f" {answer or problem.answer}."
    )


def test_a_writer_is_told_what_was_wrong_and_tries_again(tmp_path: Path) -> None:
    problems = {problem.question: problem for problem in load_problems("arith:train", 3)}
    hopeless = list(problems)[1]

    def say(prompt: str, before: int) -> str:
        problem = next(problem for question, problem in problems.items() if question in prompt)
        if problem.question == hopeless:
            return written(problem, answer="123456789")
        return written(problem) if "LAST REPLY" in prompt else written(problem, "{steps} " * 30)

    with sums(say, 3, write="hc", attempts=3) as (server, settings):
        teach(settings, tmp_path / "hc")
    rows, manifest = read_dataset(tmp_path / "hc")
    assert [row["question"] for row in rows] == [question for question in problems if question != hopeless]
    assert all(
        (row["arm"], row["template"], row["template_hash"]) == ("hc", "writer", writer().digest)
        for row in rows
    )
    assert all(len({pivot["kind"] for pivot in row["pivots"]}) >= 3 for row in rows)
    assert all("LAST REPLY" not in row["prompt"][0]["content"] for row in rows)
    told = manifest["teaching"]
    assert told["problems_left_out"] == {"wrong answer": 1}
    assert told["refused_responses"]["too few kinds of pivot"] == 2
    assert told["refused_responses"]["wrong answer"] == 3
    assert (told["pass_at_first"]["count"], told["pass_within_attempts"]["count"]) == (0, 2)
    again = [prompt for prompt in server.prompts if "LAST REPLY" in prompt and hopeless not in prompt]
    assert all("lacked remarks" in prompt for prompt in again)
    assert all(
        step.text in prompt
        for problem in problems.values()
        for prompt in server.prompts
        for step in problem.steps
        if problem.question in prompt
    )


def test_every_fault_of_a_written_trace_has_its_reason() -> None:
    (problem,) = load_problems("arith:train", 1)
    good = written(problem)
    assert writer().check(problem, good).reasons == ()
    instructions = writer().prompt(problem)
    faults = {
        "think block not in order": good.replace("</think>", "</think></think>"),
        "cut off": good.partition("</think>")[0],
        "no final sentence": good + "\n\nI hope that helps!" * 20,
        "wrong answer": written(problem, answer="123456789"),
        "too short": (
            "<think>\nWait, let me check. Now I see.\n</think>\n\nThe answer is " + problem.answer + "."
        ),
        "too long": written(
            problem, TRACE + " So it goes on as it went before, in one way or in another." * 120
        ),
        "too few kinds of pivot": written(problem, "{steps} And that is all there is to it. " * 8),
        "loops": written(problem, TRACE + "\nAnd so it goes on and on." * 80),
        "leaks the instructions": written(
            problem, TRACE + "\n" + " ".join(instructions.split()[4:30]).replace("{", "").replace("}", "")
        ),
    }
    for reason, text in faults.items():
        assert reason in [one.name for one in writer().check(problem, text).reasons], reason


def test_the_writer_prompt_names_pivots_that_the_style_scorer_finds() -> None:
    (problem,) = load_problems("arith:train", 1)
    phrases = [
        line.partition("such as")[2] for line in writer().prompt(problem).splitlines() if "such as" in line
    ]
    assert len(phrases) == len(KINDS)
    for kind, listed in zip(KINDS, phrases, strict=True):
        for phrase in (one.strip(' ,"') for one in listed.split('", "')):
            found = load_lexicon("en").find(f"{phrase.capitalize()}, that is so.") or load_lexicon("en").find(
                f"{phrase.capitalize()} that is so."
            )
            assert [pivot.kind for pivot in found] == [kind], phrase


@pytest.mark.parametrize(
    ("response", "reason"),
    [
        ("<think>\n3 and 4 make 7.\n</think>\n\nThe answer is 7.", None),
        ("3 and 4 make 7.\n\nThe answer is 7.", None),
        ("3 and 4 make 7. <answer>7</answer>", None),
        ("<think>\nSo 3 and 4 make 7", "cut off"),
        ("I take 3, then 4 more, which would be 7", "no answer stated"),
        ("<think>\n3 and 4 make 8.\n</think>\n\nThe answer is 8.", "wrong answer"),
        ("The answer is 7.", "no trace"),
        ("<think>\n</think>\n\nThe answer is 7.", "no trace"),
        ("", "no answer stated"),
    ],
)
def test_why_a_response_is_not_kept(response: str, reason: str | None) -> None:
    problem = Problem("p", "s", "3 pens and 4 pens?", "7", "number", ())
    candidate = read_response(problem, response)
    assert [one.name for one in candidate.reasons] == ([reason] if reason else [])
    if reason is None:
        assert candidate.trace.startswith("3 and 4 make 7.")
        assert read_response(problem, candidate.response)[:1] == candidate[:1]


def test_nothing_secret_is_written_down(tmp_path: Path) -> None:
    args = {
        "api_key": "abc",
        "auth_token": "abc",
        "header": "abc",
        "my_secret": "abc",
        "tokenizer": "t",
        "base_url": "https://abc:abc@host/v1?code=abc",
    }
    assert public_model_args(args) == {"tokenizer": "t", "base_url": "https://host/v1"}
    (problem,) = load_problems("arith:train", 1)
    with sums(lambda *_: f"So it is.\n\nThe answer is {problem.answer}.") as (server, settings):
        teach(replace(settings, model_args={**server.model_args, "auth_token": "hush-hush"}), tmp_path / "st")
    assert not any(b"hush-hush" in path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"attempts": 0}, "At least one sample"),
        ({"temperature": 0.0}, "At temperature 0 all 4 samples"),
        ({"temperature": -1.0}, "temperature must be 0 or more"),
        ({"keep": "best"}, "first or all"),
        ({"write": "st"}, "not 'st'"),
        ({"write": "hc", "keep": "all"}, "--keep all goes without"),
        ({"max_tokens": 0}, "--max-tokens"),
        ({"batch": 0}, "--batch"),
        ({"model": "local-chat-completion"}, "did you mean local-chat-completions"),
        ({"model_args": {}}, "needs base_url"),
        (
            {"model_args": {"base_url": "http://127.0.0.1:9/v1", "model": "m", "max_retries": 1}},
            "cannot be reached",
        ),
        (
            {"model_args": {"base_url": "http://127.0.0.1:9/v1", "model": "m", "think_end_token": "x"}},
            "think_end_token",
        ),
        ({"model": "hf", "model_args": {"pretrained": "no-such-model"}}, "no model 'no-such-model'"),
        ({"problems": "arithm"}, "arithm"),
    ],
)
def test_mistakes_are_told_before_anything_is_written(
    tmp_path: Path, changes: dict[str, Any], says: str
) -> None:
    with pytest.raises(StylerepError, match=says) as caught:
        teach(
            replace(TeachSettings("arith:train", CHAT, {}, n=2, decontaminate=False), **changes),
            tmp_path / "st",
        )
    assert "\n" not in str(caught.value)
    assert not list(tmp_path.iterdir())


def test_a_tokenizer_that_cannot_be_fetched_is_told_in_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """lm_eval's dummy model has its tokenizer from the Hub, and loads it when it is first asked."""
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    settings = TeachSettings("arith:train", "dummy", {"tokenizer": "nobody/none"}, n=2, keep="all")
    with pytest.raises(StylerepError, match="The model dummy needs files of the Hub that are not on this"):
        teach(settings, tmp_path / "st")


def test_a_prompt_is_never_cut_to_make_room(tmp_path: Path, tiny_model: Path) -> None:
    """lm_eval would cut it from the left, in silence."""
    settings = TeachSettings(
        "arith:train", "hf", {"pretrained": str(tiny_model)}, n=1, max_tokens=2040, decontaminate=False
    )
    with pytest.raises(
        StylerepError, match=r"2040 new ones do not fit the model's 2048; choose a lower --max-tokens"
    ):
        teach(settings, tmp_path / "st")
    assert not list(tmp_path.iterdir())


def test_if_every_sample_is_wrong_the_responses_are_kept_and_no_data_set_is_made(tmp_path: Path) -> None:
    with sums(lambda *_: "It is many.\n\nThe answer is 123456789.", 2, attempts=2) as (server, settings):
        with pytest.raises(StylerepError, match=r"4 wrong answer.*journal"):
            teach(settings, tmp_path / "st")
        assert len(server.asked) == 4
        with pytest.raises(StylerepError, match="4 wrong answer"):
            teach(settings, tmp_path / "st")
    assert len(server.asked) == 4
    assert [path.name for path in tmp_path.iterdir()] == ["st.partial"]


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--out", "file"], "file: a file stands"),
        (["--out", "st", "--samples", "0"], "At least one sample"),
        (["--out", "st", "--retries", "1"], "--retries is for --write"),
        (["--out", "st", "--write", "hc", "--samples", "2"], "--samples is for"),
        (["--out", "st", "--model_args", "pretrained"], "no NAME=VALUE"),
    ],
)
def test_the_command_tells_a_mistake_in_a_sentence(
    stylerep_here: Run, tmp_path: Path, options: list[str], says: str
) -> None:
    (tmp_path / "file").write_text("mine")
    assert says in one_sentence(
        stylerep_here(
            "teach", "--model", "hf", "--problems", "arith:train", "--n", 2, "--no-decontaminate", *options
        )
    )
    assert (tmp_path / "file").read_text() == "mine"


@pytest.mark.slow
def test_a_real_small_model_teaches(stylerep_here: Run, tmp_path: Path, real_model: str) -> None:
    command = [
        "teach",
        "--model",
        "hf",
        "--model_args",
        f"pretrained={real_model}",
        "--problems",
        "arith:train",
        "--n",
        3,
        "--samples",
        2,
        "--keep",
        "all",
    ]
    for out in ("one", "two"):
        result = stylerep_here(
            *command, "--max-tokens", 24, "--no-decontaminate", "--out", out, HF_HUB_OFFLINE="1"
        )
        assert result.returncode == 0, result.stderr[-3000:]
    rows, manifest = read_dataset(tmp_path / "one")
    assert len(rows) == 6
    assert manifest["teaching"]["model_args"] == {"pretrained": real_model}
    assert len({row["response"] for row in rows}) > 3
    assert (tmp_path / "one/train.parquet").read_bytes() == (tmp_path / "two/train.parquet").read_bytes()
