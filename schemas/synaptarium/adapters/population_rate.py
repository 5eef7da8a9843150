"""The population rate of generated recordings: an oscillation with bursts on it, integrated in closed form."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

#: Points at which the inverse of the integral is sampled within a slice, at most this far apart in time.
_STEP_US = 250.0
_MOST_POINTS = 1 << 20


class PopulationRate:
    """A relative rate (1 + depth sin(2 pi f t)) * (gain during bursts, else 1) over [0, stop_us).

    Parameters
    ----------
    stop_us : int
        End of the run.
    oscillation_hz, depth : float
        0 <= depth <= 1.
    burst_starts_us : (n_bursts,) float64
        Ascending, further apart than ``burst_us``.
    burst_us, burst_gain : float
        Length of a burst and its factor, 1 or more.
    """

    def __init__(
        self,
        stop_us: int,
        *,
        oscillation_hz: float,
        depth: float,
        burst_starts_us: NDArray[np.float64],
        burst_us: float,
        burst_gain: float,
    ) -> None:
        self._omega = 2e-6 * np.pi * oscillation_hz
        self._depth = depth if oscillation_hz else 0.0
        self._gain = burst_gain - 1.0
        self._starts_us = burst_starts_us
        self._stops_us = burst_starts_us + burst_us
        areas = self._calm(self._stops_us) - self._calm(self._starts_us)
        self._areas_before = np.concatenate([[0.0], np.cumsum(areas)])
        self._total = float(self._integral(np.array([float(stop_us)]))[0])

    def share(self, times_us: NDArray[np.int64]) -> NDArray[np.float64]:
        """Return the part (0 to 1) of all events that lies before each time."""
        return self._integral(times_us.astype(np.float64)) / self._total

    def times(self, start_us: int, stop_us: int, bits: int) -> NDArray[np.uint64]:
        """Return the (2^bits + 1,) times since ``start_us`` that cut [start_us, stop_us) into equal parts of events."""
        points = min(_MOST_POINTS, max(1024, int((stop_us - start_us) / _STEP_US)))
        grid_us = np.linspace(start_us, stop_us, points + 1)
        integral = self._integral(grid_us)
        wanted = np.linspace(integral[0], integral[-1], (1 << bits) + 1)
        times_us = np.floor(np.interp(wanted, integral, grid_us - start_us)).astype(np.uint64)
        # Rounding may lift the last part's begin to the end, which belongs to the next slice.
        np.minimum(times_us[:-1], np.uint64(stop_us - start_us - 1), out=times_us[:-1])
        return times_us

    def _calm(self, times_us: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the integral of the oscillation alone from 0."""
        if not self._depth:
            return times_us
        return times_us + self._depth * (1.0 - np.cos(self._omega * times_us)) / self._omega

    def _integral(self, times_us: NDArray[np.float64]) -> NDArray[np.float64]:
        calm = self._calm(times_us)
        if not self._starts_us.size:
            return calm
        begun = np.searchsorted(self._starts_us, times_us, side="right")
        last = np.maximum(begun - 1, 0)
        # Of the burst that began last, only what lies before the time.
        within = self._calm(np.minimum(times_us, self._stops_us[last])) - self._calm(self._starts_us[last])
        return calm + self._gain * (self._areas_before[last] + np.where(begun > 0, within, 0.0))
