"""Compares the tokenizers of pulled models with llama.cpp's on varied strings.

    python -m benchmarks.tokenizer_agreement --llama-python OTHER/bin/python

The other Python has llama-cpp-python, which need not be installed beside this set. It reads the very GGUF
files that models are pulled from, which are fetched again (``--gguf NAME=PATH`` names one that is there).
``--write FILE`` keeps a checksum of llama.cpp's tokens of each string, with which a test compares where
llama.cpp is not at hand.
"""

import argparse
import base64
import json
import random
import subprocess
import sys
import tempfile
import unicodedata
import zlib
from collections.abc import Sequence
from pathlib import Path

from distill.models.loading import load_tokenizer
from distill.models.packaged import NAMED
from distill.models.pretrained import pulled_folder
from distill.models.pull import fetch_gguf

COUNT = 2_400
_LLAMA = """
import json, sys
from llama_cpp import Llama
model = Llama(sys.argv[1], vocab_only=True, verbose=False)
strings = json.load(open(sys.argv[2], encoding="utf-8"))
tokens = [model.tokenize(one.encode(), add_bos=False, special=True) for one in strings]
json.dump(tokens, open(sys.argv[3], "w"))
"""
_WORDS = {
    "latin": "the answer is therefore Wait, let's check don't they're HTTPServer",
    "accents": "Größe naïve façade Œuvre İstanbul straße Ångström Việt Dvořák",
    "greek": "Η απάντηση είναι λοιπόν άλφα Σίσυφος",
    "cyrillic": "Ответ: следовательно, проверим ещё раз ЁЖ",
    "chinese": "因此答案是三十四 让我们 检查一下。「好」",
    "japanese": "したがって答えはカタカナ 三つです。ｶﾀｶﾅ",
    "korean": "따라서 정답은 서른넷입니다",
    "arabic": "لذلك الجواب هو ٣٤ دعنا نتحقق",
    "hebrew": "לכן התשובה היא שלוש",
    "hindi": "इसलिए उत्तर तीन है ३४",
    "thai": "ดังนั้นคำตอบคือสาม",
    "emoji": "🤔 👍🏽 👩‍👩‍👧 🇩🇪 ✅ ½ ⅔ № ™",
    "code": "def f(x): return x**2 if x>=0 else -x # TODO {'a': [1, 2]} <div id='a'>&nbsp;</div> a_b x[i]",
}
_LATEX = (
    r"\frac{1}{2} \sqrt{3x^2+4} \sum_{i=1}^{n} i \boxed{42} \text{so } \left( \begin{aligned} x &= 1 "
    r"\\ y &= 2 \end{aligned} \right) $x^{10}$ \[a_{1,2} \le \infty\] \% \alpha\beta"
)
_SPACES = (
    *(" ", "  ", "   ", "\t", "\n", "\n\n", "\r\n", " \n ", "\u00a0", "\u3000"),
    *(" " * 9, "\n" * 5, "\t\t", ""),
)
_TAGS = (
    "<think> </think> <|im_start|> <|im_end|> <|endoftext|> <start_of_turn> <end_of_turn> <bos> <eos> "
    "<tool_call> </tool_call>"
)


def varied_strings() -> list[str]:
    """Return `COUNT` strings, always the same: numbers, spaces, scripts, LaTeX, code, tags, control tokens
    and mixes of them.

    They are composed (NFC), since the published tokenizers of some families compose and llama.cpp does not.
    None holds ``</s>``, which llama.cpp takes for a control token of any model that has it as a word.
    """
    draw = random.Random(20261128)
    words = {script: text.split(" ") for script, text in _WORDS.items()}
    latex, tags = _LATEX.split(" "), _TAGS.split(" ")
    strings = ["", " ", "  ", "\n", *_WORDS.values(), _LATEX, _TAGS]
    strings += [" " * count for count in range(3, 40)] + ["\n" * count for count in range(2, 40)]
    while len(strings) < COUNT:
        pieces = []
        for _ in range(draw.randint(1, 14)):
            kind = draw.randrange(6)
            if kind == 0:
                pieces.append(_number(draw))
            elif kind == 1:
                pieces.append(draw.choice(latex))
            elif kind == 2 and draw.random() < 0.4:
                pieces.append(draw.choice(tags))
            else:
                pieces.append(draw.choice(words[draw.choice(list(words))]))
            pieces.append(draw.choice(_SPACES) if draw.random() < 0.5 else " ")
        strings.append("".join(pieces))
    return [unicodedata.normalize("NFC", one) for one in strings]


def _number(draw: random.Random) -> str:
    value = draw.randrange(10 ** draw.randint(1, 12))
    return draw.choice(
        [
            str(value),
            f"{value:,}",
            f"-{value}",
            f"{value / 100:.2f}",
            f"${value}",
            f"{value}%",
            f"{value}/7",
            f"{value:e}",
        ]
    )


def checksum(ids: Sequence[int]) -> bytes:
    """Return a checksum of a string's tokens, four bytes long."""
    return zlib.crc32(",".join(map(str, ids)).encode()).to_bytes(4, "big")


def encoded(name: str, strings: Sequence[str]) -> list[list[int]]:
    """Return the tokens of strings as a pulled model's tokenizer makes them, without a beginning of text."""
    return [list(ids) for ids in load_tokenizer(name)(list(strings), add_special_tokens=False).input_ids]


def _by_llama(python: str, gguf: Path, strings: Sequence[str]) -> list[list[int]]:
    with tempfile.TemporaryDirectory() as folder:
        given, made = Path(folder, "strings.json"), Path(folder, "tokens.json")
        given.write_text(json.dumps(strings), encoding="utf-8")
        subprocess.run([python, "-c", _LLAMA, str(gguf), str(given), str(made)], check=True)
        tokens: list[list[int]] = json.loads(made.read_text())
    return tokens


def main(arguments: Sequence[str]) -> None:
    """Compare every pulled model and print the strings that differ."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--llama-python", required=True, help="a Python that has llama-cpp-python")
    parser.add_argument(
        "--gguf", action="append", default=[], metavar="NAME=PATH", help="a GGUF file that is there"
    )
    parser.add_argument("--write", type=Path, help="keep checksums of llama.cpp's tokens here")
    options = parser.parse_args(arguments)
    files = dict(one.split("=", 1) for one in options.gguf)
    strings, kept = varied_strings(), {}
    for name in filter(pulled_folder, NAMED):
        with tempfile.TemporaryDirectory() as folder:
            gguf = Path(files[name]) if name in files else fetch_gguf(name, Path(folder))
            theirs = _by_llama(options.llama_python, gguf, strings)
        ours = encoded(name, strings)
        differ = [number for number in range(len(strings)) if ours[number] != theirs[number]]
        print(f"{name}: {len(differ)} of {len(strings)} strings differ")
        for number in differ[:10]:
            print(f"  {strings[number]!r}\n    ours {ours[number]}\n    llama.cpp {theirs[number]}")
        kept[name] = base64.b64encode(b"".join(map(checksum, theirs))).decode()
    if options.write:
        options.write.write_text(json.dumps(kept, indent=0) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
