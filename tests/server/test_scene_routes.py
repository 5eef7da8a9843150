"""What the scene reads: layouts and facts of the neurons, over HTTP."""

from __future__ import annotations

import json
from collections.abc import Iterator

import numpy as np
import pyarrow as pa
import pytest
import requests

from synaptarium.adapters.arrays import arrays_source
from synaptarium.jobs.build import precompute
from synaptarium.server.app import serving
from synaptarium.server.config import Config
from synaptarium.server.library import open_library
from synaptarium.store.importing import import_source


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Address of a recording with channels, coordinates of one layer, two classes, and one that is not precomputed."""
    data = tmp_path_factory.mktemp("scene")
    with open_library(data, purpose="serve") as library, serving(library, Config(port=0)) as (app, server):
        source = arrays_source(
            "scene",
            bin_us=1000,
            layers=[
                {"name": "maps", "shape": (2, 2, 2)},
                {"name": "placed", "neurons": 3, "positions": [[0, 0, 0], [50, 0, 0], [0, 100, 0]]},
            ],
            spikes={"maps": ([1_000, 2_000, 600_000, 700_000, 800_000], [0, 0, 0, 1, 1])},
            stimuli={"t_start": [0, 500_000], "t_stop": [500_000, 1_000_000], "labels": ["a", "b"]},
            t_stop_us=1_000_000,
        )
        precompute(library.store, import_source(library.store, source).id, engine="local")
        bare = arrays_source(
            "bare", bin_us=1000, layers=[{"name": "x", "neurons": 2}], spikes={"x": ([0], [0])}
        )
        import_source(library.store, bare)
        yield app.url(server.port, "").rstrip("/") + "/api/recordings"


def table_of(answer: requests.Response) -> pa.Table:
    assert answer.status_code == 200, answer.text
    return pa.ipc.open_stream(answer.content).read_all()


def test_layouts_say_what_the_recording_lacks(url: str) -> None:
    found = {kind["name"]: kind for kind in requests.get(f"{url}/scene/layouts", timeout=20).json()}
    assert [name for name, kind in found.items() if kind.get("default")] == ["stacks"]
    assert found["force"]["lacks"] == "the recording holds no projections"
    assert not found["recorded"].get("lacks")


def test_scene_gives_the_layout_that_was_asked_for(url: str) -> None:
    own = table_of(requests.get(f"{url}/scene/scene", timeout=20))
    assert own.schema.metadata[b"layout"] == b"stacks"
    recorded = table_of(requests.get(f"{url}/scene/scene?layout=recorded", timeout=20))
    um = json.loads(recorded.schema.metadata[b"um_per_unit"])
    xyz = np.column_stack([recorded[axis].to_numpy() for axis in "xyz"])[8:]
    assert np.linalg.norm(xyz[2] - xyz[0]) * um == pytest.approx(100, rel=1e-4)
    turned = table_of(requests.get(f"{url}/scene/scene?layout=sheets&order=1,0", timeout=20))
    assert turned["x"][0].as_py() > turned["x"][8].as_py()


@pytest.mark.parametrize("query", ["layout=spiral", "layout=force", "order=0,0", "order=x", "order=0"])
def test_scene_wrong_questions_say_what_to_do(url: str, query: str) -> None:
    answer = requests.get(f"{url}/scene/scene?{query}", timeout=20)
    assert answer.status_code == 400
    assert answer.json()["hint"] and answer.json()["where"] in query


def test_neurons_count_spikes_and_name_the_preferred_class(url: str) -> None:
    table = table_of(requests.get(f"{url}/scene/neurons", timeout=20))
    assert table["spikes"].to_pylist() == [3, 2, *[0] * 9]
    assert table["class"].to_pylist() == [0, 1, *[-1] * 9]
    assert table["selectivity"].to_numpy()[:2] == pytest.approx([1 / 3, 1.0])
    assert json.loads(table.schema.metadata[b"classes"]) == ["a", "b"]


def test_neurons_without_a_build_are_unknown_and_it_is_said(url: str) -> None:
    table = table_of(requests.get(f"{url}/bare/neurons", timeout=20))
    assert table["spikes"].to_pylist() == [-1, -1]
    assert "precompute" in json.loads(table.schema.metadata[b"lacks"])["spikes"]
