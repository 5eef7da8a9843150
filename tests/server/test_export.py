"""Exporting the scene: the command and the route give the same file, with the right counts; wrong calls say what to do."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
import requests
import trimesh

from synaptarium.adapters.arrays import arrays_source
from synaptarium.adapters.base import open_source, streams
from synaptarium.jobs.build import precompute
from synaptarium.scenes.colours import weight_colours
from synaptarium.server.app import serving
from synaptarium.server.cli import main
from synaptarium.server.config import Config
from synaptarium.server.library import open_library
from synaptarium.store.importing import import_source


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    """A server, and its data folder, with one recording: neuron 3 spikes at 0.5 s, weights change at 0.4 s."""
    data = tmp_path_factory.mktemp("export")
    with open_library(data, purpose="serve") as library, serving(library, Config(port=0)) as (app, server):
        source = arrays_source(
            "export",
            bin_us=1000,
            layers=[{"name": "eye", "shape": (2, 3)}, {"name": "out", "neurons": 2}],
            spikes={"eye": ([500_000], [3])},
            projections=[
                {"source": "eye", "target": "out", "name": "eye->out"},
                {"source": "out", "target": "answer", "name": "decoded", "dimensions": 3},
            ],
            weights={
                "eye->out": ([0, 400_000], np.stack([np.full(12, 0.1), np.linspace(-1, 1, 12)])),
                "decoded": ([0], np.ones((1, 6))),
            },
            t_stop_us=1_000_000,
        )
        precompute(library.store, import_source(library.store, source).id, engine="local")
        yield app.url(server.port, "").rstrip("/"), data


def opened(glb: bytes) -> trimesh.Scene:
    scene = trimesh.load(io.BytesIO(glb), file_type="glb")
    assert isinstance(scene, trimesh.Scene)
    return scene


def test_route_gives_the_moment(served: tuple[str, Path]) -> None:
    url, _ = served
    answer = requests.get(f"{url}/api/recordings/export/scene.glb?t_us=500500&synapses=100", timeout=20)
    assert answer.headers["content-type"] == "model/gltf-binary"
    scene = opened(answer.content)
    assert {name: len(found.vertices) for name, found in scene.geometry.items()} == {
        "eye": 6,
        "out": 2,
        "eye->out": 24,
        "decoded": 12,
        "eye slab": 24,
        "out slab": 24,
        **dict.fromkeys(("x axis", "y axis", "z axis"), 2),
        "scale bar 50 units": 6,
    }
    colours = np.asarray(scene.geometry["eye"].colors)[:, :3].astype(int).sum(axis=1)
    assert colours.argmax() == 3 and colours[3] > 2 * np.delete(colours, 3).max()


def test_route_weights_are_those_of_the_moment(served: tuple[str, Path]) -> None:
    url, _ = served
    seen = []
    for t_us in (100_000, 900_000):
        glb = requests.get(f"{url}/api/recordings/export/scene.glb?t_us={t_us}", timeout=20).content
        length = int.from_bytes(glb[12:16], "little")
        document, binary = json.loads(glb[20 : 20 + length]), glb[28 + length :]
        mesh = next(mesh for mesh in document["meshes"] if mesh["name"] == "eye->out")
        accessor = document["accessors"][mesh["primitives"][0]["attributes"]["COLOR_0"]]
        start = document["bufferViews"][accessor["bufferView"]]["byteOffset"]
        seen.append(np.frombuffer(binary, np.uint8, 4 * accessor["count"], start).reshape(-1, 4)[::2])
    assert (seen[0] == weight_colours(np.array([0.1]), 0.1)[0]).all()
    assert len(np.unique(seen[1], axis=0)) > 6


def test_command_writes_both_files_and_tells_the_counts(
    served: tuple[str, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _, data = served
    files = [str(tmp_path / name) for name in ("points.glb", "glyphs.glb")]
    arguments = [
        "export",
        "export",
        "--data",
        str(data),
        "--at",
        "0.5",
        "--layout",
        "rings",
        "--synapses",
        "6",
    ]
    assert main([*arguments, "--glb", files[0], "--glyphs", files[1], "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["neurons"], told["of"]) == (8, 18)
    scene = opened(Path(files[0]).read_bytes())
    drawn = sum(
        len(found.vertices) for name, found in scene.geometry.items() if name in ("eye->out", "decoded")
    )
    assert drawn == 2 * told["synapses"] <= 2 * 7
    assert b"EXT_mesh_gpu_instancing" in Path(files[1]).read_bytes()


def test_command_cuts_as_the_page_does(
    served: tuple[str, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    url, data = served
    files = [str(tmp_path / name) for name in ("points.glb", "glyphs.glb")]
    arguments = ["export", "export", "--data", str(data), "--at", "0.5", "--clip", "0,0.4,0,0.55,0,1"]
    assert main([*arguments, "--glb", files[0], "--glyphs", files[1], "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    route = f"{url}/api/recordings/export/scene.glb?t_us=500000&clip_permille=0,400,0,550,0,1000"
    for file, what in zip(files, ("points", "glyphs"), strict=True):
        assert Path(file).read_bytes() == requests.get(f"{route}&what={what}", timeout=20).content
    scene = opened(Path(files[0]).read_bytes())
    # The lower row of the eye and nothing above it; the layers after it stand beyond two fifths along x.
    assert len(scene.geometry["eye"].vertices) == told["neurons"] == 3
    assert "out" not in scene.geometry
    assert 0 < told["synapses"] < told["of"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "Nothing was asked for."),
        (["--glb", "x.glb", "--at", "7"], "7 s lies outside"),
        (["--glb", "x.glb", "--spread", "nan"], "--spread is nan"),
        (["--glb", "x.glb", "--fan", "-1"], "--fan is -1.0"),
        (["--glb", "x.glb", "--synapses", "-4"], "--synapses is -4"),
        (["--glb", "x.glb", "--clip", "0,1,0,1"], "--clip is '0,1,0,1'"),
        (["--glb", "x.glb", "--clip", "0.5,0.2,0,1,0,1"], "--clip is '0.5,0.2,0,1,0,1'"),
        (["--glb", "x.glb", "--clip", "0,nan,0,1,0,left"], "--clip is"),
        (["--glb", "x.glb", "--layout", "spiral"], "no layout 'spiral'"),
        (["--glb", "x.glb", "--layout", "recorded"], "cannot be made"),
    ],
)
def test_command_wrong_calls_say_what_to_do(
    served: tuple[str, Path],
    arguments: list[str],
    message: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    _, data = served
    assert main(["export", "export", "--data", str(data), *arguments]) == 1
    error = capsys.readouterr().err
    assert message in error and "hint:" in error
    assert not Path("x.glb").exists()


def test_reconstruction_follows_the_weights_of_the_moment(served: tuple[str, Path]) -> None:
    url, _ = served
    path = f"{url}/api/recordings/export/reconstruction"
    answer = requests.get(f"{path}?neuron=7&t_us=900000", timeout=20)
    table = pa.ipc.open_stream(answer.content).read_all()
    values = table["value"].to_numpy()
    row = np.linspace(-1, 1, 12).reshape(2, 6)[1]  # neuron 7 is the second of "out"
    assert np.allclose(values[:6], row / np.abs(row).max(), atol=1e-3)
    assert values[7] == 1 and values[6] == 0
    assert json.loads(table.schema.metadata[b"inputs"]) == ["eye"]
    early = pa.ipc.open_stream(requests.get(f"{path}?neuron=7&t_us=100000", timeout=20).content).read_all()
    assert np.allclose(early["value"].to_numpy()[:6], 1, atol=1e-3)


def test_reconstruction_wrong_neurons_say_what_to_do(served: tuple[str, Path]) -> None:
    url, _ = served
    path = f"{url}/api/recordings/export/reconstruction"
    for neuron, message in ((99, "has 8"), (0, "Nothing with known weights")):
        answer = requests.get(f"{path}?neuron={neuron}&t_us=1", timeout=20)
        assert answer.status_code == 400 and message in answer.json()["message"] and answer.json()["hint"]


def test_route_follows_the_order_of_the_layers(served: tuple[str, Path]) -> None:
    url, _ = served
    path = f"{url}/api/recordings/export/scene.glb?t_us=1&layout=sheets"
    for what in ("points", "glyphs"):
        assert requests.get(f"{path}&order=1,0&what={what}", timeout=20).status_code == 200
    x = []
    for order in ("", "1,0"):
        scene = opened(requests.get(f"{path}&order={order}", timeout=20).content)
        x.append([np.asarray(scene.geometry[name].vertices)[0, 0] for name in ("eye", "out")])
    assert x[0][0] < x[0][1] and x[1][0] > x[1][1]


def test_command_writes_all_events_as_columns_that_are_read_again(
    served: tuple[str, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _, data = served
    with open_library(tmp_path / "data", purpose="serve") as library:
        source = arrays_source(
            "whole",
            bin_us=1000,
            layers=[{"name": "eye", "shape": (2, 3)}, {"name": "out", "neurons": 2}],
            spikes={"eye": ([100_000, 500_000], [0, 3]), "out": ([700_000], [1])},
            projections=[{"source": "eye", "target": "out", "name": "eye->out"}],
            weights={"eye->out": ([0, 400_000], np.stack([np.full(12, 0.1), np.linspace(-1, 1, 12)]))},
            potentials=[
                {
                    "layer": "out",
                    "variable": "v",
                    "unit": "mV",
                    "times": [0, 5000],
                    "neurons": [0, 1],
                    "values": [-70.0, -65.0],
                }
            ],
            stimuli={"t_start": [0], "t_stop": [500_000], "labels": ["seven"]},
            metrics={"loss": ([10_000], [0.5])},
            t_stop_us=1_000_000,
        )
        id = import_source(library.store, source).id
    folder = tmp_path / "whole"

    assert main(["export", id, "--data", str(tmp_path / "data"), "--parquet", str(folder), "--json"]) == 0

    written = {Path(file["file"]).name for file in json.loads(capsys.readouterr().out)["files"]}
    assert written >= {
        "header.json",
        "spikes.parquet",
        "weights.parquet",
        "potentials.parquet",
        "stimuli.parquet",
    }
    again = open_source(folder)
    assert again.counts() == source.counts()
    for kind, stream in streams(source.describe(), source.counts()):
        ours, theirs = (pa.Table.from_batches(one.read(kind, stream)) for one in (source, again))
        assert theirs.select(ours.column_names).equals(ours.cast(theirs.select(ours.column_names).schema))
    assert main(["export", id, "--data", str(tmp_path / "data"), "--parquet", str(folder)]) == 1
    assert "exists" in capsys.readouterr().err
    # A decoder has no place in columns.
    assert main(["export", "export", "--data", str(data), "--parquet", str(tmp_path / "no")]) == 1
    assert "cannot be written as columns" in capsys.readouterr().err
