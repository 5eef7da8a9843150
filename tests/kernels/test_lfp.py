"""The weighted sum agrees with the formula written out in numpy."""

from __future__ import annotations

import numpy as np
from numpy.testing import assert_allclose

from synaptarium.kernels.lfp import synaptic_current, weighted_sum_lfp


def kernel(bin_us: int, rise_us: float, decay_us: float, n: int) -> np.ndarray:
    """Mean of the biexponential in each bin, by a fine midpoint rule."""
    t = (np.arange(n * 2000) + 0.5) * (bin_us / 2000)
    fine = (np.exp(-t / decay_us) - np.exp(-t / rise_us)) / (decay_us - rise_us)
    return fine.reshape(n, 2000).sum(axis=1) * (bin_us / 2000)


def test_current_is_the_convolution_with_the_kernel() -> None:
    counts = np.random.default_rng(1).poisson(0.3, 500)

    for bin_us in (100, 1000):
        found = synaptic_current(counts, bin_us=bin_us, rise_us=250, decay_us=5000)

        wanted = np.convolve(counts, kernel(bin_us, 250, 5000, 500))[:500]
        assert_allclose(found, wanted, rtol=0, atol=2e-6)


def test_current_keeps_the_charge_of_a_spike() -> None:
    counts = np.zeros(2000)
    counts[3] = 7

    assert_allclose(synaptic_current(counts, bin_us=1000, rise_us=400, decay_us=2000).sum(), 7, rtol=1e-9)


def test_weighted_sum_delays_excitation_by_6_ms() -> None:
    random = np.random.default_rng(2)
    excitatory, inhibitory = random.random(400), random.random(400)

    found = weighted_sum_lfp(excitatory, inhibitory, bin_us=500)

    raw = excitatory[:-12] + 1.65 * inhibitory[12:]
    assert np.isnan(found[:12]).all()
    assert_allclose(found[12:], (raw - raw.mean()) / raw.std(), rtol=1e-9)


def test_weighted_sum_of_nothing_is_unknown() -> None:
    assert np.isnan(weighted_sum_lfp(np.zeros(50), np.zeros(50), bin_us=1000)).all()
    assert len(weighted_sum_lfp(np.zeros(0), np.zeros(0), bin_us=1000)) == 0
    assert np.isnan(weighted_sum_lfp(np.ones(3), np.ones(3), bin_us=1000)).all()
