"""On-policy distillation beside TRL's GKDTrainer: the same loss on the same logits, and the processor time of
a step.

Student and teacher are random Llamas of 19 and 38 million parameters with the tokenizer of
SmolLM2-135M-Instruct, in the format that is fast here. Both ways train a LoRA adapter (rank 16, all linear
layers) on the same prompts of `arith`, 8 a step, and write 64 tokens for each. They run in turn, in one
process; the time is that of the training loop, without loading.

    python -m benchmarks.on_policy [--steps 3] [--rounds 1]
"""

import argparse
import json
import os
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

TOKENIZER = "smollm2-135m-instruct"
ROWS, NEW, RANK, BETA = 8, 64, 16, 0.5


def model(folder: Path, hidden: int, layers: int, seed: int) -> str:
    """Write a random model to a folder and return its path."""
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    from distill.models.loading import load_tokenizer
    from distill.models.precision import fast_dtype

    tokenizer = load_tokenizer(TOKENIZER)
    torch.manual_seed(seed)
    config = LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=hidden,
        intermediate_size=4 * hidden,
        num_hidden_layers=layers,
        num_attention_heads=hidden // 64,
        num_key_value_heads=hidden // 64,
        tie_word_embeddings=True,
        bos_token_id=1,
        eos_token_id=2,
        pad_token_id=2,
    )
    LlamaForCausalLM(config).to(fast_dtype()).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return str(folder)


def timed(trainer: type, run: Any) -> tuple[float, Any]:
    """Return the processor seconds that the training loop of a class of trainers takes in *run*, and what
    that returns.
    """
    seconds, train = [], trainer.train  # type: ignore[attr-defined]

    def watched(*arguments: Any, **options: Any) -> Any:
        began = time.process_time()
        found = train(*arguments, **options)
        seconds.append(time.process_time() - began)
        return found

    trainer.train = watched  # type: ignore[attr-defined]
    try:
        result = run()
    finally:
        trainer.train = train  # type: ignore[attr-defined]
    return seconds[0], result


def ours(student: str, teacher: str, data: Path, out: Path) -> tuple[float, int]:
    """Train; return processor seconds and the tokens that the student wrote."""
    from rich.console import Console

    from distill.training.opd.settings import OnPolicy
    from distill.training.opd.trainer import OnPolicyTrainer
    from distill.training.recipe import Recipe
    from distill.training.train import distill

    settings = OnPolicy(teacher, beta=BETA, max_new_tokens=NEW)
    recipe = Recipe(method="opd", epochs=1, batch_size=ROWS, rank=RANK, opd=settings)
    seconds, folder = timed(OnPolicyTrainer, lambda: distill(student, data, out, recipe, Console(quiet=True)))
    return seconds, int(json.loads((folder / "manifest.json").read_text())["written_tokens"])


def trl(student: str, teacher: str, data: Path, out: Path) -> tuple[float, int]:
    """Train with TRL; return the same."""
    from datasets import Dataset
    from peft import LoraConfig
    from trl.experimental.gkd import GKDConfig, GKDTrainer

    from distill.models.loading import load_tokenizer
    from distill.models.precision import fast_dtype
    from synth.traces.datasets import read_dataset

    rows = read_dataset(data)[0]
    told = [{"messages": [*row["prompt"], {"role": "assistant", "content": row["response"]}]} for row in rows]
    written: list[int] = []

    class Counting(GKDTrainer):  # type: ignore[misc]
        @staticmethod
        def generate_on_policy_outputs(*arguments: Any, **options: Any) -> Any:
            found = GKDTrainer.generate_on_policy_outputs(*arguments, **options)
            written.append(int((found[2] != -100).sum()))
            return found

    form = {"dtype": str(fast_dtype()).removeprefix("torch.")}
    arguments = GKDConfig(
        output_dir=str(out),
        max_steps=len(rows) // ROWS,
        per_device_train_batch_size=ROWS,
        lmbda=1.0,
        beta=BETA,
        temperature=1.0,
        max_new_tokens=NEW,
        max_length=1024,
        use_cpu=True,
        bf16=False,
        gradient_checkpointing=False,
        report_to="none",
        save_strategy="no",
        logging_strategy="no",
        disable_tqdm=True,
        dataloader_pin_memory=False,
        model_init_kwargs=dict(form),
        teacher_model_init_kwargs=dict(form),
    )
    lora = LoraConfig(r=RANK, lora_alpha=2 * RANK, target_modules="all-linear", task_type="CAUSAL_LM")
    trainer = Counting(
        model=student,
        teacher_model=teacher,
        args=arguments,
        train_dataset=Dataset.from_list(told),
        processing_class=load_tokenizer(student),
        peft_config=lora,
    )
    seconds, _ = timed(Counting, lambda: trainer.train())  # noqa: PLW0108 (it is replaced meanwhile)
    return seconds, sum(written)


def losses() -> float:
    """Return the largest difference of the two losses on the same float32 logits, over values of beta."""
    import torch
    from trl.experimental.gkd import GKDTrainer

    from distill.training.opd.divergence import summed_divergence

    generator = torch.Generator().manual_seed(0)
    off = 0.0
    for beta in (0, 0.1, 0.5, 0.9, 1):
        student, teacher = (torch.randn(4, 50, 1000, generator=generator) * 3 for _ in range(2))
        labels = torch.randint(0, 1000, (4, 50), generator=generator)
        labels[:, :9], labels[1, 30:] = -100, -100
        counted = labels != -100
        theirs = GKDTrainer.generalized_jsd_loss(student, teacher, labels, beta)
        mine = summed_divergence(student[counted], teacher[counted], beta, 1 / int(counted.sum()))
        off = max(off, abs(theirs - mine).item())
    return off


def main() -> None:
    """Compare losses, then time both ways in turn."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])  # type: ignore[union-attr]
    parser.add_argument("--steps", type=int, default=3)
    parser.add_argument("--rounds", type=int, default=1)
    given = parser.parse_args()
    os.environ.setdefault("TRL_EXPERIMENTAL_SILENCE", "1")
    from synth.traces.synthesis import synth

    print(f"losses on the same logits differ by {losses():.1e} at most, over five values of beta")
    with tempfile.TemporaryDirectory() as scratch:
        root = Path(scratch)
        student, teacher = model(root / "student", 256, 6, 0), model(root / "teacher", 384, 8, 1)
        data = synth("arith:train", ["sbs"], root / "data", n=ROWS * given.steps)["sbs"]
        found: dict[str, list[float]] = {"ours": [], "trl": []}
        for number in range(given.rounds):
            for name, way in (("ours", ours), ("trl", trl)):
                seconds, tokens = way(student, teacher, data, root / f"{name}-{number}")
                found[name].append(seconds)
                print(f"{name}: {seconds:.1f} s of processor time, {tokens} tokens written", flush=True)
    ratio = statistics.median(found["trl"]) / statistics.median(found["ours"])
    print(f"TRL's processor time is {ratio:.1f} times ours")


if __name__ == "__main__":
    main()
