"""Tiles and streams of a recording: the numbers that chunk keys are made of."""

from __future__ import annotations

from synaptarium.schemas.chunks import TILE_ITEMS
from synaptarium.schemas.manifest import (
    FIRST_POTENTIAL,
    SPIKE_GROUPS,
    SPIKE_SERIES,
    SPIKES,
    WEIGHT_SERIES,
    WEIGHTS,
    Stream,
    Tile,
)
from synaptarium.schemas.recording import Header


def tiles_of(header: Header) -> tuple[Tile, ...]:
    """Return the tiles of all layers, then of all projections, numbered from 0."""
    tiles: list[Tile] = []
    parts = [("layer", layer.name, layer.neurons) for layer in header.layers]
    parts += [("projection", projection.name, projection.synapses) for projection in header.projections]
    for kind, name, items in parts:
        for first in range(0, items, TILE_ITEMS):
            n = min(TILE_ITEMS, items - first)
            tiles.append(Tile(tile=len(tiles), kind=kind, name=name, first=first, n=n))  # type: ignore[arg-type]
    return tuple(tiles)


def streams_of(header: Header) -> tuple[Stream, ...]:
    """Return the streams: spikes in three forms, weights where there are projections, two per variable."""
    streams = [
        Stream(stream=SPIKES, name="spikes", kind="spikes", of="spikes"),
        Stream(stream=SPIKE_GROUPS, name="spikes.groups", kind="groups", of="spikes"),
        Stream(stream=SPIKE_SERIES, name="spikes.series", kind="series", of="spikes"),
    ]
    if header.projections:
        streams.append(Stream(stream=WEIGHTS, name="weights", kind="values", of="weights"))
        streams.append(Stream(stream=WEIGHT_SERIES, name="weights.series", kind="series", of="weights"))
    for index, variable in enumerate(variables_of(header)):
        units = {stream.unit for stream in header.potentials if stream.variable == variable}
        unit = units.pop() if len(units) == 1 else "1"
        number = FIRST_POTENTIAL + 2 * index
        streams.append(Stream(stream=number, name=variable, kind="values", of="potentials", unit=unit))
        streams.append(Stream(stream=number + 1, name=f"{variable}.series", kind="series", of="potentials"))
    return tuple(streams)


def variables_of(header: Header) -> tuple[str, ...]:
    """Return the recorded variables in the order of their first mention."""
    return tuple(dict.fromkeys(stream.variable for stream in header.potentials))
