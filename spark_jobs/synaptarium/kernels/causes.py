"""Which presynaptic spikes led to a spike: weight times the part of a postsynaptic potential that is left of each."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

F64 = NDArray[np.float64]
I64 = NDArray[np.int64]


def contributions(
    spike_us: int,
    arrival_us: I64,
    weights: F64,
    *,
    tau_us: float,
) -> F64:
    """Return how much each presynaptic spike contributes to the drive of a neuron at a moment.

    Parameters
    ----------
    spike_us : int
        The moment: that of the postsynaptic spike.
    arrival_us : (n,) int64
        When each presynaptic spike arrives, its delay included.
    weights : (n,) float64
        Of the synapses, at the moment.
    tau_us : float
        Time constant with which a postsynaptic potential decays.

    Returns
    -------
    (n,) float64
        weight exp(-(moment - arrival) / tau), in the unit of the weights; 0 for what arrives later.

    Notes
    -----
    The input term of the spike response model with an exponential kernel, as of a leaky integrate-and-fire neuron with
    current pulses: Gerstner, Phys. Rev. E 1995, doi:10.1103/PhysRevE.51.738. Resets, conductances and saturation are left out.

    Examples
    --------
    >>> contributions(20_000, np.array([20_000, 10_000, 21_000]), np.array([1.0, 2.0, 5.0]), tau_us=10_000.0).round(4)
    array([1.    , 0.7358, 0.    ])
    """
    ago_us = spike_us - arrival_us
    return np.where(ago_us >= 0, weights * np.exp(-np.maximum(ago_us, 0) / tau_us), 0.0)


def drive(moments_us: I64, arrival_us: I64, weights: F64, *, tau_us: float) -> F64:
    """Return the summed contributions at several moments, ascending.

    Parameters
    ----------
    moments_us : (n_moments,) int64
        Ascending.
    arrival_us, weights, tau_us :
        As of :func:`contributions`.

    Returns
    -------
    (n_moments,) float64

    Examples
    --------
    >>> drive(np.array([0, 10_000]), np.array([0, 10_000]), np.array([1.0, 1.0]), tau_us=10_000.0).round(4)
    array([1.    , 1.3679])
    """
    place = np.searchsorted(moments_us, arrival_us)
    inside = place < len(moments_us)
    place, arrival_us, weights = place[inside], arrival_us[inside], weights[inside]
    jumps = np.zeros(len(moments_us))
    np.add.at(jumps, place, weights * np.exp(-(moments_us[place] - arrival_us) / tau_us))
    total = 0.0
    before = 0
    found = np.empty(len(moments_us))
    for at, moment in enumerate(moments_us.tolist()):
        total = total * float(np.exp(-(moment - before) / tau_us)) + jumps[at] if at else float(jumps[0])
        found[at], before = total, moment
    return found
