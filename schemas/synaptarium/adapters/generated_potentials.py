"""Membrane potentials of generated recordings: each spike resets its neuron, which then climbs towards its rest."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import pairwise

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from synaptarium.adapters.base import BATCH_ROWS
from synaptarium.adapters.draws import mixed, unit
from synaptarium.adapters.generation import Generation
from synaptarium.schemas.events import SCHEMAS
from synaptarium.schemas.recording import PotentialStream

VARIABLE, UNIT = "v", "mV"
REST_MV, RESET_MV, TAU_US = -55.0, -70.0, 20_000.0
#: Half the width of the noise on each value.
NOISE_MV = 1.0
#: After so long a spike has moved the potential by less than the noise of 16 bits: what lies before needs no look.
MEMORY_US = round(12 * TAU_US)


def recorded_neurons(neurons: int, wanted: int) -> NDArray[np.uint32]:
    """Return which neurons of a layer are recorded: ``wanted`` at most, evenly spread, (n,) uint32.

    Examples
    --------
    >>> recorded_neurons(10, 4).tolist()
    [0, 2, 5, 7]
    """
    n = min(neurons, wanted)
    return (np.arange(n, dtype=np.int64) * neurons // max(1, n)).astype(np.uint32)


def potential_streams(given: Generation) -> tuple[PotentialStream, ...]:
    """Return what is recorded of each layer."""
    return tuple(
        PotentialStream(
            variable=VARIABLE,
            layer=layer.name,
            unit=UNIT,
            n_recorded=min(given.potentials, layer.neurons),
            sampling_period_us=given.sampling_us,
        )
        for layer in given.layers
        if given.potentials
    )


def read_potentials(
    given: Generation,
    start_us: int,
    stop_us: int,
    spikes: Callable[[int, int], Iterator[pa.RecordBatch]],
) -> Iterator[pa.RecordBatch]:
    """Yield the potentials of a half-open range in time order; ``spikes`` reads those of any range."""
    neurons = np.concatenate(
        [layer.offset + recorded_neurons(layer.neurons, given.potentials) for layer in given.layers]
    ).astype(np.uint32)
    schema = pa.schema([SCHEMAS["spikes"].field(name) for name in ("time_us", "neuron")])
    first, last = -(-start_us // given.sampling_us), -(-stop_us // given.sampling_us)
    for begin in range(first, last, step := max(1, BATCH_ROWS // len(neurons))):
        samples = np.arange(begin, min(begin + step, last), dtype=np.int64)
        times_us = samples * given.sampling_us
        before_us = max(0, int(times_us[0]) - MEMORY_US)
        fired = pa.Table.from_batches(spikes(before_us, int(times_us[-1]) + 1), schema=schema)
        value = generated_potentials(
            samples,
            neurons,
            fired["time_us"].to_numpy(),
            fired["neuron"].to_numpy(),
            sampling_us=given.sampling_us,
            seed=given.seed,
        )
        columns = [np.repeat(times_us, len(neurons)), np.tile(neurons, len(samples)), value.reshape(-1)]
        yield pa.record_batch([pa.array(one) for one in columns], schema=SCHEMAS["potentials"])


def generated_potentials(
    samples: NDArray[np.int64],
    neurons: NDArray[np.uint32],
    spike_times_us: NDArray[np.int64],
    spike_neurons: NDArray[np.uint32],
    *,
    sampling_us: int,
    seed: int,
) -> NDArray[np.float32]:
    """Return the membrane potential of neurons at their samples, in mV.

    A neuron lies at ``RESET_MV`` at a spike and comes nearer to ``REST_MV`` by a factor of e in every ``TAU_US``, beside a
    noise that depends on the seed, the neuron and the sample alone: any moment is as it is in the whole run.

    Parameters
    ----------
    samples : (n_samples,) int64
        Numbers of the samples; sample k is at ``k * sampling_us``. Ascending.
    neurons : (n_neurons,) uint32
        Global indices, ascending.
    spike_times_us, spike_neurons : (n_spikes,) int64, (n_spikes,) uint32
        Spikes of any neurons in the order of time, from ``MEMORY_US`` before the first sample to the last.
    sampling_us, seed : int
        Microseconds between two samples; what the noise is drawn from.

    Returns
    -------
    (n_samples, n_neurons) float32
    """
    value = np.full((len(samples), len(neurons)), REST_MV)
    times_us = samples * sampling_us
    place = np.searchsorted(neurons, spike_neurons)
    mine = neurons[np.minimum(place, len(neurons) - 1)] == spike_neurons
    order = np.argsort(place[mine], kind="stable")
    times_of, place = spike_times_us[mine][order], place[mine][order]
    starts = np.searchsorted(place, np.arange(len(neurons) + 1))
    for number, (start, stop) in enumerate(pairwise(starts.tolist())):
        if start == stop:
            continue
        before = np.searchsorted(times_of[start:stop], times_us, side="right")
        since_us = times_us - times_of[start + np.maximum(before - 1, 0)]
        pulled = np.exp(-np.maximum(since_us, 0) / TAU_US) * (RESET_MV - REST_MV)
        value[:, number] += np.where((before > 0) & (since_us <= MEMORY_US), pulled, 0.0)
    drawn = samples.astype(np.uint64)[:, None] << np.uint64(32) | neurons.astype(np.uint64)[None, :]
    noise = unit(mixed(mixed(drawn) + np.uint64(seed * 0x9E3779B1 % 2**63)))
    return (value + NOISE_MV * (2.0 * noise - 1.0)).astype(np.float32)
