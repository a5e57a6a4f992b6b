"""Makes a tokenizer of what a GGUF file says of one, so that it cuts text as llama.cpp does."""

from collections.abc import Callable, Sequence
from typing import Any

from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors

from distill.models.from_gguf.header import GgufHeader
from synth.errors import StylerepError

_NORMAL, _CONTROL, _USER_DEFINED = 1, 3, 4
_SPACE = "▁"
_QWEN2 = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}"
    r"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)


def _split(pattern: str) -> list[Any]:
    return [
        pre_tokenizers.Split(Regex(pattern), "isolated"),
        pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
    ]


SPLITS: dict[str, Callable[[], list[Any]]] = {
    "qwen2": lambda: _split(_QWEN2),
    "smollm": lambda: [
        pre_tokenizers.Digits(individual_digits=True),
        pre_tokenizers.ByteLevel(add_prefix_space=False),
    ],
}
"""How text is cut before merges are made, by the name that a GGUF file of byte-level tokens gives it
(``tokenizer.ggml.pre``).
"""
COMPOSED = ("qwen2",)
"""Those that the published tokenizers compose characters for first (NFC). llama.cpp does not: it differs for
é of e and ´.
"""


def build_tokenizer(header: GgufHeader, pad_token: str | None = None) -> Any:
    """Return the transformers tokenizer of a GGUF file, its chat template with it.

    *pad_token* stands for the one that the file names. Tokens of control are special; those of the user are
    whole in every text. Raises StylerepError for a sort of tokenizer that is not known here.
    """
    from transformers import PreTrainedTokenizerFast

    tokens: list[str] = header.need("tokenizer.ggml.tokens")
    kinds = [int(kind) for kind in header.need("tokenizer.ggml.token_type")]
    sort = header.need("tokenizer.ggml.model")
    if sort == "gpt2":
        backend = _byte_level(header, tokens)
    elif sort == "llama":
        backend = _sentence_pieces(header, tokens, kinds)
    else:
        raise StylerepError(
            f"{header.path.name}: its tokenizer is of the sort {sort!r}; "
            "known are gpt2 (byte-level) and llama (pieces)."
        )
    roles = _roles(header, tokens)
    if pad_token:
        roles["pad_token"] = pad_token
    for kind, special in ((_CONTROL, True), (_USER_DEFINED, False)):
        found = [token for token, its in zip(tokens, kinds, strict=True) if its == kind]
        added = [AddedToken(token, normalized=False, special=special) for token in found]
        (backend.add_special_tokens if special else backend.add_tokens)(added)
    backend.post_processor = _beginning(header, roles.get("bos_token"), tokens)
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=backend, **roles)
    tokenizer.chat_template = header.metadata.get("tokenizer.chat_template")
    return tokenizer


def _byte_level(header: GgufHeader, tokens: Sequence[str]) -> Any:
    cut = header.need("tokenizer.ggml.pre")
    if cut not in SPLITS:
        raise StylerepError(
            f"{header.path.name}: its tokenizer cuts text as {cut!r} does; "
            f"known are {', '.join(sorted(SPLITS))}."
        )
    merges = [tuple(merge.split(" ")) for merge in header.need("tokenizer.ggml.merges")]
    backend = Tokenizer(
        models.BPE(
            {token: number for number, token in enumerate(tokens)},
            merges,
            continuing_subword_prefix="",
            end_of_word_suffix="",
        )
    )
    backend.pre_tokenizer = pre_tokenizers.Sequence(SPLITS[cut]())
    if cut in COMPOSED:
        backend.normalizer = normalizers.NFC()
    backend.decoder = decoders.ByteLevel()
    return backend


def _sentence_pieces(header: GgufHeader, tokens: Sequence[str], kinds: Sequence[int]) -> Any:
    if header.metadata.get("tokenizer.ggml.add_space_prefix", True):
        raise StylerepError(
            f"{header.path.name}: its tokenizer puts a space before every text, unknown here."
        )
    unknown = tokens[header.need("tokenizer.ggml.unknown_token_id")]
    backend = Tokenizer(
        models.BPE(
            {token: number for number, token in enumerate(tokens)},
            implied_merges(tokens, kinds, [float(score) for score in header.need("tokenizer.ggml.scores")]),
            unk_token=unknown,
            fuse_unk=True,
            byte_fallback=True,
        )
    )
    backend.normalizer = normalizers.Replace(" ", _SPACE)
    backend.decoder = decoders.Sequence(
        [decoders.Replace(_SPACE, " "), decoders.ByteFallback(), decoders.Fuse()]
    )
    return backend


def implied_merges(
    tokens: Sequence[str], kinds: Sequence[int], scores: Sequence[float]
) -> list[tuple[str, str]]:
    """Return the merges that pieces with scores imply: every cut of a piece in two, pieces of the best score
    first.

    A file of pieces lists none: llama.cpp merges whichever two neighbours make the piece of the best score.
    """
    numbers = {token: number for number, token in enumerate(tokens)}
    pieces = [number for number, kind in enumerate(kinds) if kind == _NORMAL and len(tokens[number]) > 1]
    merges: list[tuple[str, str]] = []
    for number in sorted(pieces, key=lambda number: (-scores[number], number)):
        piece = tokens[number]
        cuts = ((piece[:at], piece[at:]) for at in range(1, len(piece)))
        known = [cut for cut in cuts if cut[0] in numbers and cut[1] in numbers]
        merges += sorted(known, key=lambda cut: (numbers[cut[0]], numbers[cut[1]]))
    return merges


def _roles(header: GgufHeader, tokens: Sequence[str]) -> dict[str, str]:
    named = {"bos": "bos", "eos": "eos", "unknown": "unk", "padding": "pad"}
    ids = {ours: header.metadata.get(f"tokenizer.ggml.{theirs}_token_id") for theirs, ours in named.items()}
    return {f"{role}_token": tokens[number] for role, number in ids.items() if number is not None}


def _beginning(header: GgufHeader, bos: str | None, tokens: Sequence[str]) -> Any:
    adds = header.metadata.get("tokenizer.ggml.add_bos_token", header.need("tokenizer.ggml.model") == "llama")
    if header.metadata.get("tokenizer.ggml.add_eos_token"):
        raise StylerepError(f"{header.path.name}: its tokenizer ends every text with EOS, unknown here.")
    if not adds or bos is None:
        return processors.TemplateProcessing(single="$A", pair="$A $B:1", special_tokens=[])
    return processors.TemplateProcessing(
        single=f"{bos} $A", pair=f"{bos} $A {bos}:1 $B:1", special_tokens=[(bos, tokens.index(bos))]
    )
