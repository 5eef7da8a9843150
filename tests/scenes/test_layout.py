"""Every neuron has its own place, within bounds, the same each time."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from synaptarium.scenes.grid import grid_of
from synaptarium.scenes.layout import SIDE, Layout
from synaptarium.scenes.recorded import recorded
from synaptarium.scenes.sheets import sheets
from synaptarium.schemas.errors import InvalidInput
from synaptarium.schemas.recording import Layer, Projection


def _layers(*shapes: tuple[int, ...]) -> list[Layer]:
    layers: list[Layer] = []
    offset = 0
    for index, shape in enumerate(shapes):
        neurons = int(np.prod(shape))
        layers.append(Layer(name=f"L{index}", neurons=neurons, shape=shape, offset=offset))
        offset += neurons
    return layers


def _decoder(name: str, dimensions: int) -> Projection:
    return Projection(
        name=name, source="L0", target=name, kind="decoder", synapses=dimensions, target_neurons=dimensions
    )


def _inside(layout: Layout) -> bool:
    low, high = np.array(layout.bounds)
    return bool((layout.positions >= low - 1e-3).all() and (layout.positions <= high + 1e-3).all())


SHAPES = st.lists(st.lists(st.integers(1, 12), min_size=1, max_size=4).map(tuple), min_size=1, max_size=6)


@settings(deadline=None)
@given(SHAPES)
def test_sheets_any_shapes_distinct_within_bounds_and_deterministic(shapes: list[tuple[int, ...]]) -> None:
    layers = _layers(*shapes)
    layout = sheets(layers, projections=[_decoder("y", 3)])
    assert len(np.unique(layout.positions, axis=0)) == sum(layer.neurons for layer in layers)
    assert np.isfinite(layout.positions).all()
    assert _inside(layout)
    assert np.array_equal(layout.positions, sheets(layers, projections=[_decoder("y", 3)]).positions)


@settings(deadline=None)
@given(SHAPES)
def test_sheets_any_shapes_frame_gives_the_positions(shapes: list[tuple[int, ...]]) -> None:
    layers = _layers(*shapes)
    layout = sheets(layers)
    for layer, frame in zip(layers, layout.frames, strict=True):
        here = layout.positions[layer.offset : layer.offset + layer.neurons]
        column = (here[:, 2] - frame.origin[2]) / frame.spacing
        row = (frame.origin[1] - here[:, 1]) / frame.spacing
        assert np.allclose(column, np.round(column), atol=1e-2)
        assert column.min() >= 0 and column.max() < frame.columns
        assert row.min() + 1e-3 >= 0 and row.max() < frame.rows
        assert np.allclose(here[0], frame.origin, atol=1e-3)


def test_sheets_image_layer_keeps_its_shape() -> None:
    layout = sheets(_layers((28, 28)))
    assert len(np.unique(layout.positions[:, 1])) == 28
    assert len(np.unique(layout.positions[:, 2])) == 28
    first, second, below = layout.positions[[0, 1, 28]]
    assert second[2] > first[2] and second[1] == first[1]
    assert below[1] < first[1] and below[2] == first[2]


def test_sheets_channels_are_tiles_with_gaps() -> None:
    grid = grid_of((6, 4, 4))
    assert (grid.rows, grid.columns, grid.gap, grid.tiles_in_row) == (9, 14, 1, 3)
    layout = sheets(_layers((6, 4, 4)))
    second = layout.positions[16]
    assert second[2] - layout.positions[0][2] == pytest.approx(5 * layout.frames[0].spacing, rel=1e-5)


@pytest.mark.parametrize(
    ("n", "rows", "columns"), [(1, 1, 1), (10, 2, 5), (17, 4, 5), (100, 10, 10), (400, 20, 20)]
)
def test_grid_of_a_vector_is_near_square(n: int, rows: int, columns: int) -> None:
    grid = grid_of((n,))
    assert (grid.rows, grid.columns) == (rows, columns)


def test_sheets_small_layer_beside_a_large_one_stays_readable() -> None:
    large, small = sheets(_layers((28, 28), (10,))).frames
    assert max(large.bounds[1][2] - large.bounds[0][2], 0) == pytest.approx(SIDE)
    assert small.bounds[1][2] - small.bounds[0][2] > 0.3 * SIDE
    assert small.spacing > 2 * large.spacing


def test_sheets_layers_are_apart_in_depth() -> None:
    frames = sheets(_layers((28, 28), (400,), (100,), (10,))).frames
    for before, after in itertools.pairwise(frames):
        assert after.bounds[0][0] > before.bounds[1][0]


def test_sheets_decoders_have_a_place_and_no_neurons() -> None:
    layout = sheets(_layers((50,), (50,)), projections=[_decoder("x", 1), _decoder("y", 2)])
    assert [place.name for place in layout.places] == ["x", "y"]
    assert len(layout.positions) == 100
    assert layout.places[0].bounds[1][2] <= layout.places[1].bounds[0][2]
    assert layout.places[0].bounds[0][0] > layout.frames[-1].bounds[1][0]


def test_recorded_coordinates_of_one_plane_are_kept_in_one_scale() -> None:
    rng = np.random.default_rng(0)
    layers = _layers((30,), (20,))
    flat = {
        layer.name: np.column_stack([rng.random((layer.neurons, 2)) * 1000, np.zeros(layer.neurons)])
        for layer in layers
    }
    layout = recorded(layers, positions_um=flat)
    assert layout.um_per_unit == pytest.approx(max(np.ptp(xyz) for xyz in flat.values()) / SIDE, rel=0.2)
    drawn = layout.positions[:30]
    distance_um = np.linalg.norm(flat["L0"][3] - flat["L0"][7])
    assert np.linalg.norm(drawn[3] - drawn[7]) * layout.um_per_unit == pytest.approx(distance_um, rel=1e-4)
    assert layout.frames[0].origin[0] != layout.frames[1].origin[0]
    assert _inside(layout)


def test_recorded_coordinates_of_one_space_keep_it() -> None:
    rng = np.random.default_rng(1)
    layers = _layers((30,), (20,))
    space = {"L0": rng.random((30, 3)) * 100, "L1": rng.random((20, 3)) * 100 + [0, 300, 0]}
    layout = recorded(layers, positions_um=space)
    joined = np.concatenate([space["L0"], space["L1"]])
    assert layout.um_per_unit is not None
    assert np.allclose(
        np.linalg.norm(np.diff(layout.positions, axis=0), axis=1) * layout.um_per_unit,
        np.linalg.norm(np.diff(joined, axis=0), axis=1),
        rtol=1e-3,
    )


def test_recorded_wrong_positions_say_what_is_wrong() -> None:
    with pytest.raises(InvalidInput, match=r"\(5, 2\)"):
        recorded(_layers((5,)), positions_um={"L0": np.zeros((5, 2))})
    with pytest.raises(InvalidInput, match="not finite"):
        recorded(_layers((5,)), positions_um={"L0": np.full((5, 3), np.nan)})


def test_sheets_million_neurons_have_places_of_their_own() -> None:
    layout = sheets(_layers((1000, 500), (64, 64, 64), (237_856,)))

    assert len(np.unique(layout.positions, axis=0)) == 1_000_000
