"""From plain arrays to a source: checks every part in turn and collects what has to be told."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from synaptarium.adapters.array_context import ArrayContext
from synaptarium.adapters.array_inputs import (
    PotentialArrays,
    SpikeArrays,
    StimulusArrays,
    WeightArrays,
)
from synaptarium.adapters.array_metrics import metrics_of
from synaptarium.adapters.array_network import ArrayNetwork
from synaptarium.adapters.array_potentials import Potentials, potentials_of
from synaptarium.adapters.array_source import ArraySource, Samples, SpikeColumns, ValueColumns, empty_table
from synaptarium.adapters.array_spikes import spikes_of
from synaptarium.adapters.array_stimuli import classes_of, images_of, stimuli_of
from synaptarium.adapters.array_weights import weights_of
from synaptarium.adapters.conversions import whole_number
from synaptarium.adapters.times import suggest_bin_us, unit_us
from synaptarium.schemas.recording import Accounting, Counts, Header, Source, check_header


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
        self.context = ArrayContext(
            network=network,
            scale_us=unit_us(time_unit),
            t_start_us=whole_number(t_start_us, "t_start_us"),
            notes=list(notes),
            accounting=list(accounting),
        )
        self.bin_us = whole_number(bin_us, "bin_us") if bin_us is not None else None
        self.t_stop_us = whole_number(t_stop_us, "t_stop_us") if t_stop_us is not None else None
        self.spikes = SpikeColumns(np.zeros(0, np.int64), np.zeros(0, np.uint32))
        self.potentials = Potentials()
        self.weights: dict[str, Samples | ValueColumns] = {}
        self.images: Any = None
        self.stimuli = empty_table("stimuli")
        self.metrics = empty_table("metrics")
        self.n_spikes: dict[str, int] = {}
        self.n_weights: dict[str, int] = {}
        self.n_metrics: dict[str, int] = {}

    def add_spikes(self, spikes: Mapping[str, SpikeArrays | Mapping[str, Any] | Sequence[Any]]) -> None:
        self.spikes, self.n_spikes = spikes_of(self.context, spikes)

    def add_potentials(self, potentials: Iterable[PotentialArrays | Mapping[str, Any]]) -> None:
        self.potentials = potentials_of(self.context, potentials)

    def add_weights(self, weights: Mapping[str, WeightArrays | Mapping[str, Any] | Sequence[Any]]) -> None:
        self.weights, self.n_weights = weights_of(self.context, weights)

    def add_images(self, images: Any) -> None:
        self.images = images_of(images)

    def add_stimuli(self, stimuli: StimulusArrays | Mapping[str, Any] | None) -> None:
        self.stimuli = stimuli_of(
            self.context,
            stimuli,
            bin_us=self.bin_us,
            last_event_us=self._last_event_us(),
            n_images=self._n_images(),
        )

    def add_metrics(self, metrics: Mapping[str, tuple[Any, Any]]) -> None:
        self.metrics, self.n_metrics = metrics_of(self.context, metrics)

    def source(self, classes: Sequence[str | int], format: str, details: dict[str, str]) -> ArraySource:
        """Return the checked source."""
        context, network = self.context, self.context.network
        bin_us = self.bin_us
        if bin_us is None:
            bin_us, why = suggest_bin_us(self._deciding_times(), context.t_start_us)
            context.notes.append(why)
        rounding = context.rounding
        context.left_out(
            what="times that were whole microseconds",
            kept=rounding.total - rounding.moved,
            total=rounding.total,
            why=f"the others were rounded to the nearest, by at most {rounding.largest_us:.3g} us",
        )
        t_stop_us = self._end(bin_us)
        labels = [labels for labels, _ in network.labels.values()]
        header = Header(
            name=self.name,
            bin_us=bin_us,
            t_start_us=context.t_start_us,
            t_stop_us=t_stop_us,
            layers=tuple(network.layers.values()),
            projections=tuple(network.projections.values()),
            potentials=tuple(self.potentials.streams),
            classes=classes_of(classes, self.stimuli, labels),
            image_shape=None
            if self.images is None
            else (int(self.images.shape[1]), int(self.images.shape[2])),
            source=Source(format=format, details=details, notes=tuple(context.notes)),
            accounting=tuple(context.accounting),
        )
        totals = Counts(
            spikes={name: self.n_spikes.get(name, 0) for name in network.layers},
            potentials=self.potentials.counts,
            weights=self.n_weights,
            stimuli=self.stimuli.num_rows,
            images=self._n_images(),
            metrics=self.n_metrics,
        )
        return ArraySource(
            header=check_header(header),
            totals=totals,
            spikes=self.spikes,
            potentials=self.potentials.pieces,
            weights=self.weights,
            stimuli=self.stimuli,
            metrics=self.metrics,
            images=self.images,
            layer_positions=network.positions,
            layer_labels=network.labels,
            layer_recorded=self.potentials.recorded,
            projection_synapses=network.synapses,
        )

    def _n_images(self) -> int:
        return 0 if self.images is None else int(self.images.shape[0])

    def _end(self, bin_us: int) -> int:
        needed = max(self._last_event_us() + bin_us, self.context.t_start_us + bin_us)
        if self.stimuli.num_rows:
            stops = cast("NDArray[np.int64]", self.stimuli.column(1).to_numpy())
            needed = max(needed, int(stops.max()))
        if self.t_stop_us is None:
            return needed
        if self.t_stop_us < needed:
            self.context.notes.append(
                f"the declared end, {self.t_stop_us} us, would lose the last events: the span ends at {needed} us"
            )
            return needed
        return self.t_stop_us

    def _last_event_us(self) -> int:
        times = [self.spikes.time_us]
        times += [piece.time_us for pieces in self.potentials.pieces.values() for piece in pieces]
        times += [recorded.time_us for recorded in self.weights.values()]
        times.append(cast("NDArray[np.int64]", self.metrics.column(0).to_numpy()))
        return max((int(one[-1]) for one in times if len(one)), default=self.context.t_start_us - 1)

    def _deciding_times(self) -> NDArray[np.int64]:
        if len(self.spikes.time_us):
            return self.spikes.time_us
        for pieces in self.potentials.pieces.values():
            return pieces[0].time_us
        for recorded in self.weights.values():
            return recorded.time_us
        return np.zeros(0, np.int64)
