"""Generated recordings of any size: any moment is computed from the seed, nothing is held.

Spikes are Poisson-like given a population rate that oscillates and bursts; rates are lognormal across a layer's
neurons. Weights drift from their first value to their last with a little noise. Potentials follow the spikes. No refractory
time is kept.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterator
from functools import cached_property
from itertools import pairwise

import msgspec
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from synaptarium.adapters.base import BATCH_ROWS, Adapter, NeuronLabels, Synapses
from synaptarium.adapters.checks import known
from synaptarium.adapters.draws import TIME_BITS, below, keys_of, mixed, normal, unit
from synaptarium.adapters.generated_potentials import (
    VARIABLE,
    potential_streams,
    read_potentials,
    recorded_neurons,
)
from synaptarium.adapters.generation import Generation
from synaptarium.adapters.population_rate import PopulationRate
from synaptarium.schemas.events import SCHEMAS, EventKind
from synaptarium.schemas.recording import (
    Counts,
    Header,
    Projection,
    Source,
    check_header,
    find_layer,
    find_projection,
)

#: Events of one slice: 8 MiB of keys.
SLICE_EVENTS = 1 << 20
#: Slots of a layer's rate table per neuron: rates are multiples of a quarter of the layer's mean.
_SLOTS = 4
#: Grows when the same parameters give other data.
_VERSION = 1
#: Numbers that keep the random streams of one seed apart.
_RATES, _SPIKES, _SYNAPSES, _WEIGHTS, _STIMULI, _BURSTS = range(6)
_N_CLASSES = 10


class GeneratedSource:
    """A generated recording as an :class:`~synaptarium.adapters.base.EventSource`.

    Parameters
    ----------
    generation : Generation
        Everything that decides the data.

    Notes
    -----
    The run is cut into slices of about ``SLICE_EVENTS`` events, each with a random stream of its own, so any time is
    read without what lies before it. A slice is drawn as (time, id) keys of 64 bits and sorted: no index sort.
    Every layer has exactly the spikes that ``counts`` tells.
    """

    def __init__(self, generation: Generation) -> None:
        self._given = generation
        self._stop_us = round(generation.seconds * 1e6)
        self._rate = PopulationRate(
            self._stop_us,
            oscillation_hz=generation.oscillation_hz,
            depth=generation.depth,
            burst_starts_us=self._burst_starts_us(),
            burst_us=generation.burst_ms * 1e3,
            burst_gain=generation.burst_gain,
        )
        self._spikes_of = self._split_spikes()
        self._tables: dict[int, NDArray[np.uint32]] = {}

    @cached_property
    def _header(self) -> Header:
        given = self._given
        changes = f", {given.weights:,} weight changes" if given.weights else ""
        return check_header(
            Header(
                name=given.name,
                bin_us=given.bin_us,
                t_start_us=0,
                t_stop_us=self._stop_us,
                layers=given.layers,
                projections=self._projections,
                potentials=potential_streams(given),
                classes=tuple(str(one) for one in range(_N_CLASSES)) if given.stimuli else (),
                source=Source(
                    format="generated",
                    details={
                        "seed": str(given.seed),
                        "made of": f"{sum(self._spikes_of):,} spikes{changes}",
                        "population rate": f"oscillates at {given.oscillation_hz:g} Hz (depth {given.depth:g}), "
                        f"bursts {given.bursts_hz:g} times a second ({given.burst_ms:g} ms, x {given.burst_gain:g})",
                    },
                    notes=("synthetic: no network was simulated",),
                ),
            )
        )

    def describe(self) -> Header:
        return self._header

    def counts(self) -> Counts:
        return Counts(
            spikes={layer.name: n for layer, n in zip(self._given.layers, self._spikes_of, strict=True)},
            weights={
                one.name: one.synapses + n for one, n in zip(self._projections, self._changes_of, strict=True)
            },
            potentials={
                f"{one.variable}/{one.layer}": one.n_recorded * self._n_samples
                for one in self._header.potentials
            },
            stimuli=self._given.stimuli,
        )

    def read(
        self, kind: EventKind, stream: str = "", t_start_us: int | None = None, t_stop_us: int | None = None
    ) -> Iterator[pa.RecordBatch]:
        start_us = 0 if t_start_us is None else max(0, t_start_us)
        stop_us = self._stop_us if t_stop_us is None else min(self._stop_us, t_stop_us)
        if kind == "potentials":
            known(stream, {one.variable for one in self._header.potentials}, "recorded variable", "stream")
            yield from read_potentials(self._given, start_us, stop_us, self._read_spikes)
        if kind == "spikes":
            yield from self._read_spikes(start_us, stop_us)
        elif kind == "weights":
            yield from self._read_weights(find_projection(self._header, stream), start_us, stop_us)
        elif kind == "stimuli":
            yield from self._read_stimuli(start_us, stop_us)

    def positions(self, layer: str) -> NDArray[np.float32] | None:
        find_layer(self._header, layer)
        return None

    def recorded(self, layer: str, variable: str) -> NDArray[np.uint32]:
        recorded = self._given.potentials if variable == VARIABLE else 0
        return recorded_neurons(find_layer(self._header, layer).neurons, recorded)

    def labels(self, layer: str) -> NeuronLabels | None:
        find_layer(self._header, layer)
        return None

    def synapses(self, projection: str) -> Synapses:
        one = find_projection(self._header, projection)
        source = find_layer(self._header, one.source)
        raw = self._random(_SYNAPSES, self._projections.index(one)).random_raw(one.synapses)
        pre = below(raw >> np.uint64(32), source.neurons)
        post = np.repeat(np.arange(one.target_neurons, dtype=np.uint32), self._given.fan_in)
        return pre.astype(np.uint32), post, None

    def fingerprint(self) -> str:
        parameters = msgspec.json.encode([_VERSION, SLICE_EVENTS, msgspec.to_builtins(self._given)])
        return hashlib.blake2b(parameters, digest_size=16).hexdigest()

    # -- how much of what ------------------------------------------------------------------------------------

    def _split_spikes(self) -> list[int]:
        given = self._given
        rates = given.rates_hz * (len(given.layers) if len(given.rates_hz) == 1 else 1)
        wanted = np.array([layer.neurons * rate for layer, rate in zip(given.layers, rates, strict=True)])
        if given.spikes is None:
            return [round(one) for one in wanted * given.seconds]
        if not wanted.any():
            wanted = np.array([float(layer.neurons) for layer in given.layers])
        return _shared(given.spikes, wanted)

    @cached_property
    def _projections(self) -> tuple[Projection, ...]:
        layers = self._given.layers
        pairs = list(pairwise(layers)) or [(layers[0], layers[0])]
        return tuple(
            Projection(
                name=f"{source.name} -> {target.name}",
                source=source.name,
                target=target.name,
                kind="explicit",
                synapses=self._given.fan_in * target.neurons,
                target_neurons=target.neurons,
            )
            for source, target in pairs
            if self._given.fan_in
        )

    @property
    def _n_samples(self) -> int:
        return -(-self._stop_us // self._given.sampling_us)

    @cached_property
    def _changes_of(self) -> list[int]:
        return _shared(self._given.weights, np.array([float(one.synapses) for one in self._projections]))

    def _edges(self, n: int) -> NDArray[np.int64]:
        """Return slice edges in us that leave about SLICE_EVENTS of n events in each."""
        n_slices = max(1, -(-n // SLICE_EVENTS))
        # At most an hour each: a time in a slice is a number of 32 bits.
        n_slices = max(n_slices, -(-self._stop_us // 3_600_000_000))
        edges = np.linspace(0, self._stop_us, n_slices + 1).astype(np.int64)
        return np.unique(edges)

    # -- events ----------------------------------------------------------------------------------------------

    def _read_spikes(self, start_us: int, stop_us: int) -> Iterator[pa.RecordBatch]:
        edges = self._edges(sum(self._spikes_of))
        shares = self._rate.share(edges)
        first, last = _slices(edges, start_us, stop_us)
        for index in range(first, last):
            times_us = self._rate.times(int(edges[index]), int(edges[index + 1]), TIME_BITS)
            parts: list[NDArray[np.uint64]] = []
            for place, layer in enumerate(self._given.layers):
                before, after = (
                    round(self._spikes_of[place] * float(one)) for one in shares[index : index + 2]
                )
                raw = self._random(_SPIKES, place, index).random_raw(after - before)
                table = self._table(place)
                bits = table.size.bit_length() - 1
                neuron = table[(raw >> np.uint64(64 - bits)).astype(np.intp)] + np.uint32(layer.offset)
                parts.append(keys_of(times_us, raw << np.uint64(bits), neuron))
            yield from _batches("spikes", "neuron", _sorted(parts), int(edges[index]), start_us, stop_us)

    def _read_weights(self, projection: Projection, start_us: int, stop_us: int) -> Iterator[pa.RecordBatch]:
        place = self._projections.index(projection)
        base, drift = self._weight_courses(place, projection.synapses)
        if start_us == 0 < stop_us:
            for first in range(0, projection.synapses, BATCH_ROWS):
                synapse = np.arange(first, min(first + BATCH_ROWS, projection.synapses), dtype=np.uint32)
                columns = [np.zeros(len(synapse), np.int64), synapse, base[synapse]]
                yield pa.record_batch([pa.array(one) for one in columns], schema=SCHEMAS["weights"])
        edges = self._edges(self._changes_of[place])
        shares = self._rate.share(edges)
        first, last = _slices(edges, start_us, stop_us)
        for index in range(first, last):
            begin_us = int(edges[index])
            before, after = (round(self._changes_of[place] * float(one)) for one in shares[index : index + 2])
            random = self._random(_WEIGHTS, place, index)
            raw = random.random_raw(after - before)
            synapse = below(raw >> np.uint64(32), projection.synapses)
            times_us = self._rate.times(begin_us, int(edges[index + 1]), TIME_BITS)
            keys = _sorted([keys_of(times_us, raw << np.uint64(32), synapse)])
            noise = (random.random_raw(len(keys)) >> np.uint64(40)).astype(np.float32) / np.float32(2**24)
            for batch, (low, high) in _batches_at("weights", "synapse", keys, begin_us, start_us, stop_us):
                time_us, synapse = batch
                part = (time_us / self._stop_us).astype(np.float32)
                value = (
                    base[synapse]
                    + drift[synapse] * part
                    + np.float32(0.02) * (noise[low:high] - np.float32(0.5))
                )
                yield pa.record_batch(
                    [pa.array(time_us), pa.array(synapse), pa.array(value)], schema=SCHEMAS["weights"]
                )

    def _read_stimuli(self, start_us: int, stop_us: int) -> Iterator[pa.RecordBatch]:
        n = self._given.stimuli
        if not n:
            return
        period_us = self._stop_us / n
        first = max(0, math.floor(start_us / period_us) - 1)
        last = min(n, math.ceil(stop_us / period_us) + 1)
        for begin in range(first, last, BATCH_ROWS):
            number = np.arange(begin, min(begin + BATCH_ROWS, last))
            starts_us = (number * period_us).astype(np.int64)
            inside = (starts_us >= start_us) & (starts_us < stop_us)
            number, starts_us = number[inside], starts_us[inside]
            if not number.size:
                continue
            # 64 mixed bits of a presentation's own number: no stream to run through.
            raw = mixed(number.astype(np.uint64) + np.uint64(self._given.seed * 0x9E3779B1 % 2**63))
            label = below(raw >> np.uint64(32), _N_CLASSES)
            wrong = below(raw & np.uint64(0xFFFF_FFFF), 5) == 0
            prediction = np.where(wrong, (label + 1) % _N_CLASSES, label)
            stops_us = starts_us + max(1, int(0.7 * period_us))
            schema = SCHEMAS["stimuli"]
            columns = [
                pa.array(starts_us),
                pa.array(np.minimum(stops_us, self._stop_us)),
                pa.array(label.astype(np.int64)).cast(pa.string()),
                pa.array(prediction.astype(np.int64)).cast(pa.string()),
            ]
            yield pa.record_batch(columns, schema=pa.schema([schema.field(k) for k in range(4)]))

    # -- what the seed decides -------------------------------------------------------------------------------

    def _random(self, *what: int) -> np.random.PCG64DXSM:
        return np.random.PCG64DXSM(np.random.SeedSequence([self._given.seed, *what]))

    def _burst_starts_us(self) -> NDArray[np.float64]:
        given = self._given
        n = int(given.seconds * given.bursts_hz)
        if not n:
            return np.zeros(0)
        period_us = 1e6 / given.bursts_hz
        jitter = unit(self._random(_BURSTS).random_raw(n))
        return (np.arange(n) + jitter * 0.5) * period_us

    def _table(self, place: int) -> NDArray[np.uint32]:
        """Return a table whose slots name neurons as often as their rates ask; its size is a power of two."""
        if place not in self._tables:
            neurons = self._given.layers[place].neurons
            slots = 1 << max(10, (_SLOTS * neurons - 1).bit_length())
            rates = np.exp(self._given.sigma * normal(self._random(_RATES, place), neurons))
            ends = np.rint(np.cumsum(rates) / rates.sum() * slots).astype(np.int64)
            self._tables[place] = np.repeat(np.arange(neurons, dtype=np.uint32), np.diff(ends, prepend=0))
        return self._tables[place]

    def _weight_courses(self, place: int, n: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        random = self._random(_WEIGHTS, place)
        base = np.float32(0.3) + np.float32(0.1) * normal(random, n).astype(np.float32)
        drift = np.float32(0.2) * normal(random, n).astype(np.float32)
        return base, drift


def _shared(total: int, wanted: NDArray[np.float64]) -> list[int]:
    """Return whole numbers in the ratios of ``wanted`` that sum to ``total``."""
    if not wanted.size:
        return []
    ends = np.cumsum(wanted) / wanted.sum()
    edges = [0, *(round(total * float(end)) for end in ends)]
    return [after - before for before, after in pairwise(edges)]


def _sorted(parts: list[NDArray[np.uint64]]) -> NDArray[np.uint64]:
    keys = np.concatenate(parts)
    keys.sort()
    return keys


def _slices(edges: NDArray[np.int64], start_us: int, stop_us: int) -> tuple[int, int]:
    if stop_us <= start_us:
        return 0, 0
    first = max(0, int(np.searchsorted(edges, start_us, side="right")) - 1)
    return first, min(len(edges) - 1, int(np.searchsorted(edges, stop_us, side="left")))


def _batches_at(
    kind: EventKind, noun: str, keys: NDArray[np.uint64], begin_us: int, start_us: int, stop_us: int
) -> Iterator[tuple[tuple[NDArray[np.int64], NDArray[np.uint32]], tuple[int, int]]]:
    low, high = 0, len(keys)
    if start_us > begin_us:
        low = int(np.searchsorted(keys, np.uint64((start_us - begin_us) << 32)))
    if 0 <= stop_us - begin_us < 2**32:
        high = int(np.searchsorted(keys, np.uint64((stop_us - begin_us) << 32)))
    for first in range(low, high, BATCH_ROWS):
        part = keys[first : min(first + BATCH_ROWS, high)]
        time_us = (part >> np.uint64(32)).astype(np.int64)
        time_us += begin_us
        yield (time_us, part.astype(np.uint32)), (first, first + len(part))


def _batches(
    kind: EventKind, noun: str, keys: NDArray[np.uint64], begin_us: int, start_us: int, stop_us: int
) -> Iterator[pa.RecordBatch]:
    schema = pa.schema([SCHEMAS[kind].field("time_us"), SCHEMAS[kind].field(noun)])
    for columns, _ in _batches_at(kind, noun, keys, begin_us, start_us, stop_us):
        yield pa.record_batch([pa.array(one) for one in columns], schema=schema)


ADAPTER = Adapter("generated", "a synthetic recording of any size, from a seed (synaptarium generate)")
