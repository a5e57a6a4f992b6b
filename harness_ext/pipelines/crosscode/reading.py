"""Has a crosscoder read rows that it was not fitted on: which features fire where, and whose they are."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch

from distill.crosscoder.activations import PairReader
from distill.crosscoder.crosscoder import Crosscoder, relative_norms
from distill.crosscoder.measures import CrosscoderQuality, QualityTally
from distill.crosscoder.pair import ModelPair
from distill.crosscoder.rows import CrosscodedRow
from distill.crosscoder.saved import SavedCrosscoder
from harness_ext.pipelines.crosscode.token_parts import Masks, token_parts
from synth.progress import each

Numbers = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class RowFirings:
    """Of one row: `token[i]` of its response is where `feature[i]` fires, as strongly as `value[i]`
    (activation times the adapter's decoder norm); `parts` is as `token_parts` gives it.
    """

    row: CrosscodedRow
    parts: Masks
    token: npt.NDArray[np.int32]
    feature: npt.NDArray[np.int32]
    value: npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class CrosscoderReading:
    """What a crosscoder makes of rows: `quality`, `fired`, on how many tokens each feature fires (features),
    `relative`, their relative decoder norms, `error_ratio` and `made_ratio` of `LatentScaling`, `carried`,
    the share of what the adapter changed that each carries, and where they fire, row by row.

    A feature carries its squared activations times ‖adapter's − base's decoder vector‖², as a share of the
    sum over features. An adapter that moves what the base already tells apart has no feature of its own: a
    crosscoder adds the move to the features that are there, since that costs no activation.
    """

    quality: CrosscoderQuality
    fired: npt.NDArray[np.int64]
    relative: Numbers
    error_ratio: Numbers
    made_ratio: Numbers
    carried: Numbers
    rows: list[RowFirings]


class LatentScaling:
    """How much of a feature is in each model, whatever its decoder's norms say (Minder et al. 2025,
    arXiv:2504.02922).

    With f a feature's activations and d its decoder vector for the adapter, β is the scale at which f·d best
    fits what is to be told of a model, by least squares: β = Σ f (d·y) / (Σ f² ‖d‖²). Of what the crosscoder
    leaves unexplained, with the feature's own part put back, y = x − x̂ + f d_model: the ratio of the base's β
    to the adapter's is large where training shrank a base decoder that should be there (complete shrinkage).
    Of what it reconstructs, y = x̂: the ratio is large where other features stand in for it in the base
    (latent decoupling).
    """

    def __init__(self, crosscoder: Crosscoder) -> None:
        self._crosscoder = crosscoder
        decoder = crosscoder.decoder.flatten(2).double().cpu()
        self._decoder = decoder
        features = len(decoder)
        self._power = torch.zeros(features, dtype=torch.float64)
        self._error, self._made = (torch.zeros_like(decoder) for _ in range(2))

    def add(self, x: torch.Tensor, active: torch.Tensor) -> None:
        """Add scaled activations (n, 2, layers, width) and what features make of them (n, features)."""
        made = self._crosscoder.decode(active) - self._crosscoder.decoder_bias
        missed = x - made - self._crosscoder.decoder_bias
        self._power += active.square().sum(0).double().cpu()
        self._error += self._along(active, missed)
        self._made += self._along(active, made)

    def _along(self, active: torch.Tensor, seen: torch.Tensor) -> torch.Tensor:
        """Return the sum over tokens of a feature's activation times what is seen, (features, 2, width)."""
        return (active.T @ seen.flatten(1)).reshape(self._decoder.shape).double().cpu()

    def carried(self) -> Numbers:
        """Return the share of the adapter's change that each feature carries, (features), which sum to 1."""
        change = self._power * (self._decoder[:, 1] - self._decoder[:, 0]).square().sum(1)
        return np.asarray((change / change.sum().clamp_min(1e-300)).numpy(), dtype=np.float64)

    def ratios(self) -> tuple[Numbers, Numbers]:
        """Return, for errors and for reconstructions, β of the base by β of the adapter, (features) each;
        NaN for a feature that never fired, infinite where the adapter's is not above 0.
        """
        own = self._decoder[:, 1]
        overlap = torch.einsum("fmw,fw->fm", self._decoder, own) * self._power[:, None]
        error = torch.einsum("fmw,fw->fm", self._error, own) + overlap
        made = torch.einsum("fmw,fw->fm", self._made, own)
        return _ratio(error, self._power), _ratio(made, self._power)


def _ratio(beta: torch.Tensor, power: torch.Tensor) -> Numbers:
    base, adapter = beta.unbind(1)
    found = torch.where(adapter > 0, base / adapter.clamp_min(1e-300), torch.inf)
    return np.asarray(torch.where(power > 0, found, torch.nan).numpy(), dtype=np.float64)


def read_rows(saved: SavedCrosscoder, pair: ModelPair, rows: Sequence[CrosscodedRow]) -> CrosscoderReading:
    """Have both models read rows, and a crosscoder their activations; tokens that are outliers are left out
    of all that is counted.
    """
    device = pair.model.device
    crosscoder = saved.crosscoder.to(device)
    reader = PairReader(pair.model, saved.layers)
    tally, scaling = QualityTally(crosscoder), LatentScaling(crosscoder)
    strength = crosscoder.decoder[:, 1].flatten(1).norm(dim=1)
    found: dict[int, RowFirings] = {}
    with torch.inference_mode():
        for number, activations in each(reader.read(rows), "reading rows held out", len(rows), "rows"):
            scaled, usual = saved.scale.apply(activations)
            x = scaled[usual]
            active = tally.add(x)
            scaling.add(x, active)
            token, feature = active.nonzero(as_tuple=True)
            value = (active * strength)[token, feature]
            places = usual.nonzero().squeeze(1)
            parts = token_parts(rows[number])
            parts[~usual.cpu().numpy()] = False
            found[number] = RowFirings(
                rows[number],
                parts,
                places[token].cpu().numpy().astype(np.int32),
                feature.cpu().numpy().astype(np.int32),
                value.float().cpu().numpy(),
            )
    error, made = scaling.ratios()
    return CrosscoderReading(
        tally.result(),
        tally.fired.numpy(),
        relative_norms(crosscoder.decoder).double().cpu().numpy(),
        error,
        made,
        scaling.carried(),
        [found[number] for number in range(len(rows))],
    )
