"""The columns and the metadata that travel to the page."""

from __future__ import annotations

import json

import numpy as np
import pytest

from synaptarium.scenes.network import home_view, network
from synaptarium.scenes.sheets import sheets
from synaptarium.schemas.recording import Layer, Projection

LAYERS = [
    Layer(name="input", neurons=784, shape=(28, 28), offset=0),
    Layer(name="output", neurons=10, shape=(10,), offset=784),
]
DECODER = Projection(
    name="output->digit", source="output", target="digit", kind="decoder", synapses=100, target_neurons=10
)


def test_network_columns_are_the_positions() -> None:
    layout = sheets(LAYERS)
    made = network(layout)
    assert list(made.columns) == ["x", "y", "z"]
    assert all(column.dtype == np.float32 and column.flags.c_contiguous for column in made.columns.values())
    assert np.array_equal(np.column_stack(list(made.columns.values())), layout.positions)


def test_network_metadata_is_json_with_a_frame_per_layer_and_place() -> None:
    layout = sheets(LAYERS, projections=[DECODER])
    metadata = json.loads(json.dumps(network(layout).metadata))
    assert [frame["name"] for frame in metadata["layers"]] == ["input", "output"]
    assert [place["name"] for place in metadata["places"]] == ["digit"]
    assert metadata["um_per_unit"] is None
    origin, axes = np.array(metadata["layers"][0]["origin"]), np.array(metadata["layers"][0]["axes"])
    assert np.allclose(origin + 5 * axes[0] + 2 * axes[1], layout.positions[2 * 28 + 5], atol=1e-3)


@pytest.mark.parametrize("aspect", [0.5, 1.0, 16 / 9])
def test_home_view_fits_the_bounds(aspect: float) -> None:
    low, high = (-150.0, -50.0, -50.0), (150.0, 50.0, 50.0)
    position, target = home_view((low, high), field_of_view_deg=35.0, aspect=aspect)
    eye, centre = np.array(position), np.array(target)
    forward = (centre - eye) / np.linalg.norm(centre - eye)
    right = np.cross(forward, [0, 1, 0])
    right /= np.linalg.norm(right)
    up = np.cross(right, forward)
    tangent = np.tan(np.radians(35.0) / 2)
    for corner in np.stack(np.meshgrid(*zip(low, high, strict=True)), axis=-1).reshape(-1, 3):
        ray = corner - eye
        depth = ray @ forward
        assert abs(ray @ up) <= depth * tangent
        assert abs(ray @ right) <= depth * tangent * aspect
