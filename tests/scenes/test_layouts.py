"""Every layout: all neurons at places of their own, within bounds, layer shapes kept, the same each time."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from synaptarium.scenes.column import cortical_layer
from synaptarium.scenes.force import apart
from synaptarium.scenes.layout import Layout
from synaptarium.scenes.layouts import BY_NAME, LAYOUTS, default_layout, lay_out
from synaptarium.schemas.errors import InvalidInput
from synaptarium.schemas.recording import Layer, Projection

Shape = tuple[int, ...]
ODD_NAMES = ("", " ", "L4 E", "日本", "a,b", "../x", "<b>", "L2/3")


def network_of(*shapes: Shape, names: tuple[str, ...] = (), positions: bool = False) -> list[Layer]:
    layers: list[Layer] = []
    offset = 0
    for index, shape in enumerate(shapes):
        n = math.prod(shape)
        name = names[index] if names else f"layer {index}"
        layers.append(Layer(name=name, neurons=n, shape=shape, offset=offset, positions=positions))
        offset += n
    return layers


def chained(layers: list[Layer]) -> list[Projection]:
    pairs = [*itertools.pairwise(layers), (layers[-1], layers[0])]
    return [
        Projection(
            name=f"{a.name}->{b.name}",
            source=a.name,
            target=b.name,
            kind="explicit",
            synapses=a.neurons * b.neurons,
            target_neurons=b.neurons,
        )
        for a, b in pairs
    ]


def coordinates(layers: list[Layer]) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(3)
    return {
        layer.name: rng.random((layer.neurons, 3)) * 500 + [0, 0, 900 * i] for i, layer in enumerate(layers)
    }


def made(name: str, layers: list[Layer]) -> Layout:
    return lay_out(name, layers, projections=chained(layers), positions_um=coordinates(layers))[1]


SHAPES = st.lists(st.lists(st.integers(1, 9), min_size=1, max_size=4).map(tuple), min_size=1, max_size=6)
NAMES = [kind.name for kind in LAYOUTS]


@settings(deadline=None, max_examples=25)
@given(SHAPES, st.randoms(use_true_random=False))
def test_every_layout_any_shapes_distinct_within_bounds_deterministic(
    shapes: list[Shape], random: object
) -> None:
    layers = network_of((2, 3, 3), *shapes, positions=True)
    for name in NAMES:
        layout = made(name, layers)
        assert layout.positions.dtype == np.float32
        assert np.isfinite(layout.positions).all()
        assert len(np.unique(layout.positions, axis=0)) == len(layout.positions), name
        for layer, frame in zip(layers, layout.frames, strict=True):
            here = layout.positions[layer.offset : layer.offset + layer.neurons]
            low, high = np.array(frame.bounds)
            assert (here >= low - 1e-3).all() and (here <= high + 1e-3).all(), name
            assert (low >= np.array(layout.bounds[0]) - 1e-3).all()
            assert (high <= np.array(layout.bounds[1]) + 1e-3).all()
        assert np.array_equal(layout.positions, made(name, layers).positions), name


@pytest.mark.parametrize("name", ["sheets", "stacks", "force"])
@pytest.mark.parametrize("shape", [(4, 6), (3, 4, 5), (1, 7), (12,), (2, 2, 3, 4)])
def test_layer_shape_is_kept_frame_gives_every_position(name: str, shape: Shape) -> None:
    layers = network_of(shape, (2, 5, 5))
    frame = made(name, layers).frames[0]
    here = made(name, layers).positions[: layers[0].neurons].astype(float)
    ids = np.arange(layers[0].neurons)
    if frame.kind == "stack":
        height, width = frame.tile[:2]
        channel, within = np.divmod(ids, height * width)
        row, column = np.divmod(within, width)
    elif frame.tile:
        height, width, gap, in_row = frame.tile
        channel, within = np.divmod(ids, height * width)
        row, column = np.divmod(within, width)
        row, column = row + channel // in_row * (height + gap), column + channel % in_row * (width + gap)
        channel = np.zeros(len(ids))
    else:
        row, column = np.divmod(ids, frame.columns)
        channel = np.zeros(len(ids))
    axes = np.array([*frame.axes, (0.0, 0.0, 0.0)][:3])
    expected = (
        np.array(frame.origin)
        + np.outer(column, axes[0])
        + np.outer(row, axes[1])
        + np.outer(channel, axes[2])
    )
    assert np.allclose(here, expected, atol=1e-3)


@pytest.mark.parametrize("name", NAMES)
def test_one_neuron_and_a_million_have_places_of_their_own(name: str) -> None:
    layers = network_of((1,), (16, 250, 249), (3_999,), positions=True)
    layout = made(name, layers)
    packed = np.ascontiguousarray(layout.positions).view([("", np.float32)] * 3)
    assert len(np.unique(packed)) == 1_000_000
    assert max(np.abs(layout.bounds[0]).max(), np.abs(layout.bounds[1]).max()) < 1000


@pytest.mark.parametrize("name", NAMES)
def test_odd_names_are_names_like_any_other(name: str) -> None:
    layers = network_of(*[(2, 2, 2)] * len(ODD_NAMES), names=ODD_NAMES, positions=True)
    assert [frame.name for frame in made(name, layers).frames] == list(ODD_NAMES)


@pytest.mark.parametrize("name", ["sheets", "stacks", "rings", "column"])
def test_order_moves_the_layers_and_not_their_indices(name: str) -> None:
    layers = network_of((3, 2, 2), (10,), (5, 5))
    _, plain = lay_out(name, layers)
    _, turned = lay_out(name, layers, order=(2, 0, 1))
    along = 1 if name == "column" else 0
    sign = -1 if name == "column" else 1  # the first layer of a column is on top

    def middle(layout: Layout, layer: Layer) -> float:
        return sign * float(layout.positions[layer.offset : layer.offset + layer.neurons, along].mean())

    assert middle(plain, layers[0]) < middle(plain, layers[1]) < middle(plain, layers[2])
    assert middle(turned, layers[2]) < middle(turned, layers[0]) < middle(turned, layers[1])


def test_lay_out_wrong_names_orders_and_lacks_say_what_to_do() -> None:
    layers = network_of((4,), (4,))
    with pytest.raises(InvalidInput, match="no layout 'spiral'") as unknown:
        lay_out("spiral", layers)
    assert "sheets" in unknown.value.hint
    with pytest.raises(InvalidInput, match="order 0, 0"):
        lay_out("sheets", layers, order=(0, 0))
    for name in ("recorded", "stacks", "force"):
        with pytest.raises(InvalidInput, match="cannot be made"):
            lay_out(name, layers)


def test_default_layout_fits_the_network() -> None:
    chain = network_of((28, 28), (100,), (10,))
    assert default_layout(chain, chained(chain)[:-1]) == "sheets"
    assert default_layout(network_of((1, 28, 28), (12, 12, 12), (10,))) == "stacks"
    assert default_layout(network_of((4,), (5,), positions=True)) == "recorded"
    cortex = network_of((9,), (3,), (9,), names=("L23E", "L23I", "L4E"))
    assert default_layout(cortex, chained(cortex)) == "column"
    tangled = network_of(*[(4,)] * 5, names=("V1", "LGN", "MT", "FEF", "SC"))
    across = [p for p in chained(tangled * 1) if p.source != "V1"]
    jumps = [
        Projection(name=f"{a}{b}", source=a, target=b, kind="explicit", synapses=9, target_neurons=4)
        for a, b in [("V1", "SC"), ("MT", "V1"), ("FEF", "LGN"), ("SC", "V1"), ("V1", "FEF")]
    ]
    assert default_layout(tangled, [*across, *jumps]) == "force"


def test_cortical_column_stands_in_the_order_of_the_cortex() -> None:
    names = ("L6E", "L4E", "L23I", "L23E", "TC")
    layers = network_of(*[(200,)] * 5, names=names)
    frames = {frame.name: frame for frame in lay_out("column", layers)[1].frames}
    height = {name: (frame.bounds[0][1] + frame.bounds[1][1]) / 2 for name, frame in frames.items()}
    assert height["L23E"] > height["L4E"] > height["L6E"] > height["TC"]
    assert [cortical_layer(name) for name in names] == [6, 4, 2, 2, -1]


def test_rings_stand_on_circles_of_their_layers() -> None:
    layers = network_of((100,), (5_000,))
    layout = lay_out("rings", layers)[1]
    one = np.hypot(layout.positions[:100, 1], layout.positions[:100, 2])
    assert np.allclose(one, one[0], rtol=1e-5)
    many = np.hypot(layout.positions[100:, 1], layout.positions[100:, 2])
    assert len(np.unique(many.round(2))) > 10
    assert many[0] == pytest.approx(many.max(), rel=1e-5)


def test_recorded_depth_is_drawn_upwards_and_distances_stay() -> None:
    layers = network_of((50,), (50,), positions=True)
    xyz = coordinates(layers)
    _, layout = lay_out("recorded", layers, positions_um=xyz)
    assert layout.note == "up: recorded z"
    assert layout.positions[50:, 1].mean() > layout.positions[:50, 1].mean() + 50
    joined = np.concatenate(list(xyz.values()))
    scale = layout.um_per_unit
    assert scale is not None
    assert np.allclose(
        np.linalg.norm(layout.positions[0] - layout.positions[1:], axis=1) * scale,
        np.linalg.norm(joined[0] - joined[1:], axis=1),
        rtol=1e-4,
    )


def test_recorded_neurons_at_one_place_stay_and_are_told() -> None:
    layers = network_of((3,), positions=True)
    _, layout = lay_out("recorded", layers, positions_um={"layer 0": np.zeros((3, 3))})
    assert layout.note == "2 neurons share the place of another"


@settings(deadline=None, max_examples=50)
@given(
    st.lists(
        st.tuples(st.floats(-50, 50), st.floats(-50, 50), st.floats(1, 30), st.floats(1, 30)),
        min_size=1,
        max_size=9,
    )
)
def test_force_sheets_never_overlap(rectangles: list[tuple[float, float, float, float]]) -> None:
    table = np.array(rectangles)
    at = apart(table[:, :2], table[:, 2:])
    for i, j in itertools.combinations(range(len(table)), 2):
        assert (np.abs(at[i] - at[j]) >= table[i, 2:] + table[j, 2:] - 1e-6).any()


def test_force_chain_reads_from_left_to_right() -> None:
    layers = network_of(*[(50,)] * 4)
    _, layout = lay_out("force", layers, projections=chained(layers)[:-1])
    x = [frame.origin[0] for frame in layout.frames]
    assert x == sorted(x)


def test_force_parts_that_nothing_connects_stay_in_reach() -> None:
    layers = network_of(*[(50,)] * 5)
    reach = []
    for n in (1, 4):
        _, layout = lay_out("force", layers, projections=chained(layers)[:n])
        reach.append(np.ptp([frame.origin for frame in layout.frames], axis=0).max())
    assert reach[0] < 2 * reach[1]


def test_names_of_layouts_are_words_of_an_address() -> None:
    assert all(name.isidentifier() for name in BY_NAME)
