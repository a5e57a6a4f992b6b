"""``stylerep``, but with models shared out over processes without GPUs too: accelerate does so for GPUs
alone, though PyTorch's FSDP2 does not need them.

Where the environment gives ``WAITS_IN_STEP``, it waits in that step to be killed.
"""

import itertools
import os
import time
from typing import Any

import torch
from accelerate import PartialState
from accelerate.utils import DistributedType
from torch.distributed.tensor import DTensor

from distill.training.trainer import StepTrainer
from harness_ext.__main__ import main

_initialise, _step = PartialState.__init__, StepTrainer.training_step
_numbers, _waits_in = itertools.count(1), int(os.environ.get("WAITS_IN_STEP", "0"))


def _as_gpus(self: PartialState, *arguments: Any, **options: Any) -> None:
    _initialise(self, *arguments, **options)
    if self.distributed_type == DistributedType.MULTI_CPU:
        self.distributed_type = DistributedType.MULTI_GPU


def _checked_step(self: StepTrainer, model: torch.nn.Module, *arguments: Any) -> torch.Tensor:
    assert all(isinstance(parameter, DTensor) for parameter in model.parameters()), (
        "the model is not shared out"
    )
    if next(_numbers) == _waits_in:
        time.sleep(600)
    return _step(self, model, *arguments)


if __name__ == "__main__":
    PartialState.__init__ = _as_gpus
    StepTrainer.training_step = _checked_step  # type: ignore[method-assign]
    main()
