"""From VS2N's documents to a source: units, names, topology and labels decided, and every decision told."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from synaptarium.adapters.array_inputs import (
    LayerArrays,
    PotentialArrays,
    ProjectionArrays,
    SpikeArrays,
    WeightArrays,
)
from synaptarium.adapters.array_source import ArraySource
from synaptarium.adapters.arrays import arrays_source
from synaptarium.adapters.findings import Findings
from synaptarium.adapters.times import Rounding, microseconds
from synaptarium.adapters.vs2n_documents import OPTIONAL, REQUIRED, Documents, number, numbers
from synaptarium.adapters.vs2n_labels import (
    ClassCodes,
    class_name,
    neuron_labels,
    stimuli_of,
    tell_disagreement,
)
from synaptarium.adapters.vs2n_network import Vs2nNetwork
from synaptarium.adapters.vs2n_units import decide_units
from synaptarium.schemas.errors import InvalidInput


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
    """One collection as columns: ``layer`` is a code in ``names``, ``said`` the code of each ``Input``."""

    time: NDArray[Any]
    layer: NDArray[np.int64]
    names: list[str]
    columns: dict[str, NDArray[Any]]
    said: NDArray[np.int64]
    index: Any


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
        self.findings = Findings(documents.where)
        self.rounding = Rounding()
        self.codes = ClassCodes()

    def source(self) -> ArraySource:
        self._check_collections()
        info, result = self._info()
        archi = self.documents.small("archi") if "archi" in self.documents.collections() else []
        network = Vs2nNetwork(info, archi, self.options.layer_names, self.findings)
        spikes, potentials, weights = self._spikes(), self._potentials(), self._weights()
        labels = self._label_rows()
        times = {
            "spikes": spikes.time,
            "potential": potentials.time,
            "synapseWeight": weights.time,
            "labels": labels[0],
        }
        scales = decide_units(times, self.options.time_unit, self.findings)
        spike_us = self._times(spikes, scales, "spikes")
        potential_us = self._times(potentials, scales, "potential")
        weight_us = self._times(weights, scales, "synapseWeight")
        label_us = microseconds(labels[0], scales["labels"], "labels.T", self.rounding)
        stimuli = stimuli_of(label_us, labels[1], labels[2], spike_us, self.findings)
        tell_disagreement(spikes.said, self.codes, spike_us, stimuli, self.findings)
        projections, weight_arrays = self._projections(network, weights, weight_us)
        shapes = network.shapes(weights.index, [one.source for one in projections])
        classes, labelled = neuron_labels(result.get("NLabel") or (), stimuli, network)
        layers = [
            LayerArrays(
                name,
                neurons=n,
                shape=shapes.get(name),
                cell_type="input" if name in shapes else "",
                neuron_type=network.types.get(name, ""),
                labels=labelled.get(name),
                labels_method="VS2N's NLabel, computed by its collector" if name in labelled else "",
            )
            for name, n in network.sizes.items()
        ]
        self.findings.reduced(
            "times that were whole microseconds",
            self.rounding.total - self.rounding.moved,
            self.rounding.total,
            f"the others were rounded to the nearest, by at most {self.rounding.largest_us:.3g} us",
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
            notes=[
                *(f"{found!r} is read as the layer {layer!r}" for found, layer in network.renamed.items()),
                *self.findings.notes,
            ],
            accounting=self.findings.accounting,
        )

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
            self.findings.notes.append(f"not read, for they are not VS2N's: {', '.join(foreign)}")

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
            self.findings.notes.append(f"info describes {len(described)} networks: the first one is read")
        results = [row for row in rows if "NLabel" in row or "MaxS" in row]
        if len(results) > 1:
            self.findings.notes.append(f"info has {len(results)} results: the last one is read")
        return described[0], results[-1] if results else {}

    def _times(self, table: _Table, scales: Mapping[str, float], collection: str) -> NDArray[np.int64]:
        return microseconds(table.time, scales[collection], f"{collection}.T", self.rounding)

    def _read(self, collection: str, layer: str, others: Sequence[str]) -> _Table:
        codes: dict[str, int] = {}
        parts: dict[str, list[NDArray[Any]]] = {name: [] for name in ("T", *others)}
        layers: list[NDArray[np.int64]] = []
        said: list[NDArray[np.int64]] = []
        index: Any = None
        for batch in self.documents.columns(collection):
            for name, values in parts.items():
                values.append(numbers(batch[name], f"{collection}.{name}"))
            names = batch[layer]
            for one in dict.fromkeys(names):
                codes.setdefault(one, len(codes))
            layers.append(np.fromiter(map(codes.__getitem__, names), np.int64, len(names)))
            if "Input" in batch:
                said.append(self.codes.encode(batch["Input"]))
            if "index" in batch and index is None:
                first = batch["C"][: len(batch["index"])]
                index = (first.tolist() if isinstance(first, np.ndarray) else first, batch["index"])
        joined = {name: np.concatenate(values) if values else np.zeros(0) for name, values in parts.items()}
        time = joined.pop("T")
        none = np.zeros(0, np.int64)
        return _Table(
            time,
            np.concatenate(layers) if layers else none,
            list(codes),
            joined,
            np.concatenate(said) if said else none,
            index,
        )

    def _spikes(self) -> _Table:
        return self._read("spikes", "i.L", ("i.N", "S"))

    def _potentials(self) -> _Table:
        return self._read("potential", "L", ("N", "V"))

    def _weights(self) -> _Table:
        return self._read("synapseWeight", "L", ("C", "To", "V"))

    def _label_rows(self) -> tuple[NDArray[Any], list[str], list[int]]:
        if "labels" not in self.documents.collections():
            self.findings.notes.append("there are no labels: what was shown when is unknown")
            return np.zeros(0), [], []
        rows = self.documents.small("labels")
        try:
            times = numbers([row["T"] for row in rows], "labels.T")
            names = [class_name(row["L"]) for row in rows]
            indices = [int(number(row.get("G", k + 1), "labels.G")) for k, row in enumerate(rows)]
        except KeyError as error:
            raise InvalidInput(
                f"A document of 'labels' lacks the field {error}.",
                hint="Labels have L, T and G.",
                where=self.where,
            ) from error
        return times, names, indices

    def _rows_by_layer(
        self, table: _Table, network: Vs2nNetwork, collection: str
    ) -> dict[str, NDArray[np.intp]]:
        """Return each layer's rows; two spellings of a layer are one."""
        meant = [network.layer_of(name, collection) for name in table.names]
        rows: dict[str, NDArray[np.intp]] = {}
        for layer in dict.fromkeys(meant):
            codes = [code for code, name in enumerate(meant) if name == layer]
            rows[layer] = np.flatnonzero(np.isin(table.layer, codes))
        return rows

    def _spike_arrays(
        self, network: Vs2nNetwork, table: _Table, time_us: NDArray[np.int64]
    ) -> dict[str, SpikeArrays]:
        arrays: dict[str, SpikeArrays] = {}
        count = table.columns["S"]
        # S is amplitude times dt: 1.0000000001 is one spike.
        rounded = np.rint(count)
        graded = bool((np.abs(count - rounded) > 1e-6).any())
        for layer, rows in self._rows_by_layer(table, network, "spikes").items():
            arrays[layer] = SpikeArrays(
                time_us[rows],
                network.checked_ids(table.columns["i.N"][rows], layer, "spikes"),
                None if graded or (rounded == 1).all() else rounded[rows],
                count[rows] if graded else None,
            )
        return arrays

    def _potential_arrays(
        self, network: Vs2nNetwork, table: _Table, time_us: NDArray[np.int64]
    ) -> list[PotentialArrays]:
        if not len(time_us):
            self.findings.notes.append("no membrane potentials were recorded")
        else:
            self.findings.notes.append(
                "VS2N states no unit of membrane potentials: the simulator's own numbers are kept"
            )
        return [
            PotentialArrays(
                layer=layer,
                variable="v",
                values=table.columns["V"][rows],
                times=time_us[rows],
                neurons=network.checked_ids(table.columns["N"][rows], layer, "potential"),
            )
            for layer, rows in self._rows_by_layer(table, network, "potential").items()
        ]

    def _projections(
        self, network: Vs2nNetwork, table: _Table, time_us: NDArray[np.int64]
    ) -> tuple[list[ProjectionArrays], dict[str, WeightArrays]]:
        projections: list[ProjectionArrays] = []
        weights: dict[str, WeightArrays] = {}
        served: list[dict[str, str]] = []
        for target, rows in self._rows_by_layer(table, network, "synapseWeight").items():
            pre = table.columns["C"][rows]
            post = network.checked_ids(table.columns["To"][rows], target, "synapseWeight")
            source, connection = network.source_of(target, int(np.nan_to_num(pre).max(initial=0)))
            pre = network.checked_ids(pre, source, "synapseWeight").astype(np.int64)
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
                self.findings.notes.append(
                    f"{name!r} has weights of {len(key)} of {all_pairs} pairs: only those are synapses"
                )
        network.tell_unserved(served)
        return projections, weights

    def _details(self, info: Mapping[str, Any], result: Mapping[str, Any]) -> dict[str, str]:
        details = {"location": self.where}
        for key, name in (("T", "date"), ("D", "stimuli")):
            if info.get(key):
                details[name] = str(info[key])
        if result.get("MaxS") is not None:
            details["accuracy_percent"] = f"{number(result['MaxS'], 'info.MaxS'):g}"
        return details
