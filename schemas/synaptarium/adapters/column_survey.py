"""The first pass over files of columns: what layers, variables, classes, counts, bin and span they make."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import isqrt
from pathlib import Path
from typing import Any, cast

import msgspec
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from synaptarium.adapters import checks
from synaptarium.adapters.base import Synapses
from synaptarium.adapters.column_file import ColumnFile
from synaptarium.adapters.column_header import Description, LayerEntry
from synaptarium.adapters.column_network import NeuronTable, read_synapses
from synaptarium.adapters.column_rows import (
    ImageRows,
    MetricRows,
    PotentialRows,
    Rows,
    SpikeRows,
    StimulusRows,
    WeightRows,
)
from synaptarium.adapters.column_tally import LayerTally, RecordedTally
from synaptarium.adapters.findings import Findings
from synaptarium.adapters.times import DEFAULT_BIN_US, TimeGrid
from synaptarium.schemas.errors import InvalidInput
from synaptarium.schemas.recording import (
    Counts,
    Header,
    Layer,
    PotentialStream,
    Projection,
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
        projections = self._projections(layers)
        n_weights = self._scan_weights(projections)
        classes, stimuli_stop_us = self._scan_stimuli()
        n_metrics = self._scan_metrics()
        n_images, image_shape = self._scan_images()
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
            grid.add(_column(batch, "time_us"))
            place, _ = self._tally.add(self.spikes, batch)
            n_places = len(self._tally.highest)
            totals = np.pad(totals, (0, n_places - len(totals)))
            counts = _column(batch, "count") if "count" in batch.schema.names else None
            if n_places == 1:
                totals[0] += batch.num_rows if counts is None else int(counts.sum(dtype=np.int64))
            else:
                totals += np.bincount(place, counts, n_places).astype(np.int64)
        return totals.tolist()

    def _scan_potentials(self) -> RecordedTally:
        found = RecordedTally()
        if self.potentials is not None:
            for batch in self.potentials.order.scan():
                self._ends_us.append(int(_column(batch, "time_us").max()))
                place, neuron = self._tally.add(self.potentials, batch)
                found.add(_column(batch, "variable"), place, neuron)
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

    def _scan_weights(self, projections: Sequence[Projection]) -> dict[str, int]:
        totals = {one.name: 0 for one in projections}
        rows = self.weights
        if rows is None:
            return totals
        last_us = None
        for batch in rows.order.scan():
            last_us = max(last_us or 0, int(_column(batch, "time_us").max()))
            place, synapse = _column(batch, "place"), _column(batch, "synapse")
            if len(rows.projections.names) > len(projections):
                foreign = rows.projections.names[len(projections)]
                checks.known(foreign, totals, "projection", rows.file.path.name)
            for index in np.flatnonzero(np.bincount(place)).tolist():
                mine = synapse if len(projections) == 1 else synapse[place == index]
                one = projections[index]
                checks.ids_below(
                    mine, one.synapses, f"Projection {one.name!r}", "synapse", rows.file.path.name
                )
                totals[one.name] += len(mine)
        self._ends_us += [] if last_us is None else [last_us]
        return totals

    def _scan_stimuli(self) -> tuple[tuple[str, ...], int | None]:
        used: set[str] = set() if self.neurons is None else set(self.neurons.labels)
        stop_us = None
        if self.stimuli is not None:
            for batch in self.stimuli.order.scan():
                starts_us, stops_us = _column(batch, "t_start_us"), _column(batch, "t_stop_us")
                if bool((stops_us <= starts_us).any()):
                    row = int(np.flatnonzero(stops_us <= starts_us)[0])
                    raise InvalidInput(
                        f"A stimulus starts at {starts_us[row]} us and ends at {stops_us[row]} us.",
                        hint="t_stop lies after t_start.",
                        where=str(self.stimuli.file.path),
                    )
                stop_us = max(stop_us or 0, int(stops_us.max()), int(starts_us.max()) + 1)
                for name in self.stimuli.texts:
                    used |= {one for one in batch.column(name).unique().to_pylist() if one is not None}
        given = self._described.classes
        if given and used - set(given):
            raise InvalidInput(
                f"The classes are {', '.join(given)}; the label {sorted(used - set(given))[0]!r} is none of them.",
                hint="List every label in classes, or leave classes out.",
                where="header.json",
            )
        whole = all(name.lstrip("-").isdigit() for name in used)
        return given or tuple(sorted(used, key=int) if whole else sorted(used)), stop_us

    def _scan_metrics(self) -> dict[str, int]:
        totals: dict[str, int] = {}
        if self.metrics is not None:
            for batch in self.metrics.order.scan():
                self._ends_us.append(int(_column(batch, "time_us").max()))
                for entry in cast("list[dict[str, Any]]", batch.column("name").value_counts().to_pylist()):
                    totals[entry["values"]] = totals.get(entry["values"], 0) + entry["counts"]
        return totals

    def _scan_images(self) -> tuple[int, tuple[int, int] | None]:
        if self.images is None:
            return 0, None
        n, shape = 0, self._described.image_shape
        for batch in self.images.read():
            n += batch.num_rows
            if shape is None:
                n_pixels = len(batch.column("pixels")[0].as_py())
                side = isqrt(n_pixels)
                if side * side != n_pixels:
                    raise InvalidInput(
                        f"The images of {self.images.file.path.name} have {n_pixels} pixels, which is no square.",
                        hint='Say their height and width in header.json: "image_shape": [28, 20].',
                        where=str(self.images.file.path),
                    )
                shape = (side, side)
                self._findings.notes.append(f"images of {n_pixels} pixels are {side}x{side}: a guess")
        return n, shape if n else None

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

    def _projections(self, layers: Sequence[Layer]) -> tuple[Projection, ...]:
        sizes = {layer.name: layer.neurons for layer in layers}
        found: list[Projection] = []
        for one in self._described.projections:
            for end in (one.source, one.target):
                checks.known(end, sizes, "layer", "header.json")
            pre, post, delays = self.synapses[one.named]
            for ids, layer in ((pre, one.source), (post, one.target)):
                checks.ids_below(
                    ids, sizes[layer], f"Layer {layer!r}", "neuron", self._files["synapses"].name
                )
            found.append(
                Projection(
                    name=one.named,
                    source=one.source,
                    target=one.target,
                    kind="explicit",
                    synapses=len(pre),
                    target_neurons=sizes[one.target],
                    learning_rule=one.learning_rule,
                    delays=delays is not None,
                )
            )
        return tuple(found)

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


def _column(batch: pa.RecordBatch, name: str) -> NDArray[Any]:
    return batch.column(name).to_numpy(zero_copy_only=False)
