"""transformers' Trainer over steps settled beforehand, in parts that fit the device."""

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch.utils.data import DataLoader, Dataset
from transformers import Trainer

from distill.training.encode import IGNORED, Encoded, packed, padded
from distill.training.fast.attention import rows
from distill.training.fast.loss import summed_cross_entropy
from distill.training.steps import device_parts

_COUNTED = ("targets", "teacher")
"""What a part has for its loss; the rest goes to the model."""


class Steps(Dataset[dict[str, Any]]):
    """What one process does in each step: its parts,
    and how many labelled tokens the step has over all processes.
    """

    def __init__(
        self,
        encoded: Sequence[Encoded],
        plan: Sequence[Sequence[int]],
        tokens: int,
        pad_token_id: int | None,
        process: int = 0,
        processes: int = 1,
    ) -> None:
        """Take rows, the plan of `step_rows`, the *tokens* of a part, and the pad token,
        None where rows need no padding.
        """
        self._encoded, self._plan, self._pad = encoded, plan, pad_token_id
        self._tokens, self._process, self._processes = tokens, process, processes
        self._lengths = [len(row.input_ids) for row in encoded]

    def __len__(self) -> int:
        return len(self._plan)

    def __getitem__(self, step: int) -> dict[str, Any]:
        chosen = self._plan[step]
        parts = device_parts(chosen, self._lengths, self._processes, self._tokens)[self._process]
        labelled = sum(len(self._encoded[row].labelled) for row in chosen)
        return {"parts": [self._part(part, chosen) for part in parts], "labelled": labelled}

    def _part(self, part: Sequence[int], chosen: Sequence[int]) -> dict[str, Any]:
        members = [self._encoded[row] for row in part or chosen[:1]]
        made = packed(members) if self._pad is None else padded(members, self._pad)
        if not part:  # nothing left to do for this process: a row that counts for nothing
            made["targets"] = torch.full_like(made["targets"], IGNORED)
        return made


class StepTrainer(Trainer):  # type: ignore[misc]  # transformers ships no types for it
    """A Trainer whose data set items are whole steps (`Steps`).

    The loss is the mean over the labelled tokens of a step, whatever the number of processes and parts.
    Logits are computed only where there are labels.
    """

    def get_train_dataloader(self) -> DataLoader[dict[str, Any]]:
        """Return the steps one by one; each process has its own already."""
        first: Callable[[list[dict[str, Any]]], dict[str, Any]] = lambda items: items[0]  # noqa: E731
        return DataLoader(self.train_dataset, batch_size=1, shuffle=False, collate_fn=first)

    def training_step(
        self, model: Any, inputs: dict[str, Any], num_items_in_batch: Any = None
    ) -> torch.Tensor:
        """Run forward and backward over the parts of a step; return the process's share of the mean loss, so
        that its mean over processes is the loss.
        """
        model.train()
        share = self.accelerator.num_processes / max(1, inputs["labelled"])
        total = torch.zeros((), device=self.args.device)
        for given in inputs["parts"]:
            part = self._prepare_inputs(given)
            lengths, shared = part.pop("lengths", ()), part.pop("shared", 0)
            counted = {name: part.pop(name) for name in _COUNTED if name in part}
            # the backward pass included: with checkpointing, attention runs again in it
            with rows(lengths, shared) as seen:
                with self.compute_loss_context_manager():
                    logits = model(**part, use_cache=False).logits
                    if lengths:
                        seen.check(self.model)
                    loss = self.part_loss(logits, counted, share)
                self.accelerator.backward(loss)
            total += loss.detach()
        return total

    def part_loss(self, logits: torch.Tensor, part: dict[str, torch.Tensor], weight: float) -> torch.Tensor:
        """Return *weight* times the summed loss of a part, from logits (1 or rows, K, V)."""
        return summed_cross_entropy(logits.flatten(0, 1), part["targets"].flatten(), weight)

    def _save(self, output_dir: str | None = None, state_dict: dict[str, Any] | None = None) -> None:
        """Save as transformers does; of weights that a model uses twice, once (gathered from shards, they no
        longer show that they are the same).
        """
        if state_dict is not None:
            tied = getattr(self.model, "all_tied_weights_keys", None) or {}
            state_dict = {name: value for name, value in state_dict.items() if name not in tied}
        super()._save(output_dir, state_dict)

    def floating_point_ops(self, inputs: dict[str, Any]) -> int:
        """Return 0: transformers' estimate is made from fields that steps do not have."""
        return 0
