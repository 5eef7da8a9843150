"""Recordings small enough to check by hand or by a naive replay."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from synaptarium.schemas.events import SCHEMAS, EventKind
from synaptarium.schemas.recording import Header, Layer, PotentialStream, Projection, Recording, Source
from synaptarium.store import recordings
from synaptarium.store.database import Store

Columns = Mapping[str, NDArray[np.generic]]


@dataclass
class Run:
    """A made-up run: a header and its event columns by (kind, stream)."""

    header: Header
    events: dict[tuple[EventKind, str], dict[str, NDArray[np.generic]]] = field(default_factory=dict)

    def stored(self, store: Store) -> Recording:
        """Write it as a finished recording."""
        recording = recordings.create(store, self.header, status="open")
        for (kind, stream), columns in self.events.items():
            recordings.append(store, recording.id, kind, stream, batch_of(kind, columns))
        return recordings.close(store, recording.id)


def batch_of(kind: EventKind, columns: Columns) -> pa.RecordBatch:
    """Return event columns as a batch; a NaN weight is a null (pruned)."""
    fields = [SCHEMAS[kind].field(name) for name in columns]
    arrays = [pa.array(columns[f.name], f.type, from_pandas=f.nullable and f.name == "value") for f in fields]
    return pa.record_batch(arrays, schema=pa.schema(fields))


def header_of(
    sizes: Mapping[str, int],
    *,
    bin_us: int = 1000,
    t_stop_us: int = 1_000_000,
    t_start_us: int = 0,
    projections: tuple[Projection, ...] = (),
    potentials: tuple[PotentialStream, ...] = (),
) -> Header:
    """Return a header of flat layers."""
    layers: list[Layer] = []
    for name, neurons in sizes.items():
        offset = layers[-1].offset + layers[-1].neurons if layers else 0
        layers.append(Layer(name=name, neurons=neurons, shape=(neurons,), offset=offset))
    return Header(
        name="made up",
        bin_us=bin_us,
        t_start_us=t_start_us,
        t_stop_us=t_stop_us,
        layers=tuple(layers),
        projections=projections,
        potentials=potentials,
        source=Source(format="arrays"),
    )


def learning_run(
    *,
    seconds: float = 4.0,
    bin_us: int = 1000,
    n_spikes: int = 20_000,
    n_weights: int = 3_000,
    seed: int = 0,
    t_start_us: int = 0,
) -> Run:
    """Return a run with two layers, a plastic and a silent projection, and potentials of some neurons."""
    rng = np.random.default_rng(seed)
    stop_us = t_start_us + int(seconds * 1e6)
    header = header_of(
        {"In put.ä": 130, "one": 1, "Out": 70},
        bin_us=bin_us,
        t_start_us=t_start_us,
        t_stop_us=stop_us,
        projections=(
            Projection(name="in→out", source="In put.ä", target="Out", kind="explicit", synapses=500, target_neurons=70),
            Projection(name="fixed", source="one", target="Out", kind="explicit", synapses=70, target_neurons=70),
        ),
        potentials=(
            PotentialStream(variable="v", unit="mV", layer="Out", n_recorded=5, sampling_period_us=10_000),
            PotentialStream(variable="v", unit="mV", layer="one", n_recorded=1, sampling_period_us=10_000),
        ),
    )

    def times(n: int) -> NDArray[np.int64]:
        return np.sort(rng.integers(t_start_us, stop_us, n))

    spike_times = times(n_spikes)
    spike_times[-1] = stop_us - 1
    first = rng.normal(0.5, 0.1, 500)
    sample_times = np.arange(t_start_us, stop_us, 10_000)
    recorded = np.array([130, 131, 133, 150, 170, 200])
    weight_times, synapse = times(n_weights), rng.integers(0, 500, n_weights)
    value = rng.normal(0.5, 0.2, n_weights)
    value[rng.random(n_weights) < 0.02] = np.nan
    run = Run(header)
    run.events["spikes", ""] = {
        "time_us": spike_times,
        "neuron": rng.integers(0, 201, n_spikes).astype(np.uint32),
        "count": rng.choice([1, 1, 1, 1, 3], n_spikes).astype(np.uint16),
    }
    run.events["weights", "in→out"] = {
        "time_us": np.concatenate([np.full(500, t_start_us), weight_times]),
        "synapse": np.concatenate([np.arange(500), synapse]).astype(np.uint32),
        "value": np.concatenate([first, value]).astype(np.float32),
    }
    run.events["potentials", "v"] = {
        "time_us": np.repeat(sample_times, len(recorded)),
        "neuron": np.tile(recorded, len(sample_times)).astype(np.uint32),
        "value": rng.normal(-60, 5, len(sample_times) * len(recorded)).astype(np.float32),
    }
    return run
