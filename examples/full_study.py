"""The whole way in one program: problems, styled traces, adapters, runs, verdicts, a leaderboard.

    python examples/full_study.py                                                  # a tiny random model, made
    here python examples/full_study.py --model smollm2-135m-instruct --n 200 --limit 100 --tokens 224     # a
    real one

Without --model nothing is downloaded and it takes about a minute on two cores. A random model learns nothing
from 24 traces, so no verdict of it says anything; what you see is the way. For studies that go on where they
were stopped, with several models and seeds at a time, see studies/ and stylerep.reproduce.
"""

import argparse
import tempfile
from pathlib import Path

import stylerep

SHORT = {"trace_words": 10, "pivot_density": 5, "wrong_turns": 0}
"""Short traces, since small models learn no others."""


def tiny_model(folder: Path) -> Path:
    """Write a random Llama of 50,000 parameters with a tokenizer of bytes, as transformers saves models."""
    import torch
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

    torch.manual_seed(0)
    by_byte = Tokenizer(models.BPE())
    by_byte.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    by_byte.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    by_byte.train_from_iterator(
        [], trainers.BpeTrainer(vocab_size=260, special_tokens=["<s>", "</s>"], initial_alphabet=alphabet)
    )
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=by_byte, bos_token="<s>", eos_token="</s>", pad_token="</s>"
    )
    tokenizer.chat_template = (
        "{% for m in messages %}<s>{{ m['role'] }}\n{{ m['content'] }}</s>\n{% endfor %}{% if"
        " add_generation_prompt %}<s>assistant\n{% endif %}"
    )
    tokenizer.save_pretrained(folder)
    config = LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=2,
        max_position_embeddings=4096,
        bos_token_id=0,
        eos_token_id=1,
        pad_token_id=1,
    )
    LlamaForCausalLM(config).save_pretrained(folder)
    return folder


def study(model: str | Path, out: Path, n: int, limit: int, tokens: int) -> None:
    """Train and evaluate the arms nt and hc beside the model as it is, and compare them."""
    data = stylerep.synthesize("arith:train", ["nt", "hc"], out / "data", n, dials=SHORT)
    told = {"limit": limit, "gen_kwargs": {"max_gen_toks": tokens}}
    runs = [stylerep.evaluate(model, "style_arith", out / "runs/base", arm="base", **told)]
    for arm, folder in data.items():
        adapter = stylerep.distill(
            model, folder, out / "adapters" / arm, epochs=1, learning_rate=1e-3, batch_size=4
        )
        runs.append(stylerep.evaluate(model, "style_arith", out / "runs" / arm, adapter=adapter, **told))
    report = stylerep.compare(*runs, margin=0.05)
    stylerep.leaderboard(runs, out / "board")
    print(f"\n{report}")
    for one in report.comparisons:
        print(f"{one.arm} against {one.baseline}: {one.verdict}")
    print(f"board: {out / 'board' / 'index.html'}")


if __name__ == "__main__":
    options = argparse.ArgumentParser(description="Problems, traces, adapters, runs, verdicts.")
    options.add_argument(
        "--model",
        help="A name of: stylerep models list, a folder, or a Hub id; a tiny random one if left out.",
    )
    options.add_argument(
        "--out", type=Path, help="Folder for everything; a temporary one, which is kept, if left out."
    )
    options.add_argument("--n", type=int, default=24, help="Training problems an arm.")
    options.add_argument("--limit", type=int, default=12, help="Test problems.")
    options.add_argument("--tokens", type=int, default=24, help="Most new tokens of a response.")
    given = options.parse_args()
    place = given.out or Path(tempfile.mkdtemp(prefix="full-study-"))
    try:
        study(given.model or tiny_model(place / "model"), place, given.n, given.limit, given.tokens)
    except stylerep.StylerepError as error:
        raise SystemExit(str(error)) from error
