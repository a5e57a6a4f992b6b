"""Sorts features by whose they are: the base's, the adapter's, or both models'."""

import numpy as np
import numpy.typing as npt

from harness_ext.pipelines.crosscode.reading import CrosscoderReading

CLASSES = ("base only", "more base", "shared", "more adapter", "unconfirmed", "new")
"""By relative decoder norm: below 0.1, to 0.4, to 0.6, to 0.9, above. Of the last, those are `new` that pass
the check by latent scaling; the others are `unconfirmed`.
"""
EDGES = (0.1, 0.4, 0.6, 0.9)
MOST_ERROR, MOST_MADE = 0.2, 0.5
"""The largest ratios of a new feature in errors and in reconstructions (Minder et al. 2025)."""


def classes_of(reading: CrosscoderReading) -> npt.NDArray[np.int64]:
    """Return the class of each feature, an index into `CLASSES`; -1 for one that never fired."""
    found = np.digitize(reading.relative, EDGES)
    new = (found == len(EDGES)) & (reading.error_ratio < MOST_ERROR) & (reading.made_ratio < MOST_MADE)
    found = np.where(new, CLASSES.index("new"), found)
    return np.asarray(np.where(reading.fired > 0, found, -1), dtype=np.int64)
