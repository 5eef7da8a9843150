"""The first pass over files of columns: what layers, variables, classes, counts, bin and span they make."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray

from synaptarium.adapters import checks
from synaptarium.adapters.base import Synapses
from synaptarium.adapters.column_file import ColumnFile
from synaptarium.adapters.column_header import Description, LayerEntry
from synaptarium.adapters.column_network import NeuronTable, projection_of, read_synapses
from synaptarium.adapters.column_rows import (
    ImageRows,
    MetricRows,
    PotentialRows,
    Rows,
    SpikeRows,
    StimulusRows,
    WeightRows,
)
from synaptarium.adapters.column_scans import column, scan_images, scan_metrics, scan_stimuli, scan_weights
from synaptarium.adapters.column_tally import LayerTally, RecordedTally
from synaptarium.adapters.findings import Findings
from synaptarium.adapters.times import DEFAULT_BIN_US, TimeGrid
from synaptarium.schemas.errors import InvalidInput
from synaptarium.schemas.recording import (
    Counts,
    Header,
    Layer,
    PotentialStream,
    Source,
    check_header,
)


class ColumnSurvey:
    """Everything that is known of a recording after each of its files was read once.

    Parameters
    ----------
    path : Path
        File or folder, which names a recording that has no other name.
    files : mapping of str to Path
        Stem -> file, from :func:`~synaptarium.adapters.column_header.files_of`.
    described : Description
        Header and options.
    entries : tuple of LayerEntry
        Layers, where they are described.
    options : mapping of str to str
        Names of the spikes' columns.

    Attributes
    ----------
    header, counts
        What the source describes.
    spikes, weights, potentials, stimuli, metrics, images
        The rows of each file that there is, ready to be read in time order.
    synapses : dict of str to Synapses
        By projection.
    recorded : dict of (str, str) to (n,) uint32
        (variable, layer) -> neurons.
    neurons : NeuronTable or None
        Positions and labels.
    """

    def __init__(
        self,
        path: Path,
        files: Mapping[str, Path],
        described: Description,
        entries: tuple[LayerEntry, ...],
        options: Mapping[str, str],
    ) -> None:
        self._path, self._files, self._described = path, files, described
        self._findings = Findings(str(path))
        self._tally = LayerTally(entries)
        self._ends_us: list[int] = []
        start_us = described.t_start_us

        def file_of(stem: str) -> ColumnFile | None:
            return ColumnFile(files[stem]) if stem in files else None

        self.spikes = SpikeRows(ColumnFile(files["spikes"]), start_us, self._tally.names, options)
        one = file_of("potentials")
        self.potentials = None if one is None else PotentialRows(one, start_us, self._tally.names)
        one = file_of("weights")
        named = [projection.named for projection in described.projections]
        self.weights = None if one is None else WeightRows(one, start_us, named)
        one = file_of("stimuli")
        self.stimuli = None if one is None else StimulusRows(one, start_us)
        one = file_of("metrics")
        self.metrics = None if one is None else MetricRows(one, start_us)
        one = file_of("images")
        self.images = None if one is None else ImageRows(one)
        one = file_of("neurons")
        self.neurons = None if one is None else NeuronTable(one)
        self.synapses = self._read_synapses(named)
        self.recorded: dict[tuple[str, str], NDArray[np.uint32]] = {}
        self.header, self.counts = self._survey(bool(entries))

    def _survey(self, layers_described: bool) -> tuple[Header, Counts]:
        described, findings, tally = self._described, self._findings, self._tally
        grid = TimeGrid(described.t_start_us)
        spikes_of = self._scan_spikes(grid)
        tally.check(self.spikes)
        values = self._scan_potentials()
        if not layers_described and self.neurons is not None:
            for name, size in self.neurons.sizes((tally.names.names or [None])[0]).items():
                tally.see(name, size - 1)
        layers = tally.layers()
        if not layers_described and self.neurons is None:
            self._guess_sizes(layers, spikes_of)
        projections = tuple(
            projection_of(one, self.synapses[one.named], layers, self._files["synapses"].name)
            for one in described.projections
        )
        n_weights, last_weight_us = scan_weights(self.weights, projections)
        labels = set[str]() if self.neurons is None else self.neurons.labels
        classes, stimuli_stop_us = scan_stimuli(self.stimuli, labels, described.classes)
        n_metrics, last_metric_us = scan_metrics(self.metrics)
        self._ends_us += [t_us for t_us in (last_weight_us, last_metric_us) if t_us is not None]
        n_images, image_shape = scan_images(self.images, described.image_shape, findings)
        streams, n_values = self._streams(layers, values)
        if grid.last_us is not None:
            self._ends_us.append(grid.last_us)
        bin_us = described.bin_us
        if bin_us is None:
            bin_us, why = DEFAULT_BIN_US, f"bin_us = {DEFAULT_BIN_US} is a guess: there are no spikes"
            if grid.last_us is not None:
                bin_us, why = grid.suggest()
            findings.notes.append(why)
        for rows in (self.spikes, self.potentials, self.weights, self.stimuli, self.metrics):
            if rows is not None:
                self._tell(rows)
        stop_us = self._stop_us(bin_us, stimuli_stop_us)
        header = Header(
            name=described.name or self._path.stem,
            bin_us=bin_us,
            t_start_us=described.t_start_us,
            t_stop_us=stop_us,
            layers=self._placed(layers),
            projections=projections,
            potentials=streams,
            classes=classes,
            image_shape=image_shape,
            source=Source(format="columns", notes=tuple(findings.notes)),
            accounting=tuple(findings.accounting),
        )
        counts = Counts(
            spikes={one.name: spikes_of[k] if k < len(spikes_of) else 0 for k, one in enumerate(layers)},
            potentials=n_values,
            weights=n_weights,
            stimuli=self.stimuli.order.rows if self.stimuli is not None else 0,
            images=n_images,
            metrics=n_metrics,
        )
        return check_header(header), counts

    def _guess_sizes(self, layers: Sequence[Layer], spikes_of: Sequence[int]) -> None:
        """Tell that sizes are guessed; raises NeuronOutOfRange where one id alone makes a layer absurdly large."""
        listed = ",".join(f"{one.name}:{one.neurons}" for one in layers)
        self._findings.notes.append(f"the layers' sizes are a guess, their highest neuron id: {listed}")
        for place, one in enumerate(layers):
            spikes = spikes_of[place] if place < len(spikes_of) else 0
            checks.guessed_size(
                one.neurons,
                spikes,
                one.name,
                self.spikes.file.path.name,
                f"Number neurons from 0, or say how many there are: --option layers={listed}",
            )
            lowest = self._tally.lowest.get(place, 0)
            if len(layers) > 1 and lowest >= one.neurons - lowest:
                self._findings.notes.append(
                    f"the ids of {one.name!r} start at {lowest}: they look numbered through all layers, a guess; "
                    "in a file with layer names they count from 0 in each layer"
                )

    def _stop_us(self, bin_us: int, stimuli_stop_us: int | None) -> int:
        start_us, stop_us = self._described.t_start_us, self._described.t_stop_us
        needed = max([start_us, *self._ends_us]) + bin_us
        needed = max(needed, stimuli_stop_us or needed)
        if stop_us is None:
            return needed
        if stop_us < needed and max([*self._ends_us, -1]) >= stop_us:
            self._findings.notes.append(
                f"the declared end, {stop_us} us, would lose the last events: the span ends at {needed} us"
            )
            return needed
        return stop_us

    def _placed(self, layers: Sequence[Layer]) -> tuple[Layer, ...]:
        """Return the layers, those that have positions marked so."""
        table = self.neurons
        if table is None:
            return tuple(layers)
        return tuple(
            msgspec.structs.replace(
                one, positions=table.positions(one.name, one.offset, one.neurons) is not None
            )
            for one in layers
        )

    # -- events ----------------------------------------------------------------------------------------------

    def _scan_spikes(self, grid: TimeGrid) -> list[int]:
        totals = np.zeros(1, np.int64)
        for batch in self.spikes.order.scan():
            grid.add(column(batch, "time_us"))
            place, _ = self._tally.add(self.spikes, batch)
            n_places = len(self._tally.highest)
            totals = np.pad(totals, (0, n_places - len(totals)))
            counts = column(batch, "count") if "count" in batch.schema.names else None
            if n_places == 1:
                totals[0] += batch.num_rows if counts is None else int(counts.sum(dtype=np.int64))
            else:
                totals += np.bincount(place, counts, n_places).astype(np.int64)
        return totals.tolist()

    def _scan_potentials(self) -> RecordedTally:
        found = RecordedTally()
        if self.potentials is not None:
            for batch in self.potentials.order.scan():
                self._ends_us.append(int(column(batch, "time_us").max()))
                place, neuron = self._tally.add(self.potentials, batch)
                found.add(column(batch, "variable"), place, neuron)
            self._ends_us[:] = [max(self._ends_us)] if self._ends_us else []
        return found

    def _streams(
        self, layers: Sequence[Layer], values: RecordedTally
    ) -> tuple[tuple[PotentialStream, ...], dict[str, int]]:
        if self.potentials is None:
            return (), {}
        self._tally.check(self.potentials)
        streams: list[PotentialStream] = []
        totals: dict[str, int] = {}
        for (variable, place), total in sorted(values.totals.items()):
            name, layer = self.potentials.variables.names[variable], layers[place].name
            ids = self.recorded[name, layer] = values.neurons(variable, place)
            totals[f"{name}/{layer}"] = total
            said = self._described.variable(name, layer)
            if said is None:
                self._findings.notes.append(
                    f"the unit of {name!r} in {layer!r} is not said: its numbers are kept as they are"
                )
            streams.append(
                PotentialStream(
                    variable=name,
                    layer=layer,
                    unit=said.unit if said else "1",
                    n_recorded=len(ids),
                    sampling_period_us=said.sampling_period_us if said else None,
                )
            )
        return tuple(streams), totals

    # -- network ---------------------------------------------------------------------------------------------

    def _read_synapses(self, names: list[str]) -> dict[str, Synapses]:
        if "synapses" in self._files:
            return read_synapses(ColumnFile(self._files["synapses"]), names)
        if names:
            raise InvalidInput(
                f"header.json names the projection {names[0]!r}; there are no synapses.",
                hint="Give a file synapses.parquet with the columns projection, pre, post.",
                where=str(self._path),
            )
        return {}

    def _tell(self, rows: Rows) -> None:
        file, order, rounding = rows.file.path.name, rows.order, rows.rounding
        self._findings.reduced(
            f"rows of {file} in time order",
            order.rows - order.out_of_order,
            order.rows,
            "the others step back in time; the file was sorted",
        )
        if rounding is not None:
            self._findings.reduced(
                f"times of {file} that were whole microseconds",
                rounding.total - rounding.moved,
                rounding.total,
                f"the others were rounded to the nearest, by at most {rounding.largest_us:.3g} us",
            )
        rows.rounding = None
