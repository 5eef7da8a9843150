"""The scene at one moment as a file to take away: glTF as points and lines, or with a glyph for each neuron."""

from __future__ import annotations

from synaptarium.scenes.gltf import glyphs_glb, points_glb
from synaptarium.scenes.layouts import AUTO, LAYOUTS
from synaptarium.schemas.errors import InvalidInput
from synaptarium.server.endpoint import Endpoint, Payload, Query
from synaptarium.server.moment import moment_of
from synaptarium.server.routes.layouts import indices
from synaptarium.server.site import Site
from synaptarium.store import recordings

GLB = "model/gltf-binary"
MOST_SYNAPSES = 1_000_000
UNCUT = "0,1000,0,1000,0,1000"


def scene_glb(
    site: Site,
    id: str,
    t_us: int,
    layout: str,
    order: str,
    spread_percent: int,
    fan_percent: int,
    hidden: str,
    clip_permille: str,
    synapses: int,
    what: str,
) -> Payload:
    """Return the scene at a moment as GLB."""
    recording = recordings.get(site.store, id)
    layers = recording.header.layers
    left_out = indices(hidden)
    if any(index >= len(layers) for index in left_out):
        raise InvalidInput(
            f"hidden is {hidden!r}; {id!r} has {len(layers)} layers.",
            hint=f"Give indices from 0 to {len(layers) - 1}.",
            where="hidden",
        )
    planes = indices(clip_permille)
    if len(planes) != 6 or any(not 0 <= planes[i] <= planes[i + 1] <= 1000 for i in (0, 2, 4)):
        raise InvalidInput(
            f"clip_permille is {clip_permille!r}.",
            hint=f"Give from and to along x, y and z, in thousandths of the network's extent: {UNCUT} cuts nothing.",
            where="clip_permille",
        )
    moment, _, _ = moment_of(
        site.store,
        recording,
        t_us,
        layout=layout,
        order=indices(order),
        spread=spread_percent / 100,
        fan=fan_percent / 100,
        hidden=[layers[index].name for index in left_out],
        clip=[plane / 1000 for plane in planes],
        n_synapses=synapses,
    )
    data = glyphs_glb(moment) if what == "glyphs" else points_glb(moment)
    return Payload(data=data, content_type=GLB)


ENDPOINTS = (
    Endpoint(
        method="GET",
        path="/api/recordings/<id>/scene.glb",
        call=scene_glb,
        summary="The scene at a moment as glTF: points and lines, or a glyph for each neuron (EXT_mesh_gpu_instancing)",
        answer=GLB,
        query=(
            Query(name="t_us", default=0, help="Moment, microseconds", high=2**62),
            Query(name="layout", default=AUTO, help="Layout", words=(AUTO, *(kind.name for kind in LAYOUTS))),
            Query(
                name="order",
                default="",
                help="Indices of the layers in the order in which they stand",
                listed=True,
            ),
            Query(
                name="spread_percent",
                default=100,
                help="Distance of the layers from the middle of the network",
                low=1,
                high=10_000,
            ),
            Query(
                name="fan_percent",
                default=0,
                help="Layers as laid out, or each beside the one before",
                high=100,
            ),
            Query(name="hidden", default="", help="Indices of layers that are left out", listed=True),
            Query(
                name="clip_permille",
                default=UNCUT,
                help="What the clipping planes leave: from and to along x, y and z, thousandths of the extent",
                listed=True,
            ),
            Query(name="synapses", default=3000, help="Most synapses", high=MOST_SYNAPSES),
            Query(name="what", default="points", help="What is drawn", words=("points", "glyphs")),
        ),
    ),
)
