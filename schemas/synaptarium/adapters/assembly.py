"""From plain arrays to a source: checks every part in turn and collects what has to be told."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, cast

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from synaptarium.adapters import checks
from synaptarium.adapters.array_inputs import (
    PotentialArrays,
    SpikeArrays,
    StimulusArrays,
    WeightArrays,
)
from synaptarium.adapters.array_network import ArrayNetwork
from synaptarium.adapters.array_source import (
    ArraySource,
    Samples,
    SpikeColumns,
    ValueColumns,
    empty_table,
)
from synaptarium.adapters.conversions import (
    class_names,
    dense_steps,
    infinite_weight,
    n_changes,
    n_finite,
    period_of,
    record_of,
    sorted_spikes,
    sorted_values,
    spike_counts,
    weight_values,
    whole_number,
)
from synaptarium.adapters.times import Rounding, microseconds, suggest_bin_us, unit_us
from synaptarium.schemas.errors import InvalidInput, InvalidTime
from synaptarium.schemas.events import METRICS, STIMULI
from synaptarium.schemas.recording import (
    Accounting,
    Counts,
    Header,
    Layer,
    PotentialStream,
    Source,
    check_header,
)


class Assembly:
    """Collects the events of one recording; ``source`` ends it. Images come before the stimuli that show them."""

    def __init__(
        self,
        name: str,
        network: ArrayNetwork,
        *,
        time_unit: str | float,
        bin_us: int | None,
        t_start_us: int,
        t_stop_us: int | None,
        notes: Sequence[str],
        accounting: Sequence[Accounting],
    ) -> None:
        self.name = name
        self.network = network
        self.scale_us = unit_us(time_unit)
        self.bin_us = whole_number(bin_us, "bin_us") if bin_us is not None else None
        self.t_start_us = whole_number(t_start_us, "t_start_us")
        self.t_stop_us = whole_number(t_stop_us, "t_stop_us") if t_stop_us is not None else None
        self.notes = list(notes)
        self.accounting = list(accounting)
        self.rounding = Rounding()
        self.recorded: dict[tuple[str, str], NDArray[np.uint32]] = {}
        self.spikes = SpikeColumns(np.zeros(0, np.int64), np.zeros(0, np.uint32))
        self.potentials: dict[str, list[Samples | ValueColumns]] = {}
        self.potential_streams: list[PotentialStream] = []
        self.weights: dict[str, Samples | ValueColumns] = {}
        self.images: Any = None
        self.stimuli = empty_table("stimuli")
        self.metrics = empty_table("metrics")
        self.n_spikes: dict[str, int] = {}
        self.n_potentials: dict[str, int] = {}
        self.n_weights: dict[str, int] = {}
        self.n_metrics: dict[str, int] = {}

    # -- events ----------------------------------------------------------------------------------------------

    def add_spikes(self, spikes: Mapping[str, SpikeArrays | Mapping[str, Any] | Sequence[Any]]) -> None:
        parts: list[tuple[NDArray[np.int64], NDArray[np.uint32], Any, Any]] = []
        unsorted, total = 0, 0
        for name, given in spikes.items():
            where = f"spikes[{name!r}]"
            layer = self.network.layer(name, where)
            one = record_of(given, SpikeArrays, where)
            time_us = self._times(one.times, f"{where}.times")
            neuron = checks.ids_below(one.ids, layer.neurons, f"Layer {name!r}", "neuron", f"{where}.ids")
            count = None if one.counts is None else spike_counts(one.counts, f"{where}.counts")
            payload = None
            if one.payload is not None:
                payload = checks.numbers(one.payload, f"{where}.payload").astype(np.float32)
            columns: dict[str, NDArray[Any] | None] = {
                "times": time_us, "ids": neuron, "counts": count, "payload values": payload,
            }  # fmt: skip
            checks.same_length({key: column for key, column in columns.items() if column is not None}, where)
            if count is not None and (count == 0).any():
                there = count > 0
                self.accounting.append(
                    Accounting(
                        what=f"spike rows of {name!r}",
                        kept=int(there.sum()),
                        total=len(there),
                        why="rows with a count of 0 are no spikes",
                    )
                )
                time_us, neuron, count = time_us[there], neuron[there], count[there]
                payload = None if payload is None else payload[there]
            unsorted += int(np.count_nonzero(np.diff(time_us) < 0))
            total += len(time_us)
            self.n_spikes[name] = len(time_us) if count is None else int(count.sum(dtype=np.int64))
            parts.append((time_us, neuron + np.uint32(layer.offset), count, payload))
        if unsorted:
            self.notes.append(
                f"{unsorted} of {total} spikes came before the spike listed ahead of them: they were sorted"
            )
        self.spikes = sorted_spikes(parts)

    def add_potentials(self, potentials: Iterable[PotentialArrays | Mapping[str, Any]]) -> None:
        for index, given in enumerate(potentials):
            one = checks.fields_of(given, PotentialArrays, f"potentials[{index}]")
            where = f"potential {one.variable!r} of {one.layer!r}"
            layer = self.network.layer(one.layer, where)
            if (one.layer, one.variable) in self.recorded:
                raise InvalidInput(
                    f"The variable {one.variable!r} of layer {one.layer!r} was given twice.",
                    hint="Put all its neurons into one array.",
                    where=where,
                )
            if not one.variable or not one.unit:
                raise InvalidInput(
                    f"The variable {one.variable!r} of layer {one.layer!r} has the unit {one.unit!r}.",
                    hint="Name both; the unit of dimensionless values is '1'.",
                    where=where,
                )
            piece, ids, total = self._potential(one, layer, where)
            kept = n_finite(piece)
            if kept < total:
                self.accounting.append(
                    Accounting(
                        what=f"values of {where}",
                        kept=kept,
                        total=total,
                        why="the others are not finite numbers",
                    )
                )
            pieces = self.potentials.setdefault(one.variable, [])
            if isinstance(piece, ValueColumns):
                # One sorted block of changes per variable, whatever the number of layers.
                before = [p for p in pieces if isinstance(p, ValueColumns)]
                pieces[:] = [p for p in pieces if isinstance(p, Samples)]
                piece = sorted_values([*before, piece])
            pieces.append(piece)
            self.n_potentials[f"{one.variable}/{one.layer}"] = kept
            self.recorded[(one.layer, one.variable)] = np.unique(ids)
            period = period_of(piece.time_us) if isinstance(piece, Samples) else None
            self.potential_streams.append(
                PotentialStream(
                    variable=one.variable,
                    layer=one.layer,
                    unit=one.unit,
                    n_recorded=len(self.recorded[(one.layer, one.variable)]),
                    sampling_period_us=period,
                )
            )

    def _potential(
        self, one: PotentialArrays, layer: Layer, where: str
    ) -> tuple[Samples | ValueColumns, NDArray[np.uint32], int]:
        owner, offset = f"Layer {layer.name!r}", np.uint32(layer.offset)
        if one.neurons is not None:
            ids = checks.ids_below(one.neurons, layer.neurons, owner, "neuron", f"{where}.neurons")
            time_us = self._times(one.times, f"{where}.times")
            value = checks.numbers(one.values, f"{where}.values").astype(np.float32)
            checks.same_length({"times": time_us, "neurons": ids, "values": value}, where)
            good = np.isfinite(value)
            columns = ValueColumns(time_us[good], ids[good] + offset, value[good])
            return sorted_values([columns]), ids[good], len(value)
        ids = np.arange(layer.neurons, dtype=np.uint32)
        if one.ids is not None:
            ids = checks.ids_below(one.ids, layer.neurons, owner, "neuron", f"{where}.ids")
            if len(np.unique(ids)) != len(ids):
                raise InvalidInput(
                    f"{where} names a neuron twice in its ids.", hint="One column per neuron.", where=where
                )
        values = checks.sliceable(one.values)
        axis = one.time_axis
        n_steps = dense_steps(
            values, axis, len(ids), where, f"(T, {len(ids)})" if axis == 0 else f"({len(ids)}, T)"
        )
        time_us = self._sample_times(one, n_steps, where)
        return Samples(time_us, ids + offset, values, axis), ids, n_steps * len(ids)

    def _sample_times(self, one: PotentialArrays, n_steps: int, where: str) -> NDArray[np.int64]:
        if (one.times is None) == (one.period is None):
            raise InvalidInput(
                f"{where} has {'neither times nor' if one.times is None else 'both times and'} a period.",
                hint="Give one of them.",
                where=where,
            )
        if one.period is not None:
            if not np.isfinite(one.period) or one.period <= 0:
                raise InvalidTime(
                    f"{where} has the period {one.period}.", hint="A period is positive.", where=where
                )
            times: Any = one.t_first + np.arange(n_steps) * one.period
        else:
            times = one.times
        time_us = self._times(times, f"{where}.times")
        if len(time_us) != n_steps:
            raise InvalidInput(
                f"{where} has {len(time_us)} times and {n_steps} samples.",
                hint="One time per sample.",
                where=where,
            )
        checks.ascending(time_us, f"{where}.times")
        return time_us

    def add_weights(self, weights: Mapping[str, WeightArrays | Mapping[str, Any] | Sequence[Any]]) -> None:
        for name, given in weights.items():
            where = f"weights[{name!r}]"
            checks.known(name, self.network.projections, "projection", where)
            one = record_of(given, WeightArrays, where)
            n = self.network.projections[name].synapses
            time_us = self._times(one.times, f"{where}.times")
            if one.synapses is not None:
                item = checks.ids_below(
                    one.synapses, n, f"Projection {name!r}", "synapse", f"{where}.synapses"
                )
                value = weight_values(one.values, f"{where}.values")
                checks.same_length({"times": time_us, "synapses": item, "values": value}, where)
                if np.isinf(value).any():
                    raise infinite_weight(name, where)
                self.weights[name] = sorted_values([ValueColumns(time_us, item, value)])
                self.n_weights[name] = len(value)
                continue
            values = checks.sliceable(one.values)
            n_steps = dense_steps(values, 0, n, where, f"(T, {n}), one value per synapse")
            if len(time_us) != n_steps:
                raise InvalidInput(
                    f"{where} has {len(time_us)} times and {n_steps} snapshots.",
                    hint="One time each.",
                    where=where,
                )
            checks.ascending(time_us, f"{where}.times")
            samples = Samples(time_us, np.arange(n, dtype=np.uint32), values)
            kept = n_changes(samples, name, where)
            self.weights[name] = samples
            self.n_weights[name] = kept
            if kept < n_steps * n:
                why = "kept as the first snapshot and then the changes; the others equal the value before"
                self.accounting.append(
                    Accounting(
                        what=f"values in {n_steps} weight snapshots of {name!r}",
                        kept=kept,
                        total=n_steps * n,
                        why=why,
                    )
                )
            if np.dtype(values.dtype).itemsize > 4 and np.dtype(values.dtype).kind == "f":
                self.notes.append(f"the weights of {name!r} came as {values.dtype} and are kept as float32")

    def add_images(self, images: Any) -> None:
        if images is None:
            return
        values = checks.sliceable(images)
        if len(values.shape) != 3 or values.dtype != np.uint8 or 0 in values.shape[1:]:
            raise InvalidInput(
                f"The images have the shape {tuple(values.shape)} and the type {values.dtype}.",
                hint="Give an (n, height, width) array of uint8; multiply values of 0 to 1 by 255 and round.",
                where="images",
            )
        self.images = values

    def add_stimuli(self, stimuli: StimulusArrays | Mapping[str, Any] | None) -> None:
        if stimuli is None:
            return
        one = checks.fields_of(stimuli, StimulusArrays, "stimuli")
        start = self._times(one.t_start, "stimuli.t_start")
        order = np.argsort(start, kind="stable")
        start = start[order]
        if one.t_stop is None:
            stop = np.append(
                start[1:], start[-1:] + (int(np.median(np.diff(start))) if len(start) > 1 else 0)
            )
            if len(start) == 1:
                stop = np.maximum(start + (self.bin_us or 1_000), self._last_event_us() + 1)
        else:
            stop = self._times(one.t_stop, "stimuli.t_stop")
            checks.same_length({"starts": start, "ends": stop}, "stimuli")
            stop = stop[order]
        empty = np.flatnonzero(stop <= start)
        if empty.size:
            raise InvalidTime(
                f"A stimulus starts at {start[empty[0]]} us and ends at {stop[empty[0]]} us "
                f"({empty.size} of {len(start)} end before they start).",
                hint="t_stop lies after t_start.",
                where="stimuli",
            )
        n_images = 0 if self.images is None else int(self.images.shape[0])
        image: NDArray[np.int64] | None = None
        if one.images is not None:
            image = checks.numbers(one.images, "stimuli.images").astype(np.int64)
            bad = image[(image >= n_images) | (image < -1)]
            if bad.size:
                raise InvalidInput(
                    f"A stimulus shows image {bad[0]}; there are {n_images}.",
                    hint="Images are numbered from 0; -1 is none.",
                    where="stimuli.images",
                )
        elif n_images == len(start):
            image = np.arange(n_images)
        columns: dict[str, Any] = {"t_start_us": start, "t_stop_us": stop}
        for field, given in (("label", one.labels), ("prediction", one.predictions)):
            if given is not None:
                names = class_names(given, f"stimuli.{field}s")
                checks.same_length({"starts": start, f"{field}s": np.asarray(names, object)}, "stimuli")
                columns[field] = pa.array([names[k] for k in order], pa.string())
        if image is not None:
            checks.same_length({"starts": start, "image numbers": image}, "stimuli")
            image = image[order]
            columns["image"] = pa.array(np.maximum(image, 0).astype(np.uint32), mask=image < 0)
        schema = pa.schema([STIMULI.field(key) for key in columns])
        self.stimuli = pa.record_batch([pa.array(column) for column in columns.values()], schema=schema)

    def add_metrics(self, metrics: Mapping[str, tuple[Any, Any]]) -> None:
        times: list[NDArray[np.int64]] = []
        values: list[NDArray[np.float64]] = []
        names: list[str] = []
        for name, given in metrics.items():
            where = f"metrics[{name!r}]"
            time, value = checks.pair(given, where)
            time_us = self._times(time, f"{where} times")
            array = checks.numbers(value, f"{where} values").astype(np.float64)
            checks.same_length({"times": time_us, "values": array}, where)
            good = np.isfinite(array)
            if not good.all():
                why = "the others are not finite numbers"
                self.accounting.append(
                    Accounting(
                        what=f"values of metric {name!r}", kept=int(good.sum()), total=len(good), why=why
                    )
                )
            times.append(time_us[good])
            values.append(array[good])
            names += [name] * int(good.sum())
            self.n_metrics[name] = int(good.sum())
        if not times:
            return
        time_us = np.concatenate(times)
        order = np.argsort(time_us, kind="stable")
        columns = [
            pa.array(time_us[order]),
            pa.array([names[k] for k in order], pa.string()),
            pa.array(np.concatenate(values)[order]),
        ]
        self.metrics = pa.record_batch(columns, schema=METRICS)

    # -- the end ---------------------------------------------------------------------------------------------

    def source(self, classes: Sequence[str | int], format: str, details: dict[str, str]) -> ArraySource:
        """Return the checked source."""
        bin_us = self.bin_us
        if bin_us is None:
            bin_us, why = suggest_bin_us(self._deciding_times(), self.t_start_us)
            self.notes.append(why)
        if self.rounding.moved:
            self.accounting.append(
                Accounting(
                    what="times that were whole microseconds",
                    kept=self.rounding.total - self.rounding.moved,
                    total=self.rounding.total,
                    why=f"the others were rounded to the nearest, by at most {self.rounding.largest_us:.3g} us",
                )
            )
        header = Header(
            name=self.name,
            bin_us=bin_us,
            t_start_us=self.t_start_us,
            t_stop_us=self._end(bin_us),
            layers=tuple(self.network.layers.values()),
            projections=tuple(self.network.projections.values()),
            potentials=tuple(self.potential_streams),
            classes=self._classes(classes),
            image_shape=None
            if self.images is None
            else (int(self.images.shape[1]), int(self.images.shape[2])),
            source=Source(format=format, details=details, notes=tuple(self.notes)),
            accounting=tuple(self.accounting),
        )
        totals = Counts(
            spikes={name: self.n_spikes.get(name, 0) for name in self.network.layers},
            potentials=self.n_potentials,
            weights=self.n_weights,
            stimuli=self.stimuli.num_rows,
            images=0 if self.images is None else int(self.images.shape[0]),
            metrics=self.n_metrics,
        )
        return ArraySource(
            header=check_header(header),
            totals=totals,
            spikes=self.spikes,
            potentials=self.potentials,
            weights=self.weights,
            stimuli=self.stimuli,
            metrics=self.metrics,
            images=self.images,
            layer_positions=self.network.positions,
            layer_labels=self.network.labels,
            layer_recorded=self.recorded,
            projection_synapses=self.network.synapses,
        )

    def _end(self, bin_us: int) -> int:
        needed = max(self._last_event_us() + bin_us, self.t_start_us + bin_us)
        if self.stimuli.num_rows:
            stops = cast("NDArray[np.int64]", self.stimuli.column(1).to_numpy())
            needed = max(needed, int(stops.max()))
        if self.t_stop_us is None:
            return needed
        if self.t_stop_us < needed:
            self.notes.append(
                f"the declared end, {self.t_stop_us} us, would lose the last events: the span ends at {needed} us"
            )
            return needed
        return self.t_stop_us

    def _last_event_us(self) -> int:
        times = [self.spikes.time_us]
        times += [piece.time_us for pieces in self.potentials.values() for piece in pieces]
        times += [recorded.time_us for recorded in self.weights.values()]
        times.append(cast("NDArray[np.int64]", self.metrics.column(0).to_numpy()))
        return max((int(one[-1]) for one in times if len(one)), default=self.t_start_us - 1)

    def _deciding_times(self) -> NDArray[np.int64]:
        if len(self.spikes.time_us):
            return self.spikes.time_us
        for pieces in self.potentials.values():
            return pieces[0].time_us
        for recorded in self.weights.values():
            return recorded.time_us
        return np.zeros(0, np.int64)

    def _classes(self, given: Sequence[str | int]) -> tuple[str, ...]:
        used: set[str] = set()
        for field in ("label", "prediction"):
            if field in self.stimuli.schema.names:
                used |= {name for name in self.stimuli.column(field).to_pylist() if name is not None}
        highest = max((int(labels.max(initial=-1)) for labels, _ in self.network.labels.values()), default=-1)
        if given:
            classes = tuple(str(name) for name in given)
            foreign = sorted(used - set(classes))
            if foreign or highest >= len(classes):
                found = f"the stimulus label {foreign[0]!r}" if foreign else f"the neuron label {highest}"
                raise InvalidInput(
                    f"The classes are {', '.join(classes)}; {found} is none of them.",
                    hint="Neuron labels are indices in classes, stimulus labels are their names.",
                    where="classes",
                )
            return classes
        if all(name.lstrip("-").isdigit() for name in used):
            least = {str(k) for k in range(highest + 1)}
            return tuple(sorted(used | least, key=int))
        if highest >= len(used):
            raise InvalidInput(
                f"A neuron has the label {highest}; the stimuli have {len(used)} classes.",
                hint="Give classes: neuron labels are indices in it.",
                where="classes",
            )
        return tuple(sorted(used))

    def _times(self, times: Any, where: str) -> NDArray[np.int64]:
        time_us = microseconds(times, self.scale_us, where, self.rounding)
        checks.not_before(time_us, self.t_start_us, where)
        return time_us
