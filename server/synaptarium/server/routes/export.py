"""The scene at one moment as a file to take away: glTF as points and lines, or with a glyph for each neuron."""

from __future__ import annotations

from synaptarium.scenes.gltf import glyphs_glb, points_glb
from synaptarium.scenes.layouts import AUTO, LAYOUTS
from synaptarium.server.endpoint import Endpoint, Payload, Query
from synaptarium.server.moment import moment_of
from synaptarium.server.routes.layouts import indices
from synaptarium.server.site import Site
from synaptarium.store import recordings

GLB = "model/gltf-binary"
MOST_SYNAPSES = 1_000_000


def scene_glb(site: Site, id: str, t_us: int, layout: str, order: str, synapses: int, what: str) -> Payload:
    """Return the scene at a moment as GLB."""
    recording = recordings.get(site.store, id)
    moment, _, _ = moment_of(
        site.store, recording, t_us, layout=layout, order=indices(order), n_synapses=synapses
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
            Query(name="synapses", default=3000, help="Most synapses", high=MOST_SYNAPSES),
            Query(name="what", default="points", help="What is drawn", words=("points", "glyphs")),
        ),
    ),
)
