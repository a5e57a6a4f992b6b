"""The loss is the published definition, in any format and in any number of pieces."""

import math

import pytest
import torch

from distill.training.opd import divergence
from distill.training.opd.divergence import summed_divergence
from tests.devices import DEVICES

# Student (1/2, 1/4, 1/4) and teacher (1/4, 1/4, 1/2).
STUDENT = torch.tensor([[2.0, 1.0, 1.0]], dtype=torch.float64).log()
TEACHER = torch.tensor([[1.0, 1.0, 2.0]], dtype=torch.float64).log()


def by_definition(student: torch.Tensor, teacher: torch.Tensor, beta: float) -> torch.Tensor:
    """Equation 1 of arXiv:2306.13649, summed over tokens, and its two limits."""
    s, t = student.softmax(-1), teacher.softmax(-1)
    if beta == 0:
        return (t * (t / s).log()).sum()
    if beta == 1:
        return (s * (s / t).log()).sum()
    mixed = beta * t + (1 - beta) * s
    return beta * (t * (t / mixed).log()).sum() + (1 - beta) * (s * (s / mixed).log()).sum()


@pytest.mark.parametrize(
    ("beta", "value"),
    [
        (0.0, math.log(2) / 4),  # 1/4 ln 1/2 + 0 + 1/2 ln 2
        (1.0, math.log(2) / 4),
        (0.5, 0.5 * math.log(4 / 3) + 0.25 * math.log(2 / 3)),  # each of M's outer shares is 3/8
        # M = (7/16, 4/16, 5/16)
        (
            0.25,
            0.25 * (0.25 * math.log(4 / 7) + 0.5 * math.log(8 / 5))
            + 0.75 * (0.5 * math.log(8 / 7) + 0.25 * math.log(4 / 5)),
        ),
    ],
)
def test_values_computed_by_hand(beta: float, value: float) -> None:
    assert summed_divergence(STUDENT, TEACHER, beta).item() == pytest.approx(value, abs=1e-14)
    assert summed_divergence(STUDENT + 3, TEACHER - 2, beta, 0.5).item() == pytest.approx(value / 2)
    assert summed_divergence(TEACHER, TEACHER + 7, beta).item() == pytest.approx(0, abs=1e-14)


@pytest.mark.parametrize("rows", [1, 3, 100])
@pytest.mark.parametrize("beta", [0.0, 0.1, 0.5, 0.9, 1.0])
def test_value_and_gradient_are_those_of_the_definition(
    beta: float, rows: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(divergence._ROWS, "cpu", rows)
    generator = torch.Generator().manual_seed(0)
    student, teacher = (torch.randn(20, 50, generator=generator, dtype=torch.float64) * 4 for _ in range(2))
    student.requires_grad_()
    found, wanted = 2 * summed_divergence(student, teacher, beta, 0.3), by_definition(student, teacher, beta)
    torch.testing.assert_close(found, 0.6 * wanted, rtol=1e-12, atol=0)
    (ours,), (theirs,) = torch.autograd.grad(found, student), torch.autograd.grad(0.6 * wanted, student)
    torch.testing.assert_close(ours, theirs, rtol=1e-10, atol=1e-14)


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("beta", [0.0, 0.5, 1.0])
def test_other_formats_are_summed_in_float32(beta: float, device: str) -> None:
    generator = torch.Generator().manual_seed(1)
    student, teacher = (torch.randn(30, 70, generator=generator).to(torch.bfloat16) for _ in range(2))
    there = student.to(device).requires_grad_()
    found = summed_divergence(there, teacher.to(device), beta)
    assert found.dtype == torch.float32
    exact = student.double().requires_grad_()
    wanted = by_definition(exact, teacher.double(), beta)
    assert found.item() == pytest.approx(wanted.item(), rel=1e-5)
    (ours,) = torch.autograd.grad(found, there)
    assert ours.dtype == torch.bfloat16
    torch.testing.assert_close(
        ours.cpu().double(), torch.autograd.grad(wanted, exact)[0], rtol=1e-2, atol=1e-4
    )
