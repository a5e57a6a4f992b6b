"""Dequantises a tensor of a GGUF file a few rows at a time, so that no matrix is ever held in 32 bits as a
whole.
"""

import math
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from gguf import GGML_QUANT_SIZES, GGMLQuantizationType, dequantize
from numpy.typing import NDArray

from distill.models.from_gguf.header import GgufTensor
from synth.errors import StylerepError

_AT_ONCE = 1 << 22
"""Weights dequantised at a time: 16 MB of float32."""


def rows(path: Path, tensor: GgufTensor, order: NDArray[np.int64] | None = None) -> Iterator[torch.Tensor]:
    """Yield the rows of a tensor as float32, some at a time, each part of shape (rows, columns).

    A tensor of one dimension is one row. *order* says which row of the file each row of the result is. Raises
    StylerepError for a format that is unknown, or where the file ends within the tensor.
    """
    try:
        form = GGMLQuantizationType(tensor.format)
        block, size = GGML_QUANT_SIZES[form]
    except (ValueError, KeyError) as error:
        raise StylerepError(
            f"{path.name}: {tensor.name} is stored in ggml's format {tensor.format}, unknown here."
        ) from error
    columns, count = tensor.shape[-1] if tensor.shape else 1, math.prod(tensor.shape[:-1])
    if columns % block:
        raise StylerepError(
            f"{path.name}: {tensor.name} has {columns} columns, no multiple of the {block} of {form.name}."
        )
    width = columns // block * size
    stored = _stored(path, tensor, count, width)
    step = max(1, _AT_ONCE // columns)
    for first in range(0, count, step):
        part = stored[first : first + step] if order is None else stored[order[first : first + step]]
        try:
            values = dequantize(np.ascontiguousarray(part), form)
        except NotImplementedError as error:
            raise StylerepError(
                f"{path.name}: {tensor.name} is stored as {form.name}, which cannot be read."
            ) from error
        yield torch.from_numpy(
            np.array(values, np.float32, copy=not values.flags.writeable).reshape(-1, columns)
        )


def _stored(path: Path, tensor: GgufTensor, count: int, width: int) -> NDArray[np.uint8]:
    if tensor.start + count * width > path.stat().st_size:
        raise StylerepError(f"{path.name}: the file ends within {tensor.name}.")
    return np.memmap(path, np.uint8, "r", tensor.start, (count, width))
