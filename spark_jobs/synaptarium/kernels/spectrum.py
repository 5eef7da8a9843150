"""Power spectrum of a population's activity."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

F64 = NDArray[np.float64]


def welch_psd(signal: F64, *, sampling_period_us: float, segment: int) -> tuple[F64, F64]:
    """Estimate the power spectral density by Welch's method.

    Parameters
    ----------
    signal : (n,) float64
        Evenly sampled, without NaN.
    sampling_period_us : float
        Time between samples.
    segment : int
        Samples of a segment, 2 at least and n at most; segments overlap by half.

    Returns
    -------
    frequency_hz : (segment // 2 + 1,) float64
        From 0 to half the sampling rate.
    psd : (segment // 2 + 1,) float64
        One-sided density, in the signal's unit squared by Hz.

    Raises
    ------
    ValueError
        The segment is shorter than 2 samples or longer than the signal.

    Notes
    -----
    As ``elephant.spectral.welch_psd`` and ``scipy.signal.welch``: periodic Hann window, each segment's mean taken off,
    half a segment of overlap, mean over segments. Welch, IEEE Trans. Audio Electroacoust. 1967,
    doi:10.1109/TAU.1967.1161901.

    Examples
    --------
    >>> t = np.arange(64) / 64
    >>> frequency, psd = welch_psd(np.sin(2 * np.pi * 8 * t), sampling_period_us=1e6 / 64, segment=64)
    >>> float(frequency[np.argmax(psd)])
    8.0
    """
    n = len(signal)
    if not 2 <= segment <= n:
        raise ValueError(f"a segment of {segment} samples of a signal of {n}")
    window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(segment) / segment)
    starts = np.arange(0, n - segment + 1, segment - segment // 2)
    rows = signal[starts[:, None] + np.arange(segment)]
    rows = (rows - rows.mean(axis=1, keepdims=True)) * window
    rate_hz = 1e6 / sampling_period_us
    power = (np.abs(np.fft.rfft(rows, axis=1)) ** 2).mean(axis=0) / (rate_hz * (window**2).sum())
    # Both signs of a frequency are one, but for 0 and, of an even number of samples, the highest.
    power[1 : len(power) - (segment % 2 == 0)] *= 2
    return np.fft.rfftfreq(segment, 1 / rate_hz).astype(np.float64), power
