"""The scene at one moment as glTF: points and lines that every viewer opens, or glyphs by cell type as instances.

``points_glb`` is written by trimesh: one POINTS primitive a layer, one LINES primitive a projection; slabs of the layers,
axes and scale bar are lines too. ``glyphs_glb`` has translucent slabs, and for the neurons it
uses EXT_mesh_gpu_instancing, which trimesh neither writes nor keeps; the writer here is as small as the format.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import trimesh
from numpy.typing import NDArray
from trimesh.path.entities import Line

from synaptarium.scenes.colours import neuron_colours, weight_colours
from synaptarium.scenes.furniture import Slab, Strokes, axes_and_scale, slabs
from synaptarium.scenes.layout import Frame, Layout
from synaptarium.schemas.recording import Layer

FLOAT, UNSIGNED_INT = 5126, 5125
ARRAY_BUFFER, ELEMENT_BUFFER = 34962, 34963
LINES = 1  # a primitive's mode
SLAB_ALPHA, THINNEST = 0.08, 0.2  # of a slab: how opaque; thickness in scene units


@dataclass(frozen=True, kw_only=True)
class Segments:
    """Synapses of one projection to draw.

    Parameters
    ----------
    name : str
        Of the projection.
    ends : (n, 2, 3) float32
        Where they begin and end, scene units.
    weights : (n,) float32
        NaN where not known.
    scale : float
        |weight| of full colour.
    """

    name: str
    ends: NDArray[np.float32]
    weights: NDArray[np.float32]
    scale: float


@dataclass(frozen=True, kw_only=True)
class Moment:
    """What the scene shows at one moment.

    Parameters
    ----------
    layers : sequence of Layer
        Those that are shown, in the recording's order.
    layout : Layout
        Where they and all others lie.
    glow : (n_neurons,) float32
        1 for a neuron that spikes now, halved with each half life since, 0 for never.
    segments : sequence of Segments
        The synapses to draw.
    kept : (n_neurons,) bool or None
        False for neurons that are left out, though their layer is shown.
    """

    layers: Sequence[Layer]
    layout: Layout
    glow: NDArray[np.float32]
    segments: Sequence[Segments] = ()
    kept: NDArray[np.bool_] | None = None

    def neurons_of(self, layer: Layer) -> NDArray[np.int64]:
        """Return the indices of a layer's neurons that are drawn."""
        own = np.arange(layer.offset, layer.offset + layer.neurons)
        return own if self.kept is None else own[self.kept[own]]


def points_glb(moment: Moment) -> bytes:
    """Return the moment as GLB: POINTS for each layer, LINES for each projection, named after them.

    Names that occur twice are told apart by a number, as glTF's readers ask for.
    """
    scene = trimesh.Scene()
    for index, layer in enumerate(moment.layers):
        own = moment.neurons_of(layer)
        if len(own) == 0:
            continue
        cloud = trimesh.PointCloud(
            moment.layout.positions[own], colors=neuron_colours(moment.glow[own], index)
        )
        scene.add_geometry(cloud, geom_name=layer.name, node_name=layer.name)
    for segments in moment.segments:
        n = len(segments.ends)
        if n > 0:
            _add_lines(scene, segments.name, segments.ends, weight_colours(segments.weights, segments.scale))
    for slab in slabs(moment.layers, moment.layout):
        _add_lines(scene, slab.name, slab.edges(), slab.colour)
    for strokes in axes_and_scale(moment.layout):
        _add_lines(scene, strokes.name, strokes.ends, strokes.colour)
    data = scene.export(file_type="glb")
    assert isinstance(data, bytes)
    return data


def _add_lines(
    scene: trimesh.Scene, name: str, ends: NDArray[np.float32], colours: NDArray[np.generic]
) -> None:
    """Add (n, 2, 3) lines, each of its own (n, 4) colour or all of one (3,)."""
    lines = trimesh.path.Path3D(
        entities=[Line([2 * i, 2 * i + 1]) for i in range(len(ends))],
        vertices=ends.reshape(-1, 3),
        process=False,
    )
    if colours.ndim == 1:
        colours = np.tile(np.append(colours, 255).astype(np.uint8), (len(ends), 1))
    lines.colors = colours
    scene.add_geometry(lines, geom_name=name, node_name=name)


def glyph_of(cell_type: str) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.uint32]]:
    """Return the glyph of a cell type: (vertices, normals, faces), about 1 across.

    A pyramid for excitatory cells, a disc for inhibitory ones, a sphere for all others.
    """
    if cell_type == "excitatory":
        mesh = trimesh.creation.cone(radius=0.55, height=1.0, sections=4)
        mesh.apply_translation([0, 0, -0.5])
        mesh.apply_transform(trimesh.transformations.rotation_matrix(-np.pi / 2, [1, 0, 0]))  # upright: +y
    elif cell_type == "inhibitory":
        mesh = trimesh.creation.cylinder(radius=0.5, height=0.28, sections=20)
        mesh.apply_transform(
            trimesh.transformations.rotation_matrix(np.pi / 2, [0, 1, 0])
        )  # faces along the depth
    else:
        mesh = trimesh.creation.icosphere(subdivisions=1, radius=0.5)
    if cell_type in ("excitatory", "inhibitory"):
        mesh.unmerge_vertices()  # hard edges
    return (
        np.asarray(mesh.vertices, np.float32),
        np.asarray(mesh.vertex_normals, np.float32),
        np.asarray(mesh.faces, np.uint32),
    )


def glyphs_glb(moment: Moment) -> bytes:
    """Return the moment as GLB with one glyph for each neuron, as instances (EXT_mesh_gpu_instancing), and no synapses.

    Around them stand translucent slabs of the layers, axes and a scale bar.
    """
    writer = _Writer()
    frames = {frame.name: frame for frame in moment.layout.frames}
    for index, layer in enumerate(moment.layers):
        own = moment.neurons_of(layer)
        if len(own) == 0:
            continue
        writer.add_layer(
            layer,
            moment.layout.positions[own],
            (neuron_colours(moment.glow[own], index)[:, :3] / 255).astype(np.float32),
            _glyph_size(frames[layer.name]),
        )
    for slab in slabs(moment.layers, moment.layout):
        writer.add_slab(slab)
    for strokes in axes_and_scale(moment.layout):
        writer.add_lines(strokes)
    return writer.finish()


def _glyph_size(frame: Frame) -> float:
    return 0.6 * frame.spacing


class _Writer:
    """Collects buffers, accessors, meshes and nodes of one GLB file."""

    def __init__(self) -> None:
        self._data = bytearray()
        self._views: list[dict[str, object]] = []
        self._accessors: list[dict[str, object]] = []
        self._meshes: list[dict[str, object]] = []
        self._nodes: list[dict[str, object]] = []
        self._materials: list[dict[str, object]] = [
            {"pbrMetallicRoughness": {"metallicFactor": 0, "roughnessFactor": 0.8}}
        ]
        self._glyphs: dict[str, int] = {}

    def add_layer(
        self, layer: Layer, positions: NDArray[np.float32], colours: NDArray[np.float32], size: float
    ) -> None:
        """Add a node whose instances are the layer's neurons."""
        scales = np.full((len(positions), 3), size, np.float32)
        attributes = {
            "TRANSLATION": self._accessor(positions, "VEC3"),
            "SCALE": self._accessor(scales, "VEC3"),
            "_COLOR_0": self._accessor(colours, "VEC3"),
        }
        self._nodes.append(
            {
                "name": layer.name,
                "mesh": self._glyph(layer.cell_type),
                "extensions": {"EXT_mesh_gpu_instancing": {"attributes": attributes}},
            }
        )

    def add_slab(self, slab: Slab) -> None:
        """Add a layer's box, so clear that its neurons are seen through it."""
        thick = np.maximum(slab.high - slab.low, THINNEST)
        box = trimesh.creation.box(extents=thick)
        box.apply_translation((slab.low + slab.high) / 2)
        box.unmerge_vertices()  # hard edges
        attributes = {
            "POSITION": self._accessor(
                np.asarray(box.vertices, np.float32), "VEC3", bounds=True, target=ARRAY_BUFFER
            ),
            "NORMAL": self._accessor(np.asarray(box.vertex_normals, np.float32), "VEC3", target=ARRAY_BUFFER),
        }
        faces = np.asarray(box.faces, np.uint32).reshape(-1)
        indices = self._accessor(faces, "SCALAR", target=ELEMENT_BUFFER)
        material = self._material(slab.colour, SLAB_ALPHA)
        self._add(slab.name, {"attributes": attributes, "indices": indices, "material": material})

    def add_lines(self, strokes: Strokes) -> None:
        """Add lines of one colour."""
        places = self._accessor(strokes.ends.reshape(-1, 3), "VEC3", bounds=True, target=ARRAY_BUFFER)
        material = self._material(strokes.colour, 1.0)
        self._add(strokes.name, {"attributes": {"POSITION": places}, "mode": LINES, "material": material})

    def _add(self, name: str, primitive: dict[str, object]) -> None:
        self._meshes.append({"name": name, "primitives": [primitive]})
        self._nodes.append({"name": name, "mesh": len(self._meshes) - 1})

    def _material(self, colour: NDArray[np.float64], alpha: float) -> int:
        # glTF's factors are linear light, the scene's colours those of a display.
        linear = np.where(colour <= 10.31, colour / 3294.6, ((colour / 255 + 0.055) / 1.055) ** 2.4)
        material: dict[str, object] = {
            "pbrMetallicRoughness": {
                "baseColorFactor": [*linear.round(4).tolist(), alpha],
                "metallicFactor": 0,
                "roughnessFactor": 0.8,
            }
        }
        if alpha < 1:
            material |= {"alphaMode": "BLEND", "doubleSided": True}
        self._materials.append(material)
        return len(self._materials) - 1

    def finish(self) -> bytes:
        """Return the file."""
        document = {
            "asset": {"version": "2.0", "generator": "Synaptarium"},
            "extensionsUsed": ["EXT_mesh_gpu_instancing"],
            "extensionsRequired": ["EXT_mesh_gpu_instancing"],
            "scene": 0,
            "scenes": [{"nodes": list(range(len(self._nodes)))}],
            "nodes": self._nodes,
            "meshes": self._meshes,
            "materials": self._materials,
            "accessors": self._accessors,
            "bufferViews": self._views,
            "buffers": [{"byteLength": len(self._data)}],
        }
        text = json.dumps(document, separators=(",", ":")).encode()
        text += b" " * (-len(text) % 4)
        body = struct.pack("<II", len(text), 0x4E4F534A) + text
        body += struct.pack("<II", len(self._data), 0x004E4942) + bytes(self._data)
        return struct.pack("<III", 0x46546C67, 2, 12 + len(body)) + body

    def _glyph(self, cell_type: str) -> int:
        key = cell_type if cell_type in ("excitatory", "inhibitory") else ""
        if key not in self._glyphs:
            vertices, normals, faces = glyph_of(key)
            primitive = {
                "attributes": {
                    "POSITION": self._accessor(vertices, "VEC3", bounds=True, target=ARRAY_BUFFER),
                    "NORMAL": self._accessor(normals, "VEC3", target=ARRAY_BUFFER),
                },
                "indices": self._accessor(faces.reshape(-1), "SCALAR", target=ELEMENT_BUFFER),
                "material": 0,
            }
            self._meshes.append({"name": key or "cell", "primitives": [primitive]})
            self._glyphs[key] = len(self._meshes) - 1
        return self._glyphs[key]

    def _accessor(
        self,
        values: NDArray[np.float32] | NDArray[np.uint32],
        kind: str,
        *,
        bounds: bool = False,
        target: int = 0,
    ) -> int:
        view: dict[str, object] = {"buffer": 0, "byteOffset": len(self._data), "byteLength": values.nbytes}
        if target:
            view["target"] = target
        self._data += np.ascontiguousarray(values).tobytes()  # 4-byte values: always aligned
        self._views.append(view)
        accessor: dict[str, object] = {
            "bufferView": len(self._views) - 1,
            "componentType": FLOAT if values.dtype == np.float32 else UNSIGNED_INT,
            "count": len(values),
            "type": kind,
        }
        if bounds:
            accessor |= {"min": values.min(axis=0).tolist(), "max": values.max(axis=0).tolist()}
        self._accessors.append(accessor)
        return len(self._accessors) - 1
