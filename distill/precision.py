"""Which number format the hardware multiplies fast."""

import functools

import torch


@functools.cache
def fast_dtype() -> torch.dtype:
    """Return bfloat16 where the hardware multiplies it, else float32.

    Asked of the processor, not assumed: AMX or AVX-512 BF16 on x86, BF16 on Arm; on a GPU, CUDA's
    own answer. A processor without them emulates bfloat16 more slowly than it computes float32.
    """
    if torch.cuda.is_available():
        return torch.bfloat16 if torch.cuda.is_bf16_supported(including_emulation=False) else torch.float32
    features = torch.cpu.get_capabilities()
    native = any(features.get(name, False) for name in ("amx_bf16", "avx512_bf16", "bf16", "arm_bf16"))
    return torch.bfloat16 if native else torch.float32
