"""Level of detail in the page: from far, neurons that share a pixel are left out and the legend says so."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Page

from synaptarium.adapters.arrays import ArraySource, arrays_source

pytestmark = pytest.mark.browser
Rest = Callable[..., dict[str, Any]]

WIDE = 400


@pytest.fixture(scope="module")
def address(viewed: Callable[[ArraySource], str]) -> str:
    """A wide sheet, and a layer of one neuron, which fires all the time."""
    times = np.arange(0, 100_000, 1000)
    source = arrays_source(
        "far & wide",
        bin_us=1000,
        layers=[{"name": "wide", "shape": (WIDE, WIDE)}, {"name": "the one", "neurons": 1}],
        spikes={"the one": (times, np.zeros(100, np.int64)), "wide": (times, np.arange(100))},
        t_stop_us=100_000,
    )
    return viewed(source)


def test_from_far_neurons_of_one_pixel_are_left_out_and_told(page: Page, address: str, rest: Rest) -> None:
    page.goto(f"{address}?t=0.05")
    page.evaluate("window.synaptarium.ready")
    near = rest()["scene"]

    page.evaluate(
        """() => {
          const { position, target } = window.synaptarium.scene().pose();
          const away = position.map((x, i) => target[i] + 5 * (x - target[i]));
          window.synaptarium.setView({ camera: { position: away, target } });
        }"""
    )
    far = rest()["scene"]
    one = page.evaluate(f"window.synaptarium.project({WIDE * WIDE})")
    found = page.evaluate("({ x, y }) => window.synaptarium.scene().pick(x, y)", one)

    assert near["points_drawn"] == WIDE * WIDE + 1
    part = (far["points_drawn"] - 1) / WIDE**2
    assert part in (1 / 2, 1 / 4, 1 / 8, 1 / 16)
    told = (
        f"Drawn: {far['points_drawn']:,} of {WIDE * WIDE + 1:,} neurons: the others lie closer than a pixel"
    )
    assert told in far["legend"]
    assert not any("Drawn:" in line for line in near["legend"])
    assert found == WIDE * WIDE
