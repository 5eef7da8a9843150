"""Colour modes in the page: what a neuron's pixels say is what was recorded; what is missing is said."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Page, expect

from synaptarium.adapters.arrays import ArraySource, arrays_source

pytestmark = pytest.mark.browser
Until = Callable[..., dict[str, Any]]
Rest = Callable[..., dict[str, Any]]

SECOND_US = 1_000_000
# Mean colour of a few pixels in the middle of a neuron.
COLOUR = """id => {
  const scene = window.synaptarium.scene();
  const { x, y } = window.synaptarium.project(id);
  const ratio = scene.renderer.getPixelRatio();
  const height = scene.renderer.domElement.height;
  const p = scene.readPixels(Math.round(x * ratio) - 1, Math.round(height - y * ratio) - 1, 3, 3);
  return [0, 1, 2].map(k => { let sum = 0; for (let i = 0; i < 9; i++) sum += p[4 * i + k]; return sum / 9; });
}"""
REFERENCE = {"a": (78, 121, 167), "b": (242, 142, 43), "dead": (213, 94, 0), "saturated": (240, 228, 66)}


@pytest.fixture(scope="module")
def address(viewed: Callable[[ArraySource], str]) -> str:
    """Four neurons: one for class a, one for b, one dead, one that never rests; weights of both signs onto two."""
    tick = np.arange(0, 10 * SECOND_US, 2000)
    a_shown = np.arange(0, 5 * SECOND_US, 50_000)
    times = np.concatenate([a_shown, a_shown + 5 * SECOND_US, tick])
    ids = np.repeat([0, 1, 3], [len(a_shown), len(a_shown), len(tick)])
    source = arrays_source(
        "colours",
        bin_us=1000,
        layers=[{"name": "cells", "shape": (2, 2)}, {"name": "down", "neurons": 2}],
        spikes={"cells": (times, ids)},
        projections=[
            {"source": "cells", "target": "down", "name": "cd", "pre": [0, 1, 2, 3], "post": [0, 0, 1, 1]}
        ],
        weights={"cd": ([0], np.array([[2.0, 1.0, -4.0, -2.0]]))},
        stimuli={
            "t_start": [0, 5 * SECOND_US],
            "t_stop": [5 * SECOND_US, 10 * SECOND_US],
            "labels": ["a", "b"],
        },
        classes=list("abcdefghij"),
        t_stop_us=10 * SECOND_US,
    )
    return viewed(source)


def shown(page: Page, address: str, rest: Rest, query: str) -> dict[str, Any]:
    page.goto(f"{address}?{query}" if "synapses" in query else f"{address}?synapses=0&{query}")
    page.evaluate("window.synaptarium.ready")
    return rest()


def nearest(colour: list[float], names: tuple[str, ...]) -> str:
    """The reference colour with the closest hue, whatever the brightness."""
    unit = np.array(colour) / np.linalg.norm(colour)
    return max(
        names, key=lambda name: float(unit @ (np.array(REFERENCE[name]) / np.linalg.norm(REFERENCE[name])))
    )


def contrast(colour: list[float], ground: list[float]) -> float:
    """Ratio of luminances as WCAG 2 has it."""
    linear = (np.array([colour, ground]) / 255 + 0.055) / 1.055
    light, dark = (linear**2.4) @ [0.2126, 0.7152, 0.0722] + 0.05
    return float(light / dark)


def test_selectivity_shows_the_preferred_class(page: Page, address: str, rest: Rest) -> None:
    state = shown(page, address, rest, "t=2&colour=selectivity")
    assert nearest(page.evaluate(COLOUR, 0), ("a", "b")) == "a"
    assert nearest(page.evaluate(COLOUR, 1), ("a", "b")) == "b"
    assert "a · 2" in state["scene"]["legend"] or "a · 1" in state["scene"]["legend"]
    assert any("highest mean rate" in line for line in state["scene"]["legend"])
    # Ten classes stand in two rows: the home view leaves 254 pixels for the whole legend.
    heights = page.evaluate(
        "['.scene-swatches', '.scene-legend'].map(s => document.querySelector(s).offsetHeight)"
    )
    assert heights[0] <= 34
    assert heights[1] <= 254


def test_health_finds_dead_and_saturated_neurons(page: Page, address: str, rest: Rest) -> None:
    state = shown(page, address, rest, "t=2&colour=health")
    legend = state["scene"]["legend"]
    assert "dead: no spike in the recording · 3" in legend  # one cell, and the two below
    assert "saturated: ≥ 500 Hz on average · 1" in legend
    assert any(
        line.startswith("silent") and line.endswith("· 1") for line in legend
    )  # b does not fire during a
    assert nearest(page.evaluate(COLOUR, 3), ("dead", "saturated")) == "saturated"
    red, _, blue = page.evaluate(COLOUR, 3)
    assert blue / red == pytest.approx(66 / 240, abs=0.1)  # the hue that the legend shows


def test_in_degree_is_signed_and_says_its_range(page: Page, address: str, rest: Rest) -> None:
    state = shown(page, address, rest, "t=2&colour=in_degree")
    assert "−6 · 0 · 6" in state["scene"]["legend"]
    positive, negative = page.evaluate(COLOUR, 4), page.evaluate(COLOUR, 5)
    assert positive[0] > positive[2]
    assert negative[2] > negative[0]


def test_persistence_tells_busy_neurons_from_rare_ones(page: Page, address: str, rest: Rest) -> None:
    shown(page, address, rest, "t=4&colour=persistence")
    busy, rare = page.evaluate(COLOUR, 3), page.evaluate(COLOUR, 0)
    assert sum(busy) > sum(rare) + 60
    # The low end of the map is still a body in the dark room.
    assert contrast(rare, [13, 17, 25]) > 2


def test_spikes_are_back_after_the_graphics_card_was_lost(
    page: Page, address: str, rest: Rest, wait_until: Until
) -> None:
    shown(page, address, rest, "t=2")
    before = page.evaluate(COLOUR, 0), page.evaluate(COLOUR, 1)
    assert sum(before[0]) > sum(before[1]) + 60  # a has just fired, b has not
    drawn = wait_until(lambda state: True)["framesDrawn"]
    page.evaluate("""async () => {
      const lost = window.synaptarium.scene().context3d().getExtension('WEBGL_lose_context');
      lost.loseContext();
      await new Promise((later) => setTimeout(later, 100));
      lost.restoreContext();
    }""")
    wait_until(lambda state: state["framesDrawn"] > drawn)
    rest()
    after = page.evaluate(COLOUR, 0), page.evaluate(COLOUR, 1)
    assert np.allclose(after, before, atol=2)


def test_size_and_glow_come_from_the_menu_and_stay_in_the_address(
    page: Page, address: str, rest: Rest
) -> None:
    shown(page, address, rest, "t=2.045")
    page.get_by_role("button", name="Colour").click()
    expect(page.get_by_role("radio", name="Potential")).to_be_disabled()
    page.get_by_label("Size", exact=True).fill("1")
    page.get_by_label("Glow", exact=True).fill("6")
    page.keyboard.press("Escape")
    expect(page).to_have_url(re.compile("size=2.*glow=64|glow=64.*size=2"))
    assert page.evaluate("window.synaptarium.state().scene.half_life_bins") == 64
    rest()
    glowing = page.evaluate(COLOUR, 0)  # its last spike, 45 ms ago, was over before
    page.reload()
    page.evaluate("window.synaptarium.ready")
    rest()
    assert np.allclose(glowing, page.evaluate(COLOUR, 0), atol=2)
    assert page.evaluate("window.synaptarium.scene().network.neurons.uniforms.pointSize.value") == 2


def test_reconstruction_shows_what_the_selected_neuron_responds_to(
    page: Page, address: str, wait_until: Until, rest: Rest
) -> None:
    state = shown(page, address, rest, "t=2&colour=reconstruction")
    assert any("select a neuron" in line for line in state["scene"]["legend"])
    page.evaluate("window.synaptarium.select([5])")  # down 1: weights -4 and -2 from cells 2 and 3
    wait_until(lambda state: any("what drives down 1" in line for line in state["scene"]["legend"]))
    rest()
    strong, weak = page.evaluate(COLOUR, 2), page.evaluate(COLOUR, 3)
    assert strong[2] > strong[0] and sum(strong) > sum(weak)
    expect(page.get_by_role("img", name="Reconstructed input on cells")).to_be_visible()
    found = page.evaluate("Array.from(window.synaptarium.scene().reconstruction().values.slice(0, 4))")
    assert found == pytest.approx([0, 0, -1, -0.5], abs=1e-3)


def test_a_picture_whose_light_alone_is_new_is_the_one_drawn_anew(
    page: Page, address: str, rest: Rest, played: Callable[[str], dict[str, int]]
) -> None:
    shown(page, address, rest, "t=2&synapses=10&select=1")
    for mode in ("spikes", "rate", "health", "selectivity"):
        found = played(mode)
        assert found.pop("lit") > 100, mode
        assert found == {"drawn_again": 1, "differ": 0}, mode
