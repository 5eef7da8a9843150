"""VS2N's network: layers by ``info`` and ``archi``, names matched, and where weights come from."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from math import isqrt
from typing import Any

import numpy as np
from numpy.typing import NDArray

from synaptarium.adapters.findings import Findings
from synaptarium.adapters.vs2n_documents import number, numbers
from synaptarium.schemas.errors import NeuronOutOfRange, UnknownLayer


class Vs2nNetwork:
    """Layers by name, in order, with what ``info`` and ``archi`` say of them.

    Parameters
    ----------
    info : mapping
        The document with ``L:N``.
    archi : sequence of mapping
        Its documents; may be empty.
    layer_names : mapping of str to str
        Name found -> layer meant, as the user asks.
    findings : Findings
        Receives every decision.
    """

    def __init__(
        self,
        info: Mapping[str, Any],
        archi: Sequence[Mapping[str, Any]],
        layer_names: Mapping[str, str],
        findings: Findings,
    ) -> None:
        self.findings = findings
        self.layer_names = layer_names
        self.renamed: dict[str, str] = {}
        self.types: dict[str, str] = {}
        self.sizes = {str(name): int(number(n, "info.L:N")) for name, n in info["L:N"].items()}
        for row in (one for document in archi for one in document.get("Layers", [])):
            name, n = str(row.get("L", "")), int(number(row.get("N", 0), "archi.Layers.N"))
            same = self.match(name)
            if same is None:
                self.sizes[name] = n
                findings.notes.append(f"the layer {name!r} is in archi and not in info: it is kept")
            elif self.sizes[same] != n:
                findings.notes.append(
                    f"archi gives {name!r} {n} neurons, info {self.sizes[same]}: info is followed"
                )
            self.types[same or name] = str(row.get("NT", ""))
        self.connections = [
            {key: str(row.get(key, "")) for key in ("pre", "post", "lr", "trans")}
            for document in archi
            for row in document.get("Synapses", [])
        ]
        if not archi:
            findings.notes.append(
                "there is no archi: the topology is inferred, each layer from the one before it"
            )

    def match(self, name: str) -> str | None:
        """Return the layer that a name means: itself, as asked, or equal but for case, spaces and underscores."""
        name = self.layer_names.get(name, name)
        if name in self.sizes:
            return name
        fitting = [layer for layer in self.sizes if _normal(layer) == _normal(name)]
        if len(fitting) == 1:
            self.renamed[name] = fitting[0]
            return fitting[0]
        return None

    def layer_of(self, name: str, collection: str) -> str:
        """Return the layer that a document's name means; raises UnknownLayer."""
        layer = self.match(name)
        if layer is None:
            raise UnknownLayer(
                f"The collection {collection!r} names the layer {name!r}, which neither info nor archi has.",
                hint=f"Layers: {', '.join(map(repr, self.sizes))}. If one of them is meant, say so with the option "
                f"layer_names={name}=NAME.",
                where=self.findings.where,
            )
        return layer

    def source_of(self, target: str, largest: int) -> tuple[str, dict[str, str] | None]:
        """Decide which layer the weights of ``target`` come from: documents name the postsynaptic layer only."""
        named = [
            (source, row)
            for row in self.connections
            if self.match(row["post"]) == target
            and (source := self.match(row["pre"])) is not None
            and self.sizes[source] > largest
        ]
        learning = [(source, row) for source, row in named if row["lr"] not in {"", "None"}]
        for candidates in (learning, named):
            if len({source for source, _ in candidates}) == 1:
                return candidates[0]
        order = list(self.sizes)
        before = [name for name in reversed(order[: order.index(target)]) if self.sizes[name] > largest]
        if not before:
            raise NeuronOutOfRange(
                f"The weights of layer {target!r} come from neuron {largest}; no layer before it has so many neurons.",
                hint="info.L:N lists the layers in order, the input first.",
                where=self.findings.where,
            )
        self.findings.notes.append(
            f"that the weights of {target!r} come from {before[0]!r} is a guess, by the layers' order"
        )
        return before[0], None

    def tell_unserved(self, served: Sequence[dict[str, str]]) -> None:
        unserved = [row for row in self.connections if row not in served]
        if unserved:
            listed = ", ".join(
                f"{row['pre']} -> {row['post']} ({row['trans'] or 'no detail'})" for row in unserved
            )
            self.findings.reduced(
                "connections named in archi",
                len(self.connections) - len(unserved),
                len(self.connections),
                f"synapseWeight has no synapses of the others: {listed}",
            )

    def shapes(self, index: Any, sources: Sequence[str]) -> dict[str, tuple[int, int]]:
        """Guess the shape of the input layer: the first one, if it is called so or weights come from it."""
        first = next(iter(self.sizes))
        n = self.sizes[first]
        if "input" not in _normal(first) and first not in sources:
            return {}
        width = _index_width(index, n) if first in sources else None
        side = isqrt(n)
        if width is not None:
            self.findings.notes.append(
                f"{first!r} is drawn as {n // width}x{width}: a guess, as the weights' index has it"
            )
            return {first: (n // width, width)}
        if side * side == n:
            self.findings.notes.append(f"{first!r} is drawn as {side}x{side}: a guess, for {n} is a square")
            return {first: (side, side)}
        return {}

    def checked_ids(self, ids: NDArray[Any], layer: str, collection: str) -> NDArray[Any]:
        """Return neuron ids of a layer as they are; raises NeuronOutOfRange."""
        n = self.sizes[layer]
        bad = np.flatnonzero(~((ids >= 0) & (ids < n) & (ids == np.rint(ids))))
        if bad.size:
            raise NeuronOutOfRange(
                f"The collection {collection!r} has neuron {ids[bad[0]]:g} of layer {layer!r}, which has {n} neurons "
                f"({bad.size} such documents).",
                hint="Neuron ids start at 0 in each layer; info.L:N gives the number of neurons.",
                where=self.findings.where,
            )
        return ids


def _normal(name: str) -> str:
    return re.sub(r"[\s_-]+", "", name).lower()


def _index_width(index: Any, n: int) -> int | None:
    """Return the width w for which every document has C = x * w + y, or None."""
    if index is None:
        return None
    pairs = [(c, one) for c, one in zip(*index, strict=True) if one is not None]
    if not pairs:
        return None
    get = (lambda one, key: one.get(key)) if isinstance(pairs[0][1], dict) else getattr
    where = "synapseWeight.index"
    neuron = numbers([c for c, _ in pairs], where)
    x = numbers([get(one, "x") for _, one in pairs], where)
    y = numbers([get(one, "y") for _, one in pairs], where)
    below = x > 0
    if not below.any():
        return None
    width = int((neuron[below][0] - y[below][0]) // x[below][0])
    fits = width > 0 and n % width == 0 and bool((neuron == x * width + y).all()) and bool((y < width).all())
    return width if fits else None
