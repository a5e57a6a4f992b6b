"""Which number format the hardware multiplies fast."""

import functools
import os

import torch

_WITHOUT_BFLOAT16 = {"SSE41", "AVX", "AVX2", "AVX2_VNNI", "AVX2_VNNI_2", "AVX512_CORE", "AVX512_CORE_VNNI"}
"""Settings of ONEDNN_MAX_CPU_ISA that keep oneDNN, which multiplies for torch on processors,
from instructions for bfloat16.
"""


@functools.cache
def fast_dtype() -> torch.dtype:
    """Return bfloat16 where the hardware multiplies it, else float32.

    Asked of the processor, not assumed: AMX or AVX-512 BF16 on x86, unless the environment keeps oneDNN from
    them, BF16 on Arm; on a GPU, CUDA's own answer. Without them bfloat16 is emulated, a hundred times more
    slowly than float32 is computed.
    """
    if torch.cuda.is_available():
        return torch.bfloat16 if torch.cuda.is_bf16_supported(including_emulation=False) else torch.float32
    if (
        os.environ.get("ONEDNN_MAX_CPU_ISA") or os.environ.get("DNNL_MAX_CPU_ISA") or ""
    ).upper() in _WITHOUT_BFLOAT16:
        return torch.float32
    features = torch.cpu.get_capabilities()
    native = any(features.get(name, False) for name in ("amx_bf16", "avx512_bf16", "bf16", "arm_bf16"))
    return torch.bfloat16 if native else torch.float32
