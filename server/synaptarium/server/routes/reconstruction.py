"""What a neuron responds to, through the weights of a moment, as one value for each neuron before it."""

from __future__ import annotations

import msgspec
import numpy as np

from synaptarium.scenes.reconstruct import WeightedSynapses, reconstruct
from synaptarium.schemas.errors import InvalidInput
from synaptarium.server.endpoint import ARROW, Endpoint, Payload, Query
from synaptarium.server.moment import weights_at
from synaptarium.server.routes.arrays import arrow
from synaptarium.server.site import Site
from synaptarium.server.stream.hub import read_manifest
from synaptarium.store import network, recordings

#: Weights of more synapses would take many seconds to read.
MOST_SYNAPSES = 20_000_000


def reconstruction(site: Site, id: str, neuron: int, t_us: int) -> Payload:
    """Return ``value`` of all neurons (-1 to 1, NaN where nothing leads to the neuron), global index order."""
    recording = recordings.get(site.store, id)
    layers = recording.header.layers
    of = next((layer for layer in layers if layer.offset <= neuron < layer.offset + layer.neurons), None)
    if of is None:
        n_neurons = sum(layer.neurons for layer in layers)
        raise InvalidInput(
            f"Neuron {neuron} was asked for; {id!r} has {n_neurons}.",
            hint="It is the index in the whole recording: the layer's offset plus the neuron's id.",
            where="neuron",
        )
    manifest = read_manifest(site.store, recording)
    wanted = [p for p in recording.header.projections if p.kind == "explicit" and p.source != p.target]
    n_synapses = sum(projection.synapses for projection in wanted)
    if n_synapses > MOST_SYNAPSES:
        raise InvalidInput(
            f"{id!r} has {n_synapses:,} synapses; a reconstruction reads at most {MOST_SYNAPSES:,}.",
            hint="Reconstruct from a recording of fewer projections.",
            where="neuron",
        )
    known: list[WeightedSynapses] = []
    for projection in wanted:
        weights = weights_at(site.store, recording, manifest, projection, t_us)
        if np.isnan(weights).all():
            continue
        pre, post, _ = network.read_synapses(site.store, recording.num, projection.name)
        known.append(
            WeightedSynapses(
                source=projection.source, target=projection.target, pre=pre, post=post, weights=weights
            )
        )
    sizes = {layer.name: layer.neurons for layer in layers}
    found = reconstruct(sizes, known, layer=of.name, neuron=neuron - of.offset)
    values = np.full(sum(sizes.values()), np.nan, np.float32)
    for layer in layers:
        if layer.name in found.patterns:
            values[layer.offset : layer.offset + layer.neurons] = found.patterns[layer.name]
    metadata = {"inputs": found.inputs, "hops": found.hops, "used": found.used}
    return arrow(
        {"value": values},
        {key: msgspec.json.encode(value) for key, value in metadata.items()},
        f"{recording.num}.{manifest.build}.{manifest.revision}.{neuron}.{t_us}",
    )


ENDPOINTS = (
    Endpoint(
        method="GET",
        path="/api/recordings/<id>/reconstruction",
        call=reconstruction,
        summary="The input that a neuron responds to, through the weights of a moment: one value for each neuron",
        answer=ARROW,
        query=(
            Query(name="neuron", default=0, help="Global index of the neuron", high=2**32),
            Query(name="t_us", default=0, help="Moment, microseconds", high=2**62),
        ),
    ),
)
