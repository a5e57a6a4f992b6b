"""Trains a student on what it writes itself, by a teacher's scores of each token."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import torch
from torch.utils.data import Dataset

from distill.training.encode import IGNORED, Encoded, packed, padded
from distill.training.opd.divergence import summed_divergence
from distill.training.opd.settings import OnPolicy
from distill.training.opd.teacher import Teacher
from distill.training.opd.writing import Prompt, StudentWriter
from distill.training.steps import device_parts
from distill.training.trainer import StepTrainer
from synth.progress import stage


def written_counts(history: Sequence[Mapping[str, Any]]) -> dict[str, int]:
    """Return, from the log of a training, how many tokens were read (``train_tokens``), and how many
    responses and tokens the student wrote, and how many responses it ended by itself.
    """
    names = {
        "train_tokens": "tokens",
        "written_tokens": "written",
        "written_responses": "responses",
        "ended_responses": "ended",
    }
    return {name: sum(int(entry.get(of, 0)) for entry in history) for name, of in names.items()}


def longest_of(row: Encoded, settings: OnPolicy, limit: int) -> int:
    """Return how many tokens a row may come to have in a step, *limit* at most."""
    written = row.prompt_length + settings.room(row.prompt_length, limit) if settings.on_policy else 0
    return max(len(row.input_ids), written)


class NumberedSteps(Dataset[dict[str, Any]]):
    """The steps of a plan: number and rows, whose tokens are settled when the step is taken."""

    def __init__(self, plan: Sequence[Sequence[int]]) -> None:
        self._plan = plan

    def __len__(self) -> int:
        return len(self._plan)

    def __getitem__(self, step: int) -> dict[str, Any]:
        return {"step": step, "rows": list(self._plan[step])}


class OnPolicyTrainer(StepTrainer):
    """A `StepTrainer` over `NumberedSteps`, in one process.

    What a row's prompt is followed by in a step depends on the student's weights, and on seed, step and row
    alone: a training that goes on from a checkpoint draws the same. The loss is the mean divergence over the
    tokens of a step. The log has ``tokens`` and ``written`` (tokens read, and written by the student, in a
    step) and ``ended`` and ``responses`` (of those written).
    """

    def __init__(
        self,
        *,
        settings: OnPolicy,
        writer: StudentWriter,
        teacher: Teacher,
        encoded: Sequence[Encoded],
        ids: Sequence[str],
        longest: int,
        tokens: int,
        pad: int | None,
        **given: Any,
    ) -> None:
        """Take the rows and their *ids*, the *longest* row, the *tokens* of a part, and the pad token, None
        where rows need no padding.
        """
        super().__init__(**given)
        self._settings, self._writer, self._teacher = settings, writer, teacher
        self._encoded, self._ids = encoded, ids
        self._longest, self._tokens, self._pad = longest, tokens, pad
        self._counts: dict[str, int] = {}

    def training_step(
        self, model: Any, inputs: dict[str, Any], num_items_in_batch: Any = None
    ) -> torch.Tensor:
        """Have the responses written, if the step is one of those, and take the step on them."""
        members = self._members(inputs["step"], inputs["rows"])
        labelled = sum(len(one.labelled) for one in members)
        return super().training_step(model, {"parts": self._parts(members), "labelled": labelled})

    def part_loss(self, logits: torch.Tensor, part: dict[str, torch.Tensor], weight: float) -> torch.Tensor:
        """Return the divergence over the labelled tokens of a part."""
        counted = part["targets"].flatten() != IGNORED
        student = logits.flatten(0, 1)
        student = student if bool(counted.all()) else student[counted]
        teacher = part["teacher"]
        return summed_divergence(student[:, : teacher.shape[1]], teacher, self._settings.beta, weight)

    def log(self, logs: dict[str, float], *more: Any, **named: Any) -> None:
        """Log a step with the counts of its tokens."""
        super().log({**logs, **self._counts} if "loss" in logs else logs, *more, **named)

    def _members(self, step: int, chosen: Sequence[int]) -> list[Encoded]:
        own = [self._encoded[row] for row in chosen]
        self._counts = {"tokens": sum(len(one.input_ids) for one in own), "written": 0}
        if not self._settings.writes(step):
            return own
        prompts = [
            Prompt(
                one.input_ids[: one.prompt_length],
                self._settings.room(one.prompt_length, self._longest),
                f"{self.args.seed} {step} {self._ids[row]}",
            )
            for row, one in zip(chosen, own, strict=True)
        ]
        label = f"step {step + 1} of {self.state.max_steps}: writing {len(prompts)} responses"
        with stage(label, sum(prompt.limit for prompt in prompts), "tokens at most") as shown:
            responses = self._writer.write(prompts, shown.reach)
        members = [
            Encoded([*prompt.ids, *response], len(prompt.ids))
            for prompt, response in zip(prompts, responses, strict=True)
        ]
        self._counts = {
            "tokens": sum(len(one.input_ids) for one in members),
            "written": sum(map(len, responses)),
            "responses": len(responses),
            "ended": sum(response[-1] in self._writer.ends for response in responses),
        }
        return members

    def _parts(self, members: Sequence[Encoded]) -> Iterator[dict[str, Any]]:
        """Yield the parts of a step, each with the teacher's logits (N, V)."""
        lengths = [len(one.input_ids) for one in members]
        (parts,) = device_parts(range(len(members)), lengths, 1, self._tokens)
        for part in parts:
            rows = [members[number] for number in part]
            made = packed(rows) if self._pad is None else padded(rows, self._pad)
            yield {**made, "teacher": self._teacher.logits(rows)}
