"""Random numbers from raw bits: the same with every numpy, which the methods of its Generator need not be."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

#: A time is drawn as one of 2^TIME_BITS equally likely parts and 18 bits within it.
TIME_BITS = 14
_PART_BITS = 18


def below(bits: NDArray[np.uint64], n: int) -> NDArray[np.uint64]:
    """Return 32 random bits each as a number below n."""
    return (bits * np.uint64(n)) >> np.uint64(32)


def mixed(number: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Return each number's bits mixed: the finaliser of SplitMix64 (Steele et al. 2014, 10.1145/2660193.2660195)."""
    number = (number + np.uint64(1)) * np.uint64(0x9E3779B97F4A7C15)
    number = (number ^ (number >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    number = (number ^ (number >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return number ^ (number >> np.uint64(31))


def unit(raw: NDArray[np.uint64]) -> NDArray[np.float64]:
    """Return 64 random bits each as a number in [0, 1)."""
    return (raw >> np.uint64(11)).astype(np.float64) * 2.0**-53


def normal(random: np.random.PCG64DXSM, n: int) -> NDArray[np.float64]:
    """Return normal numbers by Box and Muller, from raw bits."""
    half = (n + 1) // 2
    radius = np.sqrt(-2.0 * np.log1p(-unit(random.random_raw(half))))
    angle = 2.0 * np.pi * unit(random.random_raw(half))
    return np.concatenate([radius * np.cos(angle), radius * np.sin(angle)])[:n]


def keys_of(
    times_us: NDArray[np.uint64], bits: NDArray[np.uint64], ids: NDArray[np.uint32] | NDArray[np.uint64]
) -> NDArray[np.uint64]:
    """Return (time in the slice << 32) | id; the time comes from the leading bits."""
    slot = (bits >> np.uint64(64 - TIME_BITS)).astype(np.intp)
    fraction = (bits >> np.uint64(64 - TIME_BITS - _PART_BITS)) & np.uint64((1 << _PART_BITS) - 1)
    low = times_us[slot]
    time_us = low + (((times_us[slot + 1] - low) * fraction) >> np.uint64(_PART_BITS))
    return (time_us << np.uint64(32)) | ids
