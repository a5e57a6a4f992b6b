"""Writes a safetensors file one tensor after another, so that a model need not be held to be saved."""

import json
from collections.abc import Iterable, Mapping
from math import prod
from pathlib import Path

import torch

_HEADER_STEP = 8


def write_bfloat16(
    path: Path, shapes: Mapping[str, tuple[int, ...]], parts: Iterable[tuple[str, Iterable[torch.Tensor]]]
) -> None:
    """Write tensors as bfloat16, in the order of their names, as the ``safetensors`` package lays them out.

    *parts* yields each tensor of *shapes* once, in that order, as parts that follow one another, of any
    shape. Raises ValueError where a tensor is missing, comes twice or has another size.
    """
    header: dict[str, object] = {"__metadata__": {"format": "pt"}}
    end = 0
    for name in sorted(shapes):
        start, end = end, end + 2 * prod(shapes[name])
        header[name] = {"dtype": "BF16", "shape": list(shapes[name]), "data_offsets": [start, end]}
    text = json.dumps(header, separators=(",", ":"), ensure_ascii=False).encode()
    text += b" " * (-len(text) % _HEADER_STEP)
    left = sorted(shapes, reverse=True)
    with path.open("wb") as file:
        file.write(len(text).to_bytes(8, "little") + text)
        for name, pieces in parts:
            if not left or left.pop() != name:
                raise ValueError(f"{name}: not the tensor that comes next")
            begin = file.tell()
            for piece in pieces:
                file.write(piece.to(torch.bfloat16).contiguous().view(torch.uint8).numpy().data)
            if file.tell() - begin != 2 * prod(shapes[name]):
                raise ValueError(
                    f"{name}: {(file.tell() - begin) // 2} values, expected {prod(shapes[name])}"
                )
    if left:
        raise ValueError(f"{left[-1]}: missing")
