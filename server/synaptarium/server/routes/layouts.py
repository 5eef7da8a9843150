"""Where the neurons lie: the layouts that a recording can be shown in, and each as an Arrow stream."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray

from synaptarium.scenes.layout import Layout
from synaptarium.scenes.layouts import AUTO, LAYOUTS, default_layout, lay_out
from synaptarium.scenes.network import network as scene_of
from synaptarium.schemas.recording import Recording
from synaptarium.schemas.view_state import LayoutInfo
from synaptarium.server.endpoint import ARROW, Endpoint, Payload, Query
from synaptarium.server.routes.arrays import arrow
from synaptarium.server.site import Site
from synaptarium.store import network, recordings
from synaptarium.store.database import Store


def layouts(site: Site, id: str) -> list[LayoutInfo]:
    """Return every layout, with what the recording lacks for it."""
    header = recordings.get(site.store, id).header
    first = default_layout(header.layers, header.projections)
    return [
        LayoutInfo(
            name=kind.name,
            title=kind.title,
            summary=kind.summary,
            lacks=kind.lacks(header.layers, header.projections),
            default=kind.name == first,
        )
        for kind in LAYOUTS
    ]


def scene(site: Site, id: str, layout: str, order: str) -> Payload:
    """Return the positions of all neurons in scene units, and where the layers lie."""
    recording = recordings.get(site.store, id)
    name, made = laid_out(site.store, recording, layout, indices(order))
    described = scene_of(made)
    metadata = {key: msgspec.json.encode(value) for key, value in described.metadata.items()}
    return arrow(described.columns, metadata | {"layout": name.encode()}, f"{recording.num}.{name}.{order}")


def indices(order: str) -> list[int]:
    """Return the numbers of a listed query parameter."""
    return [int(index) for index in order.split(",")] if order else []


def laid_out(
    store: Store, recording: Recording, layout: str, order: Sequence[int] = ()
) -> tuple[str, Layout]:
    """Return a recording's layout and its name; ``"auto"`` is the recording's own."""
    header = recording.header
    return lay_out(
        layout,
        header.layers,
        projections=header.projections,
        positions_um=_positions(store, recording),
        order=order,
    )


def _positions(store: Store, recording: Recording) -> dict[str, NDArray[np.float32]]:
    return {
        layer.name: found
        for layer in recording.header.layers
        if layer.positions and (found := network.read_positions(store, recording.num, layer.name)) is not None
    }


ENDPOINTS = (
    Endpoint(
        method="GET",
        path="/api/recordings/<id>/layouts",
        call=layouts,
        summary="The layouts that the recording can be shown in, and what it lacks for the others",
        answer=list[LayoutInfo],
    ),
    Endpoint(
        method="GET",
        path="/api/recordings/<id>/scene",
        call=scene,
        summary="Positions of all neurons (x, y, z in scene units, global index order); frames in the metadata",
        answer=ARROW,
        query=(
            Query(name="layout", default=AUTO, help="Layout", words=(AUTO, *(kind.name for kind in LAYOUTS))),
            Query(
                name="order",
                default="",
                help="Indices of the layers in the order in which they stand",
                listed=True,
            ),
        ),
    ),
)
