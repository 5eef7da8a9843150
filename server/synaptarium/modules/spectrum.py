"""The power spectrum of a signal, for the panels that show one."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from synaptarium.kernels.spectrum import welch_psd
from synaptarium.schemas.panels import Column

#: Samples of a segment at most; of a shorter signal all, but for fewer than the least there is no spectrum.
SEGMENT, LEAST_SAMPLES = 1024, 16


def add_spectrum(
    columns: dict[str, Column], signal: NDArray[np.float64], *, sampling_period_us: float
) -> int:
    """Add ``spectrum.hz`` and ``spectrum.psd``, which are empty where the signal is too short.

    Parameters
    ----------
    columns : dict of str to column
        Of the panels.
    signal : (n,) float64
        Without gaps.
    sampling_period_us : float
        Between two samples.

    Returns
    -------
    int
        Samples of a segment; fewer than ``LEAST_SAMPLES`` where there is no spectrum.
    """
    segment = min(SEGMENT, len(signal))
    hz, psd = np.empty(0), np.empty(0)
    if segment >= LEAST_SAMPLES:
        hz, psd = welch_psd(signal, sampling_period_us=sampling_period_us, segment=segment)
    # The mean was taken off: what is left at 0 Hz tells nothing.
    columns["spectrum.hz"], columns["spectrum.psd"] = hz[1:], psd[1:]
    return segment
