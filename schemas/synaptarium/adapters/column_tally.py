"""Counts of rows by layer, batch by batch, while layers and their sizes may still be unknown."""

from __future__ import annotations

from typing import Any

import msgspec
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from synaptarium.adapters import checks
from synaptarium.adapters.column_header import LayerEntry
from synaptarium.adapters.column_rows import Names, NeuronRows
from synaptarium.adapters.layer_list import numbered_layers
from synaptarium.schemas.errors import NeuronOutOfRange
from synaptarium.schemas.recording import Layer


class LayerTally:
    """The layers that rows name, with the highest neuron of each.

    Parameters
    ----------
    entries : tuple of LayerEntry
        The layers where they are described; none where the rows decide.
    """

    def __init__(self, entries: tuple[LayerEntry, ...]) -> None:
        self._entries = entries
        self.names = Names([entry.name for entry in entries])
        self.highest = np.zeros(max(1, len(entries)), np.int64) - 1
        #: By layer, where the rows decide: ids that start far from 0 are those of a whole simulation.
        self.lowest: dict[int, int] = {}
        known = self.layers() if entries else ()
        self._offsets = np.array([layer.offset for layer in known] or [0], np.int64)
        self._sizes = np.array([layer.neurons for layer in known], np.int64)

    def add(self, rows: NeuronRows, batch: pa.RecordBatch) -> tuple[Any, NDArray[Any]]:
        """Return each row's layer (a place, or 0 for all of them) and its neuron in that layer.

        Raises
        ------
        UnknownLayer, NeuronOutOfRange
            Where layers are described: a row names another, or a neuron beyond its layer.
        """
        neuron: NDArray[Any] = batch.column("neuron").to_numpy()
        if rows.names_layers:
            place: Any = batch.column("place").to_numpy()
            if self._entries and len(self.names.names) > len(self._entries):
                self._foreign(rows)
        elif len(self._offsets) == 1:
            place = 0
        else:
            place = np.searchsorted(self._offsets, neuron, side="right") - 1
            neuron = neuron - self._offsets[place]
        missing = len(self.names.names) - len(self.highest)
        if missing > 0:
            self.highest = np.pad(self.highest, (0, missing), constant_values=-1)
        largest = int(neuron.max())
        if rows.names_layers and not self._entries:
            self._see_lowest(place, neuron)
        if len(self.highest) == 1:
            self.highest[0] = max(int(self.highest[0]), largest)
            return 0, neuron
        # Where even the smallest layer has that neuron, no row need be looked at.
        if not len(self._sizes) or largest >= self._sizes.min():
            np.maximum.at(self.highest, place, neuron)
        return place, neuron

    def _see_lowest(self, place: Any, neuron: NDArray[Any]) -> None:
        places = np.broadcast_to(np.asarray(place), neuron.shape)
        lowest = np.full(len(self.highest), np.iinfo(np.int64).max)
        np.minimum.at(lowest, places, neuron.astype(np.int64))
        for one in np.unique(places).tolist():
            self.lowest[one] = min(int(lowest[one]), self.lowest.get(one, int(lowest[one])))

    def see(self, name: str, neuron: int) -> None:
        """Take a layer's highest neuron from elsewhere, where the rows decide."""
        place = self.names.place(name)
        if place >= len(self.highest):
            self.highest = np.pad(self.highest, (0, place + 1 - len(self.highest)), constant_values=-1)
        self.highest[place] = max(int(self.highest[place]), neuron)

    def layers(self) -> tuple[Layer, ...]:
        """Return the layers: those described, or those met, each ending with its highest neuron."""
        if self._entries:
            named = numbered_layers((entry.name, entry.sides()) for entry in self._entries)
            return tuple(
                msgspec.structs.replace(one, cell_type=entry.cell_type)
                for one, entry in zip(named, self._entries, strict=True)
            )
        names = self.names.names or ["neurons"]
        sizes = [max(1, found + 1) for found in self.highest.tolist()]
        return numbered_layers((name, (size,)) for name, size in zip(names, sizes, strict=False))

    def check(self, rows: NeuronRows) -> None:
        """Raise NeuronOutOfRange where a row named a neuron that its layer does not have."""
        for layer, found in zip(self.layers(), self.highest.tolist(), strict=True):
            if found >= layer.neurons:
                raise NeuronOutOfRange(
                    f"Layer {layer.name!r} has {layer.neurons} neurons; {rows.file.path.name} has "
                    f"{'spikes' if rows.file.path.stem != 'potentials' else 'values'} of neuron {found}.",
                    hint="Neuron ids start at 0, in each layer where rows name one, else through all layers in order.",
                    where=str(rows.file.path),
                )

    def _foreign(self, rows: NeuronRows) -> None:
        known = len(self._entries)
        checks.known(self.names.names[known], self.names.names[:known], "layer", rows.file.path.name)


class RecordedTally:
    """Which neurons have values of which variable, and how many."""

    def __init__(self) -> None:
        self.totals: dict[tuple[int, int], int] = {}
        self._seen: dict[tuple[int, int], NDArray[np.bool_]] = {}

    def add(self, variable: NDArray[np.int32], place: Any, neuron: NDArray[Any]) -> None:
        """Take rows: the places of their variable and layer, and their neuron in it."""
        places = np.broadcast_to(np.asarray(place, np.int64), neuron.shape)
        key = places * (1 << 20) + variable
        for one in np.unique(key).tolist():
            mine = neuron[key == one]
            pair = (one & ((1 << 20) - 1), one >> 20)
            self.totals[pair] = self.totals.get(pair, 0) + len(mine)
            seen = self._seen.get(pair, np.zeros(0, np.bool_))
            if int(mine.max()) >= len(seen):
                seen = np.pad(seen, (0, int(mine.max()) + 1 - len(seen)))
            seen[mine] = True
            self._seen[pair] = seen

    def neurons(self, variable: int, place: int) -> NDArray[np.uint32]:
        """Return the sorted neurons of a layer that have values of a variable."""
        return np.flatnonzero(self._seen[variable, place]).astype(np.uint32)
