"""The selected neurons as modules get them: in the order of selection, a layer's ids as one array."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import overload

import numpy as np

from synaptarium.schemas.neuron_text import I64, NeuronGroup, in_layer, layer_size, text_to_neurons
from synaptarium.schemas.recording import Recording
from synaptarium.schemas.view_state import NeuronRef, Neurons


class Selection(Sequence[NeuronRef]):
    """Neurons of a recording, the one selected last at the end; as large as the recording without an object for each.

    Parameters
    ----------
    groups : sequence of (str, (n,) int64)
        Layers and ids within them, in the order of selection.

    Examples
    --------
    >>> chosen = Selection((("a", np.array([4, 2])), ("b", np.array([7]))))
    >>> len(chosen), chosen[-1].layer, chosen.of("a").tolist()
    (3, 'b', [4, 2])
    """

    def __init__(self, groups: Sequence[NeuronGroup] = ()) -> None:
        self._groups = tuple((layer, ids) for layer, ids in groups if len(ids))
        self._ends = np.cumsum([len(ids) for _, ids in self._groups], dtype=np.int64)

    @classmethod
    def read(cls, given: Neurons, recording: Recording) -> Selection:
        """Return what a request names; raises UnknownLayer, NeuronOutOfRange or InvalidInput."""
        sizes = {layer.name: layer.neurons for layer in recording.header.layers}
        if isinstance(given, str):
            return cls(text_to_neurons(given, sizes))
        groups: list[tuple[str, list[int]]] = []
        for ref in given:
            if not groups or groups[-1][0] != ref.layer:
                groups.append((ref.layer, []))
            groups[-1][1].append(ref.neuron)
        arrays = [(layer, np.array(ids, np.int64)) for layer, ids in groups]
        for layer, ids in arrays:
            in_layer(layer, ids, layer_size(layer, sizes))
        return cls(arrays)

    def of(self, layer: str) -> I64:
        """Return the ids of a layer's selected neurons, each once, in the order of selection."""
        own = [ids for name, ids in self._groups if name == layer]
        if not own:
            return np.empty(0, np.int64)
        ids = own[0] if len(own) == 1 else np.concatenate(own)
        if len(ids) > 1 and not (np.diff(ids) > 0).all():
            _, first = np.unique(ids, return_index=True)
            ids = ids[np.sort(first)]
        return ids

    @property
    def layers(self) -> tuple[str, ...]:
        """Names of the layers that have selected neurons, that of the last one first."""
        return tuple(dict.fromkeys(layer for layer, _ in reversed(self._groups)))

    def __len__(self) -> int:
        return int(self._ends[-1]) if len(self._ends) else 0

    def __iter__(self) -> Iterator[NeuronRef]:
        for layer, ids in self._groups:
            for id in ids.tolist():
                yield NeuronRef(layer=layer, neuron=id)

    def __reversed__(self) -> Iterator[NeuronRef]:
        for layer, ids in reversed(self._groups):
            for id in reversed(ids.tolist()):
                yield NeuronRef(layer=layer, neuron=id)

    @overload
    def __getitem__(self, at: int) -> NeuronRef: ...
    @overload
    def __getitem__(self, at: slice) -> tuple[NeuronRef, ...]: ...
    def __getitem__(self, at: int | slice) -> NeuronRef | tuple[NeuronRef, ...]:
        if isinstance(at, slice):
            return tuple(self[one] for one in range(*at.indices(len(self))))
        place = at if at >= 0 else at + len(self)
        if not 0 <= place < len(self):
            raise IndexError(f"{len(self)} neurons are selected; number {at} was asked for")
        group = int(np.searchsorted(self._ends, place, side="right"))
        layer, ids = self._groups[group]
        return NeuronRef(layer=layer, neuron=int(ids[place - int(self._ends[group])]))
