"""Layers moved apart as the page moves them, by hand for two sheets and as properties for any layout."""

from __future__ import annotations

import numpy as np
import pytest

from synaptarium.scenes.layouts import LAYOUTS, lay_out
from synaptarium.scenes.spread import spread_out
from synaptarium.schemas.recording import Layer, Projection

LAYERS = (
    Layer(name="a", neurons=16, shape=(4, 4), offset=0),
    Layer(name="b", neurons=4, shape=(2, 2), offset=16),
    Layer(name="c", neurons=9, shape=(3, 3), offset=20),
)
PROJECTIONS = (
    Projection(name="a->b", source="a", target="b", kind="explicit", synapses=64, target_neurons=4),
    Projection(name="read", source="c", target="answer", synapses=18, kind="decoder", target_neurons=2),
)


def centres(positions: np.ndarray) -> np.ndarray:
    """Middles of the layers' boxes."""
    layers = [positions[layer.offset : layer.offset + layer.neurons] for layer in LAYERS]
    return np.array([(own.min(axis=0) + own.max(axis=0)) / 2 for own in layers])


@pytest.mark.parametrize("kind", [kind.name for kind in LAYOUTS if kind.name not in ("recorded", "stacks")])
def test_twice_the_spread_doubles_every_distance(kind: str) -> None:
    _, layout = lay_out(kind, LAYERS, projections=PROJECTIONS)
    wide = spread_out(layout, LAYERS, projections=PROJECTIONS, spread=2.0)

    before, after = centres(layout.positions), centres(wide.positions)
    np.testing.assert_allclose(after - after[0], 2 * (before - before[0]), atol=1e-3)
    for layer in LAYERS:  # no layer is bent or grows
        own = slice(layer.offset, layer.offset + layer.neurons)
        moved = wide.positions[own] - layout.positions[own]
        np.testing.assert_allclose(moved, moved[:1].repeat(len(moved), axis=0), atol=1e-4)
    assert spread_out(layout, LAYERS, projections=PROJECTIONS) is layout


def test_fan_puts_each_layer_beside_the_one_before() -> None:
    _, layout = lay_out("sheets", LAYERS, projections=PROJECTIONS)
    fanned = spread_out(layout, LAYERS, projections=PROJECTIONS, fan=1.0)

    for left, right in zip(fanned.frames, (*fanned.frames[1:], *fanned.places), strict=True):
        assert left.bounds[1][2] < right.bounds[0][2]
    np.testing.assert_array_equal(fanned.positions[:, :2], layout.positions[:, :2])
    half = spread_out(layout, LAYERS, projections=PROJECTIONS, fan=0.5)
    np.testing.assert_allclose(
        half.positions[:, 2], (layout.positions[:, 2] + fanned.positions[:, 2]) / 2, atol=1e-4
    )
