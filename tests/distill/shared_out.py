"""``stylerep``, but with models shared out over processes without GPUs too: accelerate does so for GPUs alone, though PyTorch's FSDP2 does not need them."""

from typing import Any

import torch
from accelerate import PartialState
from accelerate.utils import DistributedType
from torch.distributed.tensor import DTensor

from distill.trainer import StepTrainer
from harness_ext.__main__ import main

_initialise, _step = PartialState.__init__, StepTrainer.training_step


def _as_gpus(self: PartialState, *arguments: Any, **options: Any) -> None:
    _initialise(self, *arguments, **options)
    if self.distributed_type == DistributedType.MULTI_CPU:
        self.distributed_type = DistributedType.MULTI_GPU


def _checked_step(self: StepTrainer, model: torch.nn.Module, *arguments: Any) -> torch.Tensor:
    assert all(isinstance(parameter, DTensor) for parameter in model.parameters()), "the model is not shared out"
    return _step(self, model, *arguments)


if __name__ == "__main__":
    PartialState.__init__ = _as_gpus
    StepTrainer.training_step = _checked_step  # type: ignore[method-assign]
    main()
