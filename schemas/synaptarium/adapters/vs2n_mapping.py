"""From VS2N's documents to a source: units, names, topology and labels decided, and every decision told."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import isqrt
from typing import Any

import numpy as np
from numpy.typing import NDArray

from synaptarium.adapters.array_inputs import (
    LayerArrays,
    PotentialArrays,
    ProjectionArrays,
    SpikeArrays,
    StimulusArrays,
    WeightArrays,
)
from synaptarium.adapters.array_source import ArraySource
from synaptarium.adapters.arrays import arrays_source
from synaptarium.adapters.times import Rounding, microseconds, unit_us
from synaptarium.adapters.vs2n_documents import OPTIONAL, REQUIRED, Documents, number, numbers
from synaptarium.schemas.errors import InvalidInput, InvalidTime, NeuronOutOfRange, UnknownLayer
from synaptarium.schemas.recording import Accounting

#: Collections whose ends differ by more than this factor are not in one unit.
_IMPLAUSIBLE = 1_000


@dataclass(frozen=True)
class Vs2nOptions:
    """What a user may decide in place of the adapter.

    Parameters
    ----------
    time_unit : str
        ``"s"``, ``"ms"`` or ``"us"`` for all collections; empty: decided per collection.
    layer_names : mapping of str to str
        Name found in the documents -> layer that is meant.
    """

    time_unit: str = ""
    layer_names: Mapping[str, str] = field(default_factory=dict[str, str])


@dataclass
class _Table:
    """One collection as columns; ``layer`` is a code in ``names``."""

    time: NDArray[Any]
    layer: NDArray[np.int64]
    names: list[str]
    columns: dict[str, NDArray[Any]]
    extra: dict[str, Any]


@dataclass(frozen=True)
class _Network:
    """Layers by name, in order, with what ``info`` and ``archi`` say of them."""

    sizes: dict[str, int]
    types: dict[str, str]
    connections: list[dict[str, str]]


def vs2n_source(documents: Documents, options: Vs2nOptions | None = None) -> ArraySource:
    """Return the source of a VS2N database.

    Parameters
    ----------
    documents : Documents
        A folder or a MongoDB database.
    options : Vs2nOptions or None
        A unit of time and layer names that override what the adapter finds.

    Raises
    ------
    InvalidInput
        A required collection is missing, or a document does not fit.
    InvalidTime
        Collections in different units, or a time that is negative or no number.
    UnknownLayer
        Documents name a layer that neither ``info`` nor ``archi`` has.
    NeuronOutOfRange
        An id beyond its layer.
    """
    return _Reading(documents, options or Vs2nOptions()).source()


class _Reading:
    """Reads one database and keeps what has to be told."""

    def __init__(self, documents: Documents, options: Vs2nOptions) -> None:
        self.documents = documents
        self.options = options
        self.where = documents.where
        self.notes: list[str] = []
        self.accounting: list[Accounting] = []
        self.rounding = Rounding()
        self.renamed: dict[str, str] = {}

    def source(self) -> ArraySource:
        self._check_collections()
        info, result = self._info()
        network = self._network(info)
        spikes, potentials, weights = self._spikes(), self._potentials(), self._weights()
        labels = self._label_rows()
        scales = self._scales(
            {
                "spikes": spikes.time,
                "potential": potentials.time,
                "synapseWeight": weights.time,
                "labels": labels[0],
            }
        )
        spike_us = self._times(spikes, scales, "spikes")
        potential_us = self._times(potentials, scales, "potential")
        weight_us = self._times(weights, scales, "synapseWeight")
        label_us = microseconds(labels[0], scales["labels"], "labels.T", self.rounding)
        stimuli = self._stimuli(label_us, labels[1], labels[2], spike_us)
        self._input_disagreement(spikes, spike_us, stimuli)
        projections, weight_arrays = self._projections(network, weights, weight_us)
        shapes = self._shapes(network, weights, [one.source for one in projections])
        classes, neuron_labels = self._neuron_labels(network, result, stimuli)
        layers = [
            LayerArrays(
                name,
                neurons=n,
                shape=shapes.get(name),
                cell_type="input" if name in shapes else "",
                neuron_type=network.types.get(name, ""),
                labels=neuron_labels.get(name),
                labels_method="VS2N's NLabel, computed by its collector" if name in neuron_labels else "",
            )
            for name, n in network.sizes.items()
        ]
        if self.rounding.moved:
            self.accounting.append(
                Accounting(
                    what="times that were whole microseconds",
                    kept=self.rounding.total - self.rounding.moved,
                    total=self.rounding.total,
                    why=f"the others were rounded to the nearest, by at most {self.rounding.largest_us:.3g} us",
                )
            )
        return arrays_source(
            str(info.get("n") or self.where.rstrip("/").rsplit("/", 1)[-1]),
            layers=layers,
            time_unit="us",
            projections=projections,
            spikes=self._spike_arrays(network, spikes, spike_us),
            potentials=self._potential_arrays(network, potentials, potential_us),
            weights=weight_arrays,
            stimuli=stimuli,
            classes=classes,
            format="vs2n",
            details=self._details(info, result),
            notes=[*self._renamings(), *self.notes],
            accounting=self.accounting,
        )

    # -- collections and units -------------------------------------------------------------------------------

    def _check_collections(self) -> None:
        found = self.documents.collections()
        missing = [name for name in REQUIRED if name not in found]
        if missing:
            listed = " and ".join(repr(name) for name in missing)
            raise InvalidInput(
                f"{self.where!r} is a VS2N database without {listed}; found: {', '.join(found) or 'nothing'}.",
                hint="VS2N needs info, spikes, potential and synapseWeight. If the run recorded nothing of one of "
                "them, an empty collection (an empty .jsonl file) says so.",
                where=self.where,
            )
        foreign = [name for name in found if name not in (*REQUIRED, *OPTIONAL)]
        if foreign:
            self.notes.append(f"not read, for they are not VS2N's: {', '.join(foreign)}")

    def _info(self) -> tuple[dict[str, Any], dict[str, Any]]:
        rows = self.documents.small("info")
        described = [row for row in rows if isinstance(row.get("L:N"), dict)]
        if not described:
            raise InvalidInput(
                f"The collection 'info' of {self.where!r} has no document with 'L:N' ({len(rows)} documents found).",
                hint='\'L:N\' gives each layer\'s number of neurons: {"Input": 784, "Layer1": 100}.',
                where=self.where,
            )
        if len(described) > 1:
            self.notes.append(f"info describes {len(described)} networks: the first one is read")
        results = [row for row in rows if "NLabel" in row or "MaxS" in row]
        if len(results) > 1:
            self.notes.append(f"info has {len(results)} results: the last one is read")
        return described[0], results[-1] if results else {}

    def _scales(self, times: Mapping[str, NDArray[Any]]) -> dict[str, float]:
        """Return the microseconds per unit of each collection: doubles are seconds, integers microseconds."""
        if self.options.time_unit:
            self.notes.append(f"times are read in {self.options.time_unit}, as asked")
            return dict.fromkeys(times, unit_us(self.options.time_unit))
        units = {name: "us" if time.dtype.kind == "i" and time.size else "s" for name, time in times.items()}
        ends = {name: float(np.nanmax(time, initial=0)) for name, time in times.items()}
        fractional = [
            name for name, time in times.items() if time.dtype.kind == "f" and (time != np.rint(time)).any()
        ]
        reference = max(fractional or ["spikes"], key=lambda name: ends[name])
        whole = [name for name in times if name not in fractional]
        end_us = ends[reference] * unit_us(units[reference])
        for name in whole:
            if name == reference or not ends[name] or not end_us:
                continue
            ratio = ends[name] * unit_us(units[name]) / end_us
            other = "us" if units[name] == "s" else "s"
            if not 1 / _IMPLAUSIBLE < ratio < _IMPLAUSIBLE:
                turned = ends[name] * unit_us(other) / end_us
                if 1 / _IMPLAUSIBLE < turned < _IMPLAUSIBLE:
                    self.notes.append(
                        f"times of {name} are whole numbers that as {units[name]} end {ratio:.3g} times as late as "
                        f"{reference}: they are read in {other}"
                    )
                    units[name] = other
        used = sorted({units[name] for name, time in times.items() if time.size})
        by_type = {"s": "seconds, for they are doubles", "us": "microseconds, for they are integers"}
        if len(used) == 1:
            self.notes.append(f"times are {by_type[used[0]]}: a guess that all collections agree with")
        else:
            listed = ", ".join(f"{name} in {units[name]}" for name, time in times.items() if time.size)
            self.notes.append(f"the collections differ in their unit of time, a guess by type: {listed}")
        self._check_ends({name: ends[name] * unit_us(units[name]) for name in times}, units)
        return {name: unit_us(unit) for name, unit in units.items()}

    def _check_ends(self, ends_us: Mapping[str, float], units: Mapping[str, str]) -> None:
        latest = max(ends_us, key=lambda name: ends_us[name])
        spikes_us = ends_us["spikes"]
        if spikes_us and ends_us[latest] > _IMPLAUSIBLE * spikes_us:
            raise InvalidTime(
                f"The times of {latest!r} (read in {units[latest]}) end at {ends_us[latest] / 1e6:.6g} s, those of "
                f"'spikes' (read in {units['spikes']}) at {spikes_us / 1e6:.6g} s.",
                hint="Say which unit is right with the option time_unit=s, ms or us.",
                where=self.where,
            )

    def _times(self, table: _Table, scales: Mapping[str, float], collection: str) -> NDArray[np.int64]:
        return microseconds(table.time, scales[collection], f"{collection}.T", self.rounding)

    # -- reading ---------------------------------------------------------------------------------------------

    def _read(self, collection: str, layer: str, others: Sequence[str]) -> _Table:
        codes: dict[str, int] = {}
        parts: dict[str, list[NDArray[Any]]] = {name: [] for name in ("T", *others)}
        layers: list[NDArray[np.int64]] = []
        extra: dict[str, Any] = {"Input": [], "index": None}
        for batch in self.documents.columns(collection):
            for name, values in parts.items():
                values.append(numbers(batch[name], f"{collection}.{name}"))
            names = batch[layer]
            layers.append(
                np.fromiter((codes.setdefault(one, len(codes)) for one in names), np.int64, len(names))
            )
            if "Input" in batch:
                extra["Input"].append(batch["Input"])
            if "index" in batch and extra["index"] is None:
                extra["index"] = (batch["C"], batch["index"])
        joined = {name: np.concatenate(values) if values else np.zeros(0) for name, values in parts.items()}
        time = joined.pop("T")
        return _Table(
            time, np.concatenate(layers) if layers else np.zeros(0, np.int64), list(codes), joined, extra
        )

    def _spikes(self) -> _Table:
        return self._read("spikes", "i.L", ("i.N", "S"))

    def _potentials(self) -> _Table:
        return self._read("potential", "L", ("N", "V"))

    def _weights(self) -> _Table:
        return self._read("synapseWeight", "L", ("C", "To", "V"))

    def _label_rows(self) -> tuple[NDArray[Any], list[str], list[int]]:
        if "labels" not in self.documents.collections():
            self.notes.append("there are no labels: what was shown when is unknown")
            return np.zeros(0), [], []
        rows = self.documents.small("labels")
        try:
            times = numbers([row["T"] for row in rows], "labels.T")
            names = [_class_name(row["L"]) for row in rows]
            indices = [int(number(row.get("G", k + 1), "labels.G")) for k, row in enumerate(rows)]
        except KeyError as error:
            raise InvalidInput(
                f"A document of 'labels' lacks the field {error}.",
                hint="Labels have L, T and G.",
                where=self.where,
            ) from error
        return times, names, indices

    # -- network ---------------------------------------------------------------------------------------------

    def _network(self, info: Mapping[str, Any]) -> _Network:
        sizes: dict[str, int] = {}
        for name, n in info["L:N"].items():
            sizes[str(name)] = int(number(n, "info.L:N"))
        rows = self.documents.small("archi") if "archi" in self.documents.collections() else []
        types: dict[str, str] = {}
        for row in (one for document in rows for one in document.get("Layers", [])):
            name, n = str(row.get("L", "")), int(number(row.get("N", 0), "archi.Layers.N"))
            same = self._match(name, sizes)
            if same is None:
                sizes[name] = n
                self.notes.append(f"the layer {name!r} is in archi and not in info: it is kept")
            elif sizes[same] != n:
                self.notes.append(f"archi gives {name!r} {n} neurons, info {sizes[same]}: info is followed")
            types[same or name] = str(row.get("NT", ""))
        connections = [
            {key: str(row.get(key, "")) for key in ("pre", "post", "lr", "trans")}
            for document in rows
            for row in document.get("Synapses", [])
        ]
        if not rows:
            self.notes.append(
                "there is no archi: the topology is inferred, each layer from the one before it"
            )
        return _Network(sizes, types, connections)

    def _match(self, name: str, sizes: Mapping[str, int]) -> str | None:
        """Return the layer that a name means: itself, as asked, or equal but for case, spaces and underscores."""
        name = self.options.layer_names.get(name, name)
        if name in sizes:
            return name
        fitting = [layer for layer in sizes if _normal(layer) == _normal(name)]
        if len(fitting) == 1:
            self.renamed[name] = fitting[0]
            return fitting[0]
        return None

    def _layer_of(self, name: str, network: _Network, collection: str) -> str:
        layer = self._match(name, network.sizes)
        if layer is None:
            raise UnknownLayer(
                f"The collection {collection!r} names the layer {name!r}, which neither info nor archi has.",
                hint=f"Layers: {', '.join(map(repr, network.sizes))}. If one of them is meant, say so with the option "
                f"layer_names={name}=NAME.",
                where=self.where,
            )
        return layer

    def _renamings(self) -> list[str]:
        return [f"{found!r} is read as the layer {layer!r}" for found, layer in self.renamed.items()]

    def _rows_by_layer(
        self, table: _Table, network: _Network, collection: str
    ) -> dict[str, NDArray[np.intp]]:
        """Return each layer's rows; two spellings of a layer are one."""
        meant = [self._layer_of(name, network, collection) for name in table.names]
        rows: dict[str, NDArray[np.intp]] = {}
        for layer in dict.fromkeys(meant):
            codes = [code for code, name in enumerate(meant) if name == layer]
            rows[layer] = np.flatnonzero(np.isin(table.layer, codes))
        return rows

    def _spike_arrays(
        self, network: _Network, table: _Table, time_us: NDArray[np.int64]
    ) -> dict[str, SpikeArrays]:
        arrays: dict[str, SpikeArrays] = {}
        count = table.columns["S"]
        # S is amplitude times dt: 1.0000000001 is one spike.
        rounded = np.rint(count)
        graded = bool((np.abs(count - rounded) > 1e-6).any())
        for layer, rows in self._rows_by_layer(table, network, "spikes").items():
            arrays[layer] = SpikeArrays(
                time_us[rows],
                self._ids(table.columns["i.N"][rows], network.sizes[layer], layer, "spikes"),
                None if graded or (rounded == 1).all() else rounded[rows],
                count[rows] if graded else None,
            )
        return arrays

    def _potential_arrays(
        self, network: _Network, table: _Table, time_us: NDArray[np.int64]
    ) -> list[PotentialArrays]:
        if not len(time_us):
            self.notes.append("no membrane potentials were recorded")
        else:
            self.notes.append(
                "VS2N states no unit of membrane potentials: the simulator's own numbers are kept"
            )
        return [
            PotentialArrays(
                layer=layer,
                variable="v",
                values=table.columns["V"][rows],
                times=time_us[rows],
                neurons=self._ids(table.columns["N"][rows], network.sizes[layer], layer, "potential"),
            )
            for layer, rows in self._rows_by_layer(table, network, "potential").items()
        ]

    def _ids(self, ids: NDArray[Any], n: int, layer: str, collection: str) -> NDArray[Any]:
        bad = np.flatnonzero((ids < 0) | (ids >= n) | (ids != np.rint(ids)))
        if bad.size:
            raise NeuronOutOfRange(
                f"The collection {collection!r} has neuron {ids[bad[0]]:g} of layer {layer!r}, which has {n} neurons "
                f"({bad.size} such documents).",
                hint="Neuron ids start at 0 in each layer; info.L:N gives the number of neurons.",
                where=self.where,
            )
        return ids

    def _projections(
        self, network: _Network, table: _Table, time_us: NDArray[np.int64]
    ) -> tuple[list[ProjectionArrays], dict[str, WeightArrays]]:
        projections: list[ProjectionArrays] = []
        weights: dict[str, WeightArrays] = {}
        served: list[dict[str, str]] = []
        for target, rows in self._rows_by_layer(table, network, "synapseWeight").items():
            pre = table.columns["C"][rows]
            post = self._ids(table.columns["To"][rows], network.sizes[target], target, "synapseWeight")
            source, connection = self._source_of(target, network, int(pre.max(initial=0)))
            pre = self._ids(pre, network.sizes[source], source, "synapseWeight").astype(np.int64)
            key, synapse = np.unique(post.astype(np.int64) * network.sizes[source] + pre, return_inverse=True)
            name = f"{source} -> {target}"
            rule = "" if connection is None else connection["lr"]
            projections.append(
                ProjectionArrays(
                    source,
                    target,
                    name,
                    pre=key % network.sizes[source],
                    post=key // network.sizes[source],
                    learning_rule="" if rule == "None" else rule,
                )
            )
            weights[name] = WeightArrays(time_us[rows], table.columns["V"][rows], synapse)
            if connection is not None:
                served.append(connection)
            all_pairs = network.sizes[source] * network.sizes[target]
            if len(key) < all_pairs:
                self.notes.append(
                    f"{name!r} has weights of {len(key)} of {all_pairs} pairs: only those are synapses"
                )
        self._tell_unserved(network, served)
        return projections, weights

    def _source_of(self, target: str, network: _Network, largest: int) -> tuple[str, dict[str, str] | None]:
        """Decide which layer the weights of ``target`` come from: documents name the postsynaptic layer only."""
        named = [
            (source, row)
            for row in network.connections
            if self._match(row["post"], network.sizes) == target
            and (source := self._match(row["pre"], network.sizes)) is not None
            and network.sizes[source] > largest
        ]
        learning = [(source, row) for source, row in named if row["lr"] not in {"", "None"}]
        for candidates in (learning, named):
            if len({source for source, _ in candidates}) == 1:
                return candidates[0]
        order = list(network.sizes)
        before = [name for name in reversed(order[: order.index(target)]) if network.sizes[name] > largest]
        if not before:
            raise NeuronOutOfRange(
                f"The weights of layer {target!r} come from neuron {largest}; no layer before it has so many neurons.",
                hint="info.L:N lists the layers in order, the input first.",
                where=self.where,
            )
        self.notes.append(
            f"that the weights of {target!r} come from {before[0]!r} is a guess, by the layers' order"
        )
        return before[0], None

    def _tell_unserved(self, network: _Network, served: Sequence[dict[str, str]]) -> None:
        unserved = [row for row in network.connections if row not in served]
        if unserved:
            listed = ", ".join(
                f"{row['pre']} -> {row['post']} ({row['trans'] or 'no detail'})" for row in unserved
            )
            self.accounting.append(
                Accounting(
                    what="connections named in archi",
                    kept=len(network.connections) - len(unserved),
                    total=len(network.connections),
                    why=f"synapseWeight has no synapses of the others: {listed}",
                )
            )

    def _shapes(self, network: _Network, table: _Table, sources: Sequence[str]) -> dict[str, tuple[int, int]]:
        """Guess the shape of the input layer: the first one, if it is called so or weights come from it."""
        first = next(iter(network.sizes))
        n = network.sizes[first]
        if "input" not in _normal(first) and first not in sources:
            return {}
        width = _index_width(table, n) if first in sources else None
        side = isqrt(n)
        if width is not None:
            self.notes.append(
                f"{first!r} is drawn as {n // width}x{width}: a guess, as the weights' index has it"
            )
            return {first: (n // width, width)}
        if side * side == n:
            self.notes.append(f"{first!r} is drawn as {side}x{side}: a guess, for {n} is a square")
            return {first: (side, side)}
        return {}

    # -- labels ----------------------------------------------------------------------------------------------

    def _stimuli(
        self,
        label_us: NDArray[np.int64],
        names: Sequence[str],
        indices: Sequence[int],
        spike_us: NDArray[np.int64],
    ) -> StimulusArrays | None:
        if not len(label_us):
            return None
        kept: dict[int, int] = {}
        for row in np.argsort(label_us, kind="stable"):
            kept.setdefault(indices[row], int(row))
        if len(kept) < len(names):
            self.accounting.append(
                Accounting(
                    what="labels",
                    kept=len(kept),
                    total=len(names),
                    why="the others repeat the number G of an earlier one: the first start counts",
                )
            )
        rows = list(kept.values())
        start = label_us[rows]
        if (start < 0).any():
            raise InvalidTime(
                f"A label starts at {start.min()} us.", hint="Times start at 0.", where=self.where
            )
        length = int(np.median(np.diff(start))) if len(start) > 1 else 0
        length = length or max(int(spike_us.max(initial=0)) + 1 - int(start[-1]), 1)
        numbers_kept = sorted(kept)
        gaps = numbers_kept[-1] - numbers_kept[0] + 1 - len(numbers_kept)
        if gaps:
            self.notes.append(
                f"{gaps} labels between G={numbers_kept[0]} and G={numbers_kept[-1]} are missing"
            )
        unlabelled = int(spike_us.max(initial=-1)) + 1 - (int(start[-1]) + length)
        if unlabelled > 0:
            self.notes.append(
                f"the last label starts at {int(start[-1]) / 1e6:g} s; about {-(-unlabelled // length)} presentations "
                f"after it have none"
            )
        self.notes.append(f"labels have no end: each lasts until the next, the last one {length / 1e3:g} ms")
        stop = np.append(start[1:], start[-1] + length)
        if (stop <= start).any():
            same = int(np.count_nonzero(stop <= start))
            self.accounting.append(
                Accounting(
                    what="labels",
                    kept=len(start) - same,
                    total=len(start),
                    why="the others start with the next one",
                )
            )
            there = stop > start
            rows = [row for row, one in zip(rows, there, strict=True) if one]
            start, stop = start[there], stop[there]
        return StimulusArrays(start, stop, [names[row] for row in rows])

    def _input_disagreement(
        self, spikes: _Table, spike_us: NDArray[np.int64], stimuli: StimulusArrays | None
    ) -> None:
        """Count the spikes whose ``Input`` is the label that was shown at their time."""
        if stimuli is None or not len(spike_us):
            return
        codes = _Codes()
        shown = np.array([codes.of(str(name)) for name in stimuli.labels], np.int64)
        said = np.concatenate(
            [
                np.fromiter(map(codes.__getitem__, batch), np.int64, len(batch))
                for batch in codes.keyed(spikes)
            ]
        )
        at = np.searchsorted(stimuli.t_start, spike_us, "right") - 1
        inside = (at >= 0) & (said >= 0)
        inside[inside] = spike_us[inside] < stimuli.t_stop[at[inside]]
        agree = int(np.count_nonzero(said[inside] == shown[at[inside]]))
        total = int(np.count_nonzero(inside))
        if agree < total:
            self.accounting.append(
                Accounting(
                    what="spikes whose Input is the label shown at their time",
                    kept=agree,
                    total=total,
                    why="VS2N's collector writes the label of the image before; the labels collection is followed "
                    "and no spike is dropped",
                )
            )

    def _neuron_labels(
        self, network: _Network, result: Mapping[str, Any], stimuli: StimulusArrays | None
    ) -> tuple[tuple[str, ...], dict[str, NDArray[np.int32]]]:
        rows = result.get("NLabel") or []
        shown = [] if stimuli is None else [str(name) for name in stimuli.labels]
        names = {*shown, *(_class_name(row.get("Label")) for row in rows)}
        classes = tuple(
            sorted(names, key=lambda name: (not name.isdigit(), int(name) if name.isdigit() else 0, name))
        )
        labels: dict[str, NDArray[np.int32]] = {}
        for row in rows:
            layer = self._layer_of(str(row.get("L")), network, "info.NLabel")
            neuron = np.array([number(row.get("N"), "info.NLabel.N")])
            self._ids(neuron, network.sizes[layer], layer, "info.NLabel")
            array = labels.setdefault(layer, np.full(network.sizes[layer], -1, np.int32))
            array[int(neuron[0])] = classes.index(_class_name(row.get("Label")))
        return classes, labels

    def _details(self, info: Mapping[str, Any], result: Mapping[str, Any]) -> dict[str, str]:
        details = {"location": self.where}
        for key, name in (("T", "date"), ("D", "stimuli")):
            if info.get(key):
                details[name] = str(info[key])
        if result.get("MaxS") is not None:
            details["accuracy_percent"] = f"{number(result['MaxS'], 'info.MaxS'):g}"
        return details


class _Codes(dict[Any, int]):
    """Class name as it comes (5, "5", {"bsonType": "5"}) -> a small number, -1 for none."""

    def __init__(self) -> None:
        super().__init__()
        self._names: dict[str, int] = {}

    def of(self, name: str) -> int:
        return self._names.setdefault(name, len(self._names))

    def __missing__(self, key: Any) -> int:
        code = -1 if key is None else self.of(_class_name(key))
        self[key] = code
        return code

    def keyed(self, spikes: _Table) -> list[list[Any]]:
        """Return the batches of ``Input`` with dicts, which are no keys, as their text."""
        batches: list[list[Any]] = spikes.extra["Input"]
        return [
            [_class_name(one) if isinstance(one, dict) else one for one in batch]
            if dict in set(map(type, batch))
            else batch
            for batch in batches
        ]


def _class_name(value: Any) -> str:
    if isinstance(value, dict):
        value = next(iter(value.values()), "")
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return str(value).strip()


def _normal(name: str) -> str:
    return re.sub(r"[\s_-]+", "", name).lower()


def _index_width(table: _Table, n: int) -> int | None:
    """Return the width w for which every document has C = x * w + y, or None."""
    if table.extra["index"] is None:
        return None
    pairs = [(c, one) for c, one in zip(*table.extra["index"], strict=True) if one is not None]
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
