"""Fixtures shared by all tests: where real data and the real model are, and the command itself."""

import contextlib
import csv
import io
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import settings

from synth.processes.openmp import share_cores

CORES = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
if workers := int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "0")):
    # Workers share the cores, and so do the commands that they start;
    # torch reads this when it is first imported.
    os.environ.setdefault("OMP_NUM_THREADS", str(max(1, CORES // workers)))
share_cores()


def pytest_xdist_auto_num_workers() -> int:
    """Return how many workers ``-n auto`` starts: one for each core, at most four,
    for each may hold a model or two at a time.
    """
    return min(4, CORES)


# No test asks the Hub: where it gives no answer its client asks again and again, 23 seconds long, for the
# tokenizer of lm_eval's dummy model too. Its variable is read once, on import, so it is set before that.
os.environ.setdefault("HF_HUB_OFFLINE", "1")

# On a machine that is busy, a command of a test may take long enough to say how far it is.
os.environ.setdefault("STYLEREP_PROGRESS", "off")

# A shared machine may stall for longer than any deadline that says something about the code.
settings.register_profile("stylerep", deadline=None)
settings.load_profile("stylerep")

DATA = Path(__file__).resolve().parents[2] / "shared" / "data"


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of real problems and traces that may lie beside a checkout."""
    if not DATA.is_dir():
        pytest.skip("the real problems and traces (shared/data beside the checkout) are not here")
    return DATA


@pytest.fixture(scope="session")
def real_model() -> str:
    """The name of the real default model, pulled."""
    from distill.models.pretrained import pulled_folder

    name = "smollm2-135m-instruct"
    if pulled_folder(name) is None:
        pytest.skip(f"{name} has not been pulled (stylerep models pull {name}; make test does it)")
    return name


@pytest.fixture(scope="session")
def published_sets(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a few problems of our own in the files of every published set, in its columns."""
    folder = tmp_path_factory.mktemp("published-sets")
    sums = [(i, i + 3) for i in range(3)]
    rows = {
        "gsm8k_test": [
            {
                "question": f"Ann has {a} pens and buys 3. How many?",
                "answer": f"{a}+3=<<{a}+3={b}>>{b}\n#### {b}",
            }
            for a, b in sums
        ],
        "math500": [
            {
                "problem": f"What is ${a} + 3$?",
                "solution": f"We have ${a} + 3 = \\boxed{{{b}}}.$",
                "answer": str(b),
                "subject": "Algebra",
                "level": 1,
            }
            for a, b in sums
        ],
        "aime24": [{"id": a, "problem": f"Find ${a} + 3$.", "answer": f"00{b}"} for a, b in sums],
        "aime25": [{"id": str(a), "problem": f"Find $3 + {a}$.", "answer": str(b)} for a, b in sums],
        "svamp": [
            {
                "ID": f"chal-{a}",
                "Body": f"Ann has {a} pens and buys 3",
                "Question": "How many?",
                "Answer": float(b),
                "Type": "Addition",
            }
            for a, b in sums
        ],
    }
    for name, content in rows.items():
        (folder / f"{name}.jsonl").write_text(
            "".join(json.dumps(row) + "\n" for row in content), encoding="utf-8"
        )
    with (folder / "gpqa_diamond.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(
            ["Question", "Correct Answer", "Incorrect Answer 1", "Incorrect Answer 2", "Incorrect Answer 3"]
        )
        writer.writerows([f"Which number follows {a + 2}?", b, b + 1, b + 2, b + 3] for a, b in sums)
    return folder


@pytest.fixture
def stylerep(tmp_path: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Runs ``stylerep`` in a process of its own, in an empty folder, as a user does."""

    def run(*arguments: object, **environment: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "harness_ext", *map(str, arguments)]
        return subprocess.run(
            command,
            cwd=tmp_path,
            env={**os.environ, **environment},
            capture_output=True,
            text=True,
            check=False,
            timeout=900,
        )

    return run


@pytest.fixture
def stylerep_here(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Runs ``stylerep`` in this process, in an empty folder: for verbs that import torch or lm_eval, which
    takes a process of its own seconds.
    """
    from harness_ext.__main__ import main

    def run(*arguments: object, **environment: str) -> subprocess.CompletedProcess[str]:
        command = ["stylerep", *map(str, arguments)]
        out, errors = io.StringIO(), io.StringIO()
        with (
            monkeypatch.context() as patch,
            contextlib.redirect_stdout(out),
            contextlib.redirect_stderr(errors),
        ):
            patch.chdir(tmp_path)
            patch.setattr(sys, "argv", command)
            for name, value in environment.items():
                patch.setenv(name, value)
            with pytest.raises(SystemExit) as end:
                main()
        return subprocess.CompletedProcess(
            command, int(end.value.code or 0), out.getvalue(), errors.getvalue()
        )

    return run


def one_sentence(result: subprocess.CompletedProcess[str]) -> str:
    """Check that a command ended with code 2 and a single line, and return the line."""
    assert result.returncode == 2, result.stderr[-2000:]
    assert "Traceback" not in result.stderr
    last = result.stderr.strip().splitlines()[-1]
    assert last.startswith("stylerep: ")
    return last


@pytest.fixture(scope="session")
def tiny_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A random Llama, see `make_tiny_model`."""
    return make_tiny_model(tmp_path_factory.mktemp("tiny-model"))


def make_tiny_model(folder: Path) -> Path:
    """Write a random Llama of 50,000 parameters, the same each time, with a byte-level tokenizer whose pad
    token is its EOS token.
    """
    import torch
    from tokenizers import Tokenizer, decoders, pre_tokenizers, trainers
    from tokenizers.models import BPE
    from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

    backend = Tokenizer(BPE())
    backend.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    backend.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    backend.train_from_iterator(
        [], trainers.BpeTrainer(vocab_size=260, special_tokens=["<s>", "<end>"], initial_alphabet=alphabet)
    )
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=backend, bos_token="<s>", eos_token="<end>", pad_token="<end>"
    )
    tokenizer.chat_template = (
        "{% for m in messages %}<s>{{ m['role'] }}\n{{ m['content'] }}<end>\n{% endfor %}{% if"
        " add_generation_prompt %}<s>assistant\n{% endif %}"
    )
    tokenizer.save_pretrained(folder)
    config = LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=2,
        max_position_embeddings=2048,
        bos_token_id=0,
        eos_token_id=1,
        pad_token_id=1,
    )
    with torch.random.fork_rng():
        torch.manual_seed(0)
        LlamaForCausalLM(config).save_pretrained(folder)
    return folder
