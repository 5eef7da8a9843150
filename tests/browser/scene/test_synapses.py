"""Synapses in the page: threshold, budget, what is being learned, incoming and outgoing; the legend counts them."""

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


@pytest.fixture(scope="module")
def address(viewed: Callable[[ArraySource], str]) -> str:
    """20 x 10 synapses with weights 0.005 to 1; five of them change at 5 s, none before or after."""
    weights = np.linspace(0.005, 1.0, 200)
    later = weights.copy()
    later[:5] += [0.5, 0.4, -0.3, 0.2, 0.1]
    source = arrays_source(
        "synapses",
        bin_us=1000,
        layers=[{"name": "pre", "neurons": 20}, {"name": "post", "neurons": 10}],
        spikes={"pre": ([0], [0])},
        projections=[{"source": "pre", "target": "post", "name": "p"}],
        weights={"p": ([0, 5_000_000], np.stack([weights, later]))},
        t_stop_us=10_000_000,
    )
    return viewed(source)


def shown(page: Page, address: str, query: str, wait_until: Until, rest: Rest, drawn: int) -> list[str]:
    page.goto(f"{address}?{query}")
    page.evaluate("window.synaptarium.ready")
    state = wait_until(lambda state: state["scene"]["total"] > 0 and state["scene"]["drawn"] == drawn)
    assert state["scene"]["total"] == 200
    legend: list[str] = rest()["scene"]["legend"]
    return legend


def test_threshold_leaves_out_the_weak_ones_and_is_said(
    page: Page, address: str, wait_until: Until, rest: Rest
) -> None:
    # full colour is the largest weight, 1.0
    legend = shown(page, address, "t=2&threshold=0.503", wait_until, rest, 100)
    text = "\n".join(legend)
    assert "You see 100 of 200 synapses" in text
    assert "from 50.3 % of full colour on" in text


def test_budget_and_strongest_come_from_the_menu_and_stay_in_the_address(
    page: Page, address: str, wait_until: Until, rest: Rest
) -> None:
    shown(page, address, "t=2&synapses=40", wait_until, rest, 40)
    page.get_by_role("button", name="Synapses").click()
    page.get_by_role("radio", name="Strongest", exact=True).check()
    page.get_by_label("From", exact=True).fill("0.91")
    page.keyboard.press("Escape")
    wait_until(lambda state: state["scene"]["drawn"] in (18, 19))  # 0.91 itself is stored to 16 bits
    expect(page).to_have_url(re.compile("choose=top.*threshold=0.91|threshold=0.91.*choose=top"))
    page.keyboard.press("w")
    wait_until(lambda state: state["scene"]["drawn"] == 0)
    page.keyboard.press("w")
    wait_until(lambda state: state["scene"]["drawn"] in (18, 19))  # 0.91 itself is stored to 16 bits


def test_change_draws_what_is_being_learned(page: Page, address: str, wait_until: Until, rest: Rest) -> None:
    legend = shown(page, address, "t=5.1&choose=change&speed=0.1", wait_until, rest, 5)
    text = "\n".join(legend)
    assert "Weight change" in text
    assert "the most changed of 5 that changed in the last 200 ms" in text
    page.goto(f"{address}?t=7&choose=change&speed=0.1")
    page.evaluate("window.synaptarium.ready")
    # Until the weights are here the legend says that, and draws nothing either.
    state = wait_until(lambda state: "most changed of 0 that changed" in "\n".join(state["scene"]["legend"]))
    assert state["scene"]["drawn"] == 0


def test_change_gives_the_whole_budget_to_what_changed(
    page: Page, viewed: Callable[[ArraySource], str], wait_until: Until
) -> None:
    still = np.full((2, 200), 0.5)
    moving = still.copy()
    moving[1, :30] += np.linspace(0.01, 0.3, 30)
    address = viewed(
        arrays_source(
            "one learns",
            bin_us=1000,
            layers=[{"name": "pre", "neurons": 20}, {"name": "post", "neurons": 10}],
            spikes={"pre": ([0], [0])},
            projections=[{"source": "pre", "target": "post", "name": name} for name in ("still", "moving")],
            weights={
                name: ([0, 5_000_000], weights) for name, weights in (("still", still), ("moving", moving))
            },
            t_stop_us=10_000_000,
        )
    )
    page.goto(f"{address}?t=5.1&choose=change&speed=0.1&synapses=20")
    page.evaluate("window.synaptarium.ready")
    state = wait_until(lambda state: state["scene"]["changed"] == 30)
    assert state["scene"]["drawn"] == 20


def test_selection_shows_incoming_or_outgoing(
    page: Page, address: str, wait_until: Until, rest: Rest
) -> None:
    shown(page, address, "t=2&select=pre:3&direction=outgoing", wait_until, rest, 200)
    state = wait_until(lambda state: state["scene"]["selected"] == 10)
    assert any("All 10 outgoing synapses of the selection" in line for line in state["scene"]["legend"])
    page.evaluate("window.synaptarium.setView({synapse_direction: 'incoming'})")
    wait_until(lambda state: state["scene"]["selected"] == 0)
    page.evaluate("window.synaptarium.select([20 + 7])")
    wait_until(lambda state: state["scene"]["selected"] == 20)


# Brightness at places along the line between two neurons, from 0.2 to 0.9 of the way.
ALONG = """([pre, post]) => {
  const scene = window.synaptarium.scene();
  const [a, b] = [window.synaptarium.project(pre), window.synaptarium.project(post)];
  const ratio = scene.renderer.getPixelRatio();
  const height = scene.renderer.domElement.height;
  return Array.from({ length: 15 }, (_, i) => {
    const part = 0.2 + 0.05 * i;
    const [x, y] = [a.x + part * (b.x - a.x), a.y + part * (b.y - a.y)];
    const p = scene.readPixels(Math.round(x * ratio) - 2, Math.round(height - y * ratio) - 2, 5, 5);
    return Math.max(...Array.from({ length: 25 }, (_, k) => p[4 * k] + p[4 * k + 1] + p[4 * k + 2]));
  });
}"""


def test_a_spike_is_on_its_way_for_as_long_as_the_delay(
    page: Page, viewed: Callable[[ArraySource], str], wait_until: Until, rest: Rest
) -> None:
    source = arrays_source(
        "delays",
        bin_us=1000,
        layers=[{"name": "pre", "shape": (5, 5)}, {"name": "post", "shape": (5, 5)}],
        spikes={"pre": ([1_000_000], [12])},
        projections=[
            {"source": "pre", "target": "post", "name": "p", "pre": [12], "post": [12], "delays_ms": [30.0]}
        ],
        weights={"p": ([0], np.array([[0.5]]))},
        t_stop_us=3_000_000,
    )
    address = viewed(source)

    def brightest(t_s: float) -> tuple[float, float]:
        """Where along the line it is brightest, and how much brighter than at its faintest."""
        page.goto(f"{address}?t={t_s}")
        page.evaluate("window.synaptarium.ready")
        wait_until(lambda state: state["scene"]["drawn"] == 1)
        rest()
        light = page.evaluate(ALONG, [12, 37])
        return 0.2 + 0.05 * int(np.argmax(light)), max(light) - min(light)

    places = [brightest(t_s) for t_s in (1.012, 1.018, 1.024)]
    assert [place for place, _ in places] == pytest.approx([0.4, 0.6, 0.8], abs=0.11)
    assert min(contrast for _, contrast in places) > 200
    assert brightest(1.06)[1] < 120  # long arrived


PICTURE = """() => {
  const scene = window.synaptarium.scene();
  const { width, height } = scene.renderer.domElement;
  let hash = 0;
  for (const part of scene.readPixels(0, 0, width, height)) hash = (Math.imul(hash, 31) + part) | 0;
  return hash;
}"""
SENT_WHOLE = "window.synaptarium.scene().network.synapses.chosen.weights.texture.version"
LOSE_CARD = """async () => {
  const lost = window.synaptarium.scene().context3d().getExtension('WEBGL_lose_context');
  lost.loseContext();
  await new Promise((later) => setTimeout(later, 100));
  lost.restoreContext();
}"""


def test_weights_that_change_look_as_if_all_had_been_sent(
    page: Page, address: str, wait_until: Until, rest: Rest
) -> None:
    def picture() -> int:
        rest()
        found: int = page.evaluate(PICTURE)
        return found

    def seek(t_us: int) -> int:
        page.evaluate("t_us => window.synaptarium.seek(t_us)", t_us)
        wait_until(lambda state: state["t_us"] == t_us and state["frameLoaded"])
        return picture()

    shown(page, address, "t=5.1", wait_until, rest, 200)
    late = picture()
    shown(page, address, "t=4.9", wait_until, rest, 200)
    early = picture()
    assert early != late
    sent = page.evaluate(SENT_WHOLE)
    assert seek(5_100_000) == late
    assert page.evaluate(SENT_WHOLE) == sent  # five of two hundred
    assert seek(4_900_000) == early
    drawn = wait_until(lambda state: True)["framesDrawn"]
    page.evaluate(LOSE_CARD)
    wait_until(lambda state: state["framesDrawn"] > drawn)
    assert picture() == early
    assert seek(5_100_000) == late
