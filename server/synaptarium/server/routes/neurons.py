"""Facts of every neuron over the whole recording, as one Arrow stream: spikes, preferred class, selectivity."""

from __future__ import annotations

import msgspec
import numpy as np

from synaptarium.kernels.rates import mean_rate_hz
from synaptarium.kernels.selectivity import preferred_class, selectivity
from synaptarium.schemas.recording import Layer, Recording
from synaptarium.schemas.tables import Tables
from synaptarium.server.endpoint import ARROW, Endpoint, Payload
from synaptarium.server.routes.arrays import arrow
from synaptarium.server.site import Site
from synaptarium.store import network, recordings, tables
from synaptarium.store.database import Store

#: Where the summary tables are missing.
NO_TABLES = "the recording has no summary tables: precompute it again"
OPEN = "the run still goes on"


def neurons(site: Site, id: str) -> Payload:
    """Return ``spikes`` (-1 unknown), ``class`` (-1 none) and ``selectivity`` of all neurons, global index order.

    The metadata names the ``classes``, the ``method`` of each layer's labels, and what ``lacks`` and why.
    """
    recording = recordings.get(site.store, id)
    found = tables.read_tables(site.store, recording.num, recording.build)
    n_neurons = sum(layer.neurons for layer in recording.header.layers)
    spikes = np.full(n_neurons, -1.0)
    classes = np.full(n_neurons, -1, np.int16)
    index = np.zeros(n_neurons, np.float32)
    method: dict[str, str] = {}
    reason = OPEN if recording.status == "open" else NO_TABLES
    lacks = {"spikes": "" if found else reason, "class": "" if found else reason}
    shown_us = None if found is None else _shown_us(site.store, recording, found)
    for layer in recording.header.layers:
        own = slice(layer.offset, layer.offset + layer.neurons)
        if found is not None:
            spikes[own] = _totals(site.store, recording, found, layer)
        if found is not None and shown_us is not None and (grid := found.find("classes", layer.name)):
            rows = tables.read_rows(site.store, recording.num, found, grid, (grid.n_rows,))
            counts = rows.columns["n"][0].astype(np.int64)
            classes[own] = preferred_class(counts, shown_us)
            # Where one class only was shown there is nothing to compare it with: 0.
            index[own] = np.nan_to_num(selectivity(mean_rate_hz(counts, shown_us)))
            method[layer.name] = "highest mean rate over the recording"
        if (stored := network.read_labels(site.store, recording.num, layer.name)) is not None:
            classes[own], method[layer.name] = stored
            if shown_us is None:
                index[own] = 1.0
    if not method and found is not None:
        lacks["class"] = "the recording holds no stimuli with classes"
    names = list(recording.header.classes) or (list(found.classes) if found else [])
    metadata = {"classes": names, "method": method, "lacks": lacks}
    return arrow(
        {"spikes": spikes, "class": classes, "selectivity": index},
        {key: msgspec.json.encode(value) for key, value in metadata.items()},
        f"{recording.num}.{recording.build}.{recording.revision}",
    )


def _totals(store: Store, recording: Recording, found: Tables, layer: Layer) -> np.ndarray:
    """Spikes of a layer's neurons in the whole recording; zeros where nothing was ever written."""
    grid = found.find("spikes", layer.name)
    if grid is None:
        return np.full(layer.neurons, -1.0 if recording.counts.spikes.get(layer.name) else 0.0)
    rows = tables.read_rows(store, recording.num, found, grid, (grid.n_rows,))
    return rows.columns["n"][0, :, 0].astype(np.float64) if "n" in rows.columns else np.zeros(layer.neurons)


def _shown_us(store: Store, recording: Recording, found: Tables) -> np.ndarray | None:
    """For how long each class was shown; None where there are no classes."""
    grid = found.find("stimuli", "")
    if grid is None:
        return None
    rows = tables.read_rows(store, recording.num, found, grid, (grid.n_rows,))
    return rows.columns["on_us"][0, :, 0].astype(np.int64) if "on_us" in rows.columns else None


ENDPOINTS = (
    Endpoint(
        method="GET",
        path="/api/recordings/<id>/neurons",
        call=neurons,
        summary="Facts of every neuron over the whole recording: spikes, preferred class, selectivity",
        answer=ARROW,
    ),
)
