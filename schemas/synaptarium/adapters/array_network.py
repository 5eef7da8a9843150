"""The network of a recording from plain arrays: layers, then the projections between them, every array checked."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from synaptarium.adapters import checks
from synaptarium.adapters.array_inputs import LayerArrays, ProjectionArrays
from synaptarium.adapters.base import NeuronLabels, Synapses
from synaptarium.adapters.conversions import positions_of, whole_number
from synaptarium.schemas.errors import InvalidInput
from synaptarium.schemas.recording import Layer, Projection


class ArrayNetwork:
    """Layers and projections by name, and their arrays.

    Parameters
    ----------
    layers : iterable of LayerArrays or dict
        In order, at least one.
    projections : iterable of ProjectionArrays or dict
        Between those layers, or decoders of one.
    """

    def __init__(
        self,
        layers: Iterable[LayerArrays | Mapping[str, Any]],
        projections: Iterable[ProjectionArrays | Mapping[str, Any]],
    ) -> None:
        self.layers: dict[str, Layer] = {}
        self.projections: dict[str, Projection] = {}
        self.positions: dict[str, NDArray[np.float32]] = {}
        self.labels: dict[str, NeuronLabels] = {}
        self.synapses: dict[str, Synapses] = {}
        self._add_layers(layers)
        self._add_projections(projections)

    def layer(self, name: str, where: str) -> Layer:
        """Return a layer; raises UnknownLayer, naming those that exist."""
        return self.layers[checks.known(name, self.layers, "layer", where)]

    def _add_layers(self, layers: Iterable[LayerArrays | Mapping[str, Any]]) -> None:
        offset = 0
        for index, given in enumerate(layers):
            layer = checks.fields_of(given, LayerArrays, f"layers[{index}]")
            where = f"layer {layer.name!r}"
            if layer.name in self.layers:
                raise InvalidInput(
                    f"Two layers are named {layer.name!r}.", hint="Layer names are unique.", where=where
                )
            if layer.neurons is None and layer.shape is None:
                raise InvalidInput(
                    f"Layer {layer.name!r} has neither neurons nor a shape.",
                    hint="Give one of them.",
                    where=where,
                )
            shape = (layer.neurons,) if layer.shape is None else tuple(layer.shape)
            sides = tuple(whole_number(side, f"{where}.shape") for side in shape)
            product = int(np.prod(sides))
            neurons = product if layer.neurons is None else whole_number(layer.neurons, f"{where}.neurons")
            if neurons != product or neurons < 1:
                raise InvalidInput(
                    f"Layer {layer.name!r} has {neurons} neurons and the shape {sides}.",
                    hint="A layer has at least one neuron, and the product of its shape is their number.",
                    where=where,
                )
            if layer.positions is not None:
                self.positions[layer.name] = positions_of(layer.positions, neurons, where)
            if layer.labels is not None:
                self.labels[layer.name] = self._labels(layer, neurons, where)
            self.layers[layer.name] = Layer(
                name=layer.name,
                neurons=neurons,
                shape=sides,
                offset=offset,
                cell_type=layer.cell_type,
                neuron_type=layer.neuron_type,
                positions=layer.positions is not None,
            )
            offset += neurons
        if not self.layers:
            raise InvalidInput("There are no layers.", hint="A recording needs at least one.", where="layers")

    def _labels(self, layer: LayerArrays, neurons: int, where: str) -> NeuronLabels:
        if not layer.labels_method:
            raise InvalidInput(
                f"Layer {layer.name!r} has labels without a method.",
                hint="Say in labels_method how they were found, e.g. 'class of maximal response over the last 250'.",
                where=where,
            )
        labels = checks.numbers(layer.labels, f"{where}.labels")
        if labels.shape != (neurons,) or labels.dtype.kind not in "iu" or (labels < -1).any():
            raise InvalidInput(
                f"Layer {layer.name!r} has {neurons} neurons and {labels.size} labels of type {labels.dtype}.",
                hint="Give one integer for each neuron: the index of its class, or -1.",
                where=where,
            )
        return labels.astype(np.int32), layer.labels_method

    def _add_projections(self, projections: Iterable[ProjectionArrays | Mapping[str, Any]]) -> None:
        for index, given in enumerate(projections):
            one = checks.fields_of(given, ProjectionArrays, f"projections[{index}]")
            name = one.name or f"{one.source} -> {one.target}"
            where = f"projection {name!r}"
            if name in self.projections:
                raise InvalidInput(
                    f"Two projections are named {name!r}.", hint="Give each a name.", where=where
                )
            source = self.layer(one.source, where)
            if one.dimensions is None:
                n_post, owner, noun = (
                    self.layer(one.target, where).neurons,
                    f"Layer {one.target!r}",
                    "neuron",
                )
            else:
                n_post, owner, noun = (
                    whole_number(one.dimensions, f"{where}.dimensions"),
                    f"Decoder {name!r}",
                    "dimension",
                )
            if (one.pre is None) != (one.post is None):
                raise InvalidInput(
                    f"Projection {name!r} has only one of pre and post.",
                    hint="Give both, or neither for all to all.",
                    where=where,
                )
            if one.pre is None:
                pre = np.tile(np.arange(source.neurons, dtype=np.uint32), n_post)
                post = np.repeat(np.arange(n_post, dtype=np.uint32), source.neurons)
            else:
                pre = checks.ids_below(
                    one.pre, source.neurons, f"Layer {source.name!r}", "neuron", f"{where}.pre"
                )
                post = checks.ids_below(one.post, n_post, owner, noun, f"{where}.post")
                checks.same_length({"pre ids": pre, "post ids": post}, where)
            delays = None
            if one.delays_ms is not None:
                delays = checks.numbers(one.delays_ms, f"{where}.delays_ms").astype(np.float32)
                checks.same_length({"synapses": pre, "delays": delays}, where)
                if not np.isfinite(delays).all() or (delays < 0).any():
                    raise InvalidInput(
                        f"Projection {name!r} has a delay that is negative or not a number.",
                        hint="Delays are milliseconds, 0 or more.",
                        where=f"{where}.delays_ms",
                    )
            self.synapses[name] = (pre, post, delays)
            self.projections[name] = Projection(
                name=name,
                source=source.name,
                target=one.target,
                kind="explicit" if one.dimensions is None else "decoder",
                synapses=len(pre),
                target_neurons=n_post,
                learning_rule=one.learning_rule,
                delays=delays is not None,
            )
