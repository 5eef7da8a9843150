"""The edge at which events come in: each batch is checked, cleaned, sorted and counted before it is stored."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from synaptarium.schemas.errors import InvalidInput, InvalidTime, NeuronOutOfRange, UnknownLayer
from synaptarium.schemas.events import TIME_COLUMN, EventKind, conform
from synaptarium.schemas.recording import (
    MAX_FRAMES,
    Accounting,
    Counts,
    Header,
    WeightSpan,
    find_projection,
    n_neurons,
)
from synaptarium.store.events import time_sorted
from synaptarium.store.first_last import FirstLast

_NEVER = np.iinfo(np.int64).min


class Intake:
    """Checks and counts the events of one recording as they come.

    Parameters
    ----------
    header : Header
        Checked already.
    recorded : mapping of str to (n_neurons,) bool, or None
        Per variable, which global indices were recorded; a value of another neuron is refused.
    open_ended : bool
        True while the run goes on: the span has no end yet.
    track_weights : bool
        Keep each synapse's first and last value (9 bytes a synapse).
    """

    def __init__(
        self,
        header: Header,
        *,
        recorded: Mapping[str, NDArray[np.bool_]] | None = None,
        open_ended: bool = False,
        track_weights: bool = True,
    ) -> None:
        self.header = header
        self._recorded = recorded
        self._open_ended = open_ended
        self._track_weights = track_weights
        self._offsets = np.array([layer.offset for layer in header.layers], np.int64)
        self._n_neurons = n_neurons(header)
        self._variables = {stream.variable for stream in header.potentials}
        self._has_variable = {
            variable: np.array(
                [(variable, layer.name) in _pairs(header) for layer in header.layers], np.bool_
            )
            for variable in self._variables
        }
        self._spikes = np.zeros(len(header.layers), np.int64)
        self._potentials = {variable: np.zeros(len(header.layers), np.int64) for variable in self._variables}
        self._weights: dict[str, int] = {}
        self._spans: dict[str, FirstLast] = {}
        self._metrics: dict[str, int] = {}
        self.n_stimuli = 0
        self.n_images = 0
        self._image_highest = -1
        self._latest_us: dict[tuple[str, str], int] = {}
        self._moved: dict[str, tuple[int, int]] = {}
        self._dropped: dict[tuple[str, str], tuple[int, int]] = {}

    def take(self, kind: EventKind, stream: str, batch: pa.RecordBatch) -> pa.RecordBatch:
        """Return the batch as it may be stored: conforming, in range, sorted by time. Counts it.

        Parameters
        ----------
        kind, stream : str
            See :mod:`synaptarium.schemas.events`.
        batch : pyarrow.RecordBatch
            In any order; may come out empty.

        Raises
        ------
        InvalidInput
            Wrong columns or types, or values that contradict the header.
        InvalidTime
            A time before the start or at or beyond the end of the span.
        NeuronOutOfRange
            A neuron or synapse that does not exist, naming its layer or projection.
        UnknownLayer
            A projection or variable that the header does not have.
        """
        try:
            batch = conform(kind, batch)
        except (ValueError, pa.ArrowException) as error:
            raise InvalidInput(
                f"These are no {kind} columns: {error}.",
                hint="synaptarium.schemas.events lists the columns of each kind.",
            ) from error
        self._check_stream(kind, stream)
        if batch.num_rows == 0:
            return batch
        column = TIME_COLUMN[kind]
        if column is not None:
            self._check_times(kind, stream, batch.column(column).to_numpy())
        batch = getattr(self, f"_take_{kind}")(stream, batch)
        if column is not None and batch.num_rows:
            self._note_order(kind, stream, batch.column(column).to_numpy())
            batch = time_sorted(batch, column)
        return batch

    def counts(self) -> Counts:
        """Return what was taken so far."""
        names = [layer.name for layer in self.header.layers]
        return Counts(
            spikes=dict(zip(names, self._spikes.tolist(), strict=True)),
            potentials={
                f"{stream.variable}/{stream.layer}": int(
                    self._potentials[stream.variable][names.index(stream.layer)]
                )
                for stream in self.header.potentials
            },
            weights={
                projection.name: self._weights.get(projection.name, 0)
                for projection in self.header.projections
            },
            stimuli=self.n_stimuli,
            images=self.n_images,
            metrics=dict(sorted(self._metrics.items())),
        )

    def weights(self) -> dict[str, WeightSpan]:
        """Return each projection's weights over its synapses' first and last values; without those that have none."""
        spans = {name: span.spread() for name, span in self._spans.items()}
        return {name: span for name, span in spans.items() if span is not None}

    def accounting(self) -> tuple[Accounting, ...]:
        """Return what was reordered or left out."""
        moved = [
            Accounting(
                what=f"{what} in time order",
                kept=total - n,
                total=total,
                why="The others were sorted by time.",
            )
            for what, (n, total) in sorted(self._moved.items())
            if n
        ]
        return (*moved, *(one for one in self.losses() if one.kept < one.total))

    def losses(self) -> tuple[Accounting, ...]:
        """Return how much was kept of everything of which something may be left out, also where nothing was."""
        return tuple(
            Accounting(what=what, kept=total - n, total=total, why=why)
            for (what, why), (n, total) in sorted(self._dropped.items())
        )

    def finish(self) -> None:
        """Check what can only be known at the end: raises InvalidInput when a stimulus names an image that is not there."""
        if self._image_highest >= self.n_images:
            raise InvalidInput(
                f"A stimulus shows image {self._image_highest}; there are {self.n_images} images.",
                hint="Images are numbered from 0 in the order in which they are given.",
            )

    def _check_stream(self, kind: EventKind, stream: str) -> None:
        if kind == "weights":
            find_projection(self.header, stream)
        elif kind == "potentials":
            if stream not in self._variables:
                raise UnknownLayer(
                    f"There is no variable {stream!r} in {self.header.name!r}.",
                    hint=f"Its variables: {', '.join(sorted(self._variables)) or 'none'}.",
                )
        elif stream:
            raise InvalidInput(f"{kind} have one stream without a name; {stream!r} was given.")

    def _check_times(self, kind: EventKind, stream: str, times_us: NDArray[np.int64]) -> None:
        header = self.header
        for time_us in (int(times_us.min()), int(times_us.max())):
            if time_us < header.t_start_us or (time_us >= header.t_stop_us and not self._open_ended):
                raise InvalidTime(
                    f"{_named(kind, stream)} at {time_us} us; the span of {header.name!r} is "
                    f"[{header.t_start_us}, {header.t_stop_us}) us.",
                    hint="Check the unit of the times and where they start; a span can be declared wider.",
                )
            if (time_us - header.t_start_us) // header.bin_us >= MAX_FRAMES:
                raise InvalidTime(
                    f"{_named(kind, stream)} at {time_us} us, beyond the {MAX_FRAMES:,} bins of {header.bin_us:,} us "
                    "that a recording has at most.",
                    hint="Check the unit of the times.",
                )

    def _note_order(self, kind: EventKind, stream: str, times_us: NDArray[np.int64]) -> None:
        before = self._latest_us.get((kind, stream), _NEVER)
        name = kind if not stream else f"{kind} of {stream}"
        moved, total = self._moved.get(name, (0, 0))
        latest_us = int(times_us[-1])
        if times_us[0] < before or bool((times_us[1:] < times_us[:-1]).any()):
            highest = np.maximum(np.maximum.accumulate(times_us), before)
            moved += int(np.count_nonzero(times_us < highest))
            latest_us = int(highest[-1])
        self._moved[name] = (moved, total + len(times_us))
        self._latest_us[kind, stream] = latest_us

    def _layer_of(self, kind: EventKind, neurons: NDArray[np.uint32]) -> NDArray[np.int64]:
        highest = int(neurons.max())
        if highest >= self._n_neurons:
            layer = self.header.layers[-1]
            raise NeuronOutOfRange(
                f"Layer {layer.name!r} has {layer.neurons} neurons; {kind} name neuron {highest - layer.offset} "
                f"(global index {highest}).",
                hint="Neuron ids start at 0 in each layer; global index = the layer's offset + id.",
            )
        if len(self._offsets) == 1:
            return np.zeros(len(neurons), np.int64)
        return np.searchsorted(self._offsets, neurons, side="right") - 1

    def _without(self, batch: pa.RecordBatch, bad: NDArray[np.bool_], what: str, why: str) -> pa.RecordBatch:
        n, total = self._dropped.get((what, why), (0, 0))
        n_bad = int(np.count_nonzero(bad))
        self._dropped[what, why] = (n + n_bad, total + batch.num_rows)
        return batch.filter(pa.array(~bad)) if n_bad else batch

    def _take_spikes(self, stream: str, batch: pa.RecordBatch) -> pa.RecordBatch:
        layers = self._layer_of("spikes", batch.column("neuron").to_numpy())
        if len(self._spikes) == 1 and "count" not in batch.schema.names:
            self._spikes += batch.num_rows
            return batch
        if "count" in batch.schema.names:
            counts = batch.column("count").to_numpy()
            self._spikes += np.bincount(layers, counts, minlength=len(self._spikes)).astype(np.int64)
            return self._without(batch, counts == 0, "spikes", "Entries with a count of 0 were left out.")
        self._spikes += np.bincount(layers, minlength=len(self._spikes))
        return batch

    def _take_potentials(self, stream: str, batch: pa.RecordBatch) -> pa.RecordBatch:
        finite = np.isfinite(batch.column("value").to_numpy())
        batch = self._without(
            batch, ~finite, f"values of {stream}", "The others are not a number or infinite."
        )
        if batch.num_rows == 0:
            return batch
        neurons = batch.column("neuron").to_numpy()
        layers = self._layer_of("potentials", neurons)
        having = self._has_variable[stream][layers]
        if not bool(having.all()):
            name = self.header.layers[int(layers[~having][0])].name
            raise UnknownLayer(
                f"There is a value of {stream!r} in layer {name!r}, of which that variable was not recorded.",
                hint="The header lists which variable was recorded of which layer.",
            )
        mask = None if self._recorded is None else self._recorded.get(stream)
        if mask is not None and not bool(mask[neurons].all()):
            neuron = int(neurons[~mask[neurons]][0])
            layer = self.header.layers[int(np.searchsorted(self._offsets, neuron, side="right")) - 1]
            raise InvalidInput(
                f"There is a value of {stream!r} for neuron {neuron - layer.offset} of layer {layer.name!r}, which is "
                "not among its recorded neurons.",
                hint="List every neuron that has values as recorded.",
            )
        self._potentials[stream] += np.bincount(layers, minlength=len(self._offsets))
        return batch

    def _take_weights(self, stream: str, batch: pa.RecordBatch) -> pa.RecordBatch:
        projection = find_projection(self.header, stream)
        highest = int(batch.column("synapse").to_numpy().max())
        if highest >= projection.synapses:
            raise NeuronOutOfRange(
                f"Projection {stream!r} has {projection.synapses} synapses; weights name synapse {highest}.",
                hint="Synapses are numbered from 0 in the order of the projection's pre and post arrays.",
            )
        place = batch.schema.get_field_index("value")
        values = batch.column(place).to_numpy(zero_copy_only=False)
        batch = self._without(batch, np.isinf(values), f"weights of {stream}", "The others are infinite.")
        values = batch.column(place).to_numpy(zero_copy_only=False)
        if bool(np.isnan(values).any()):  # the column's own way of saying that a synapse ceased
            batch = batch.set_column(
                place, batch.schema.field(place), pa.array(values, pa.float32(), from_pandas=True)
            )
        self._weights[stream] = self._weights.get(stream, 0) + batch.num_rows
        if self._track_weights:
            span = self._spans.setdefault(stream, FirstLast(projection.synapses))
            # In time order already within the batch only if it was sorted; the span needs it so.
            ordered = time_sorted(batch, "time_us")
            span.add(
                ordered.column("synapse").to_numpy(), ordered.column(place).to_numpy(zero_copy_only=False)
            )
        return batch

    def _take_stimuli(self, stream: str, batch: pa.RecordBatch) -> pa.RecordBatch:
        starts_us, stops_us = batch.column("t_start_us").to_numpy(), batch.column("t_stop_us").to_numpy()
        backwards = np.flatnonzero(stops_us < starts_us)
        if len(backwards):
            row = int(backwards[0])
            raise InvalidTime(
                f"A stimulus starts at {starts_us[row]} us and ends at {stops_us[row]} us.",
                hint="A presentation ends at or after its start.",
            )
        if "image" in batch.schema.names:
            highest = pc.call_function(
                "max", [batch.column("image")]
            ).as_py()  # None where no stimulus has an image
            self._image_highest = max(self._image_highest, -1 if highest is None else highest)
        self.n_stimuli += batch.num_rows
        return batch

    def _take_metrics(self, stream: str, batch: pa.RecordBatch) -> pa.RecordBatch:
        for entry in batch.column("name").value_counts().to_pylist():
            self._metrics[entry["values"]] = self._metrics.get(entry["values"], 0) + entry["counts"]
        return batch

    def _take_images(self, stream: str, batch: pa.RecordBatch) -> pa.RecordBatch:
        shape = self.header.image_shape
        lengths = set(pc.call_function("binary_length", [batch.column("pixels")]).to_pylist())
        if shape is None or lengths != {shape[0] * shape[1]}:
            raise InvalidInput(
                f"An image has {sorted(lengths)[0]} pixels; the header says "
                f"{'that there are none' if shape is None else f'{shape[0]} x {shape[1]}'}.",
                hint="Images are grey, one byte a pixel, all of the same shape.",
            )
        self.n_images += batch.num_rows
        return batch


def _pairs(header: Header) -> set[tuple[str, str]]:
    return {(stream.variable, stream.layer) for stream in header.potentials}


def _named(kind: EventKind, stream: str) -> str:
    singular = {"spikes": "A spike", "stimuli": "A stimulus", "metrics": "A metric", "images": "An image"}
    return (
        singular.get(kind, f"A value of {stream!r}" if kind == "potentials" else f"A weight of {stream!r}")
        + " is"
    )
