"""Spike trains to compare with Elephant: generated ones always, those of real recordings where they are at hand."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import h5py
import neo
import numpy as np
import pytest
import quantities as pq
from numpy.typing import NDArray

I64 = NDArray[np.int64]

RECORDINGS = os.environ.get("SYNAPTARIUM_RECORDINGS", "")


@dataclass(frozen=True)
class Trains:
    """Spike times of some neurons, sorted, within a span; the bins are whole steps of the simulator."""

    times_us: list[I64]
    t_start_us: int
    t_stop_us: int
    bin_us: int

    def neo(self) -> list[neo.SpikeTrain]:
        """The same for Elephant, in milliseconds."""
        return [
            neo.SpikeTrain(
                times / 1000, units=pq.ms, t_start=self.t_start_us / 1000, t_stop=self.t_stop_us / 1000
            )
            for times in self.times_us
        ]

    def merged(self) -> tuple[I64, I64]:
        """Times of all spikes in order, and the neuron of each."""
        times = np.concatenate(self.times_us)
        neuron = np.repeat(np.arange(len(self.times_us)), [len(one) for one in self.times_us])
        order = np.argsort(times, kind="stable")
        return times[order], neuron[order]

    def counts(self) -> I64:
        """Spikes per neuron and bin."""
        n = (self.t_stop_us - self.t_start_us) // self.bin_us
        return np.array(
            [
                np.bincount((times - self.t_start_us) // self.bin_us, minlength=n)[:n]
                for times in self.times_us
            ]
        )


def generated() -> Trains:
    """Twelve neurons on a grid of 0.1 ms for 4 s: Poisson, regular, bursting, and one copy with a delay."""
    random = np.random.default_rng(7)
    trains = [np.sort(random.choice(39_000, n, replace=False)) for n in (400, 300, 200, 90, 40, 12, 5, 3)]
    trains.append(np.arange(50, 39_000, 250))
    trains.append(np.sort(np.concatenate([np.arange(k, k + 40, 4) for k in range(200, 38_000, 2500)])))
    trains.append(trains[0] + 30)
    trains.append(np.array([17], np.int64))
    return Trains([train.astype(np.int64) * 100 + 50 for train in trains], 0, 4_000_000, 5_000)


def nest() -> Trains:
    """Thirty neurons of layer 4E of the microcircuit, those that spike most."""
    with h5py.File(Path(RECORDINGS) / "nest_microcircuit" / "recording.h5") as run:
        group = run["populations/L4E"]
        ids = np.asarray(group["senders"]) - int(group.attrs["first_id"])
        times = np.round(np.asarray(group["times"]) * 1000).astype(np.int64)
    busiest = np.argsort(-np.bincount(ids), kind="stable")[:30]
    # Steps end at the grid's points; half a step off them no bin's border is met.
    return Trains([np.sort(times[ids == one]) - 50 for one in busiest], 0, 1_200_000, 5_000)


def brian2() -> Trains:
    """Thirty pixels of the input layer over 4 s of digits, those that spike most."""
    with h5py.File(Path(RECORDINGS) / "brian2_dc_mnist" / "recording.h5") as run:
        group = run["spikes/input"]
        times = np.round(np.asarray(group["t"]) * 1e6).astype(np.int64)
        ids = np.asarray(group["i"])
    kept = times < 4_000_000
    times, ids = times[kept], ids[kept]
    busiest = np.argsort(-np.bincount(ids), kind="stable")[:30]
    return Trains([np.sort(times[ids == one]) + 250 for one in busiest], 0, 4_000_000, 5_000)


needs_recordings = pytest.mark.skipif(not RECORDINGS, reason="SYNAPTARIUM_RECORDINGS is not set")

ALL = [
    pytest.param(generated, id="generated"),
    pytest.param(nest, id="nest_microcircuit", marks=needs_recordings),
    pytest.param(brian2, id="brian2_dc_mnist", marks=needs_recordings),
]
