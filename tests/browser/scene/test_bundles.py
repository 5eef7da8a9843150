"""What far away stands for single synapses, and what of pruned ones is seen."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import unquote

import numpy as np
import pytest
from playwright.sync_api import Browser, Page, expect

from synaptarium.adapters.arrays import ArraySource, arrays_source

pytestmark = pytest.mark.browser
Rest = Callable[..., dict[str, Any]]


@pytest.fixture(scope="module")
def page(viewed: Callable[[ArraySource], str], browser: Browser) -> Iterator[Page]:
    """Two projections, a strong excitatory and a weak inhibitory one; of the first, 30 of 100 synapses are 0 from 5 s on."""
    excite, inhibit = np.linspace(0.5, 1.0, 100), np.full(100, -0.1)
    later = excite.copy()
    later[:30] = 0
    source = arrays_source(
        "bundles",
        bin_us=1000,
        layers=[{"name": name, "shape": (10, 10)} for name in ("a", "b", "c")],
        spikes={"a": ([0], [0])},
        projections=[
            {"source": one, "target": other, "name": name, "pre": np.arange(100), "post": np.arange(100)}
            for one, other, name in (("a", "b", "excite"), ("b", "c", "inhibit"))
        ],
        weights={
            "excite": ([0, 5_000_000], np.stack([excite, later])),
            "inhibit": ([0], inhibit[None]),
        },
        t_stop_us=10_000_000,
    )
    context = browser.new_context(viewport={"width": 1280, "height": 720}, reduced_motion="reduce")
    page = context.new_page()
    page.goto(f"{viewed(source)}?t=7&theme=dark")
    page.evaluate("window.synaptarium.ready")
    while page.evaluate("window.synaptarium.state().synapsesDrawn") < 200:
        page.wait_for_timeout(30)
    yield page
    context.close()


#: Red, green and blue of a pixel between two layers, at three heights across the bundle's way.
MIDDLE = """([from, to]) => {
  const scene = window.synaptarium.scene(), [, h] = window.synaptarium.state().scene.size;
  const [a, b] = [from, to].map((id) => scene.projectPlace(scene.placeOf(id)));
  const [x, y] = [Math.round(a.x * 0.6 + b.x * 0.4), Math.round(a.y * 0.6 + b.y * 0.4)];
  return [...scene.readPixels(x, h - 1 - y, 1, 1)];
}"""


#: A place on the bundle between two layers whose first neurons are given, pixels of the window.
PLACE = """([from, to]) => {
  const scene = window.synaptarium.scene(), { left, top } = document.querySelector('.scene-host').getBoundingClientRect();
  const middle = (first) => [0, 1, 2].map((k) => (scene.placeOf(first)[k] + scene.placeOf(first + 99)[k]) / 2);
  const [a, b] = [from, to].map((first) => scene.projectPlace(middle(first)));
  return [left + a.x * 0.6 + b.x * 0.4, top + a.y * 0.6 + b.y * 0.4];
}"""


def test_a_far_camera_sees_bundles_and_the_legend_says_so(page: Page, rest: Rest) -> None:
    near = rest()["scene"]
    assert near["bundles"] == 0
    home = page.evaluate("window.synaptarium.scene().pose()")
    # neuron 55 lies within a step of its layer's middle
    away = np.asarray(home["target"]) + 2.4 * np.subtract(home["position"], home["target"])
    page.evaluate("camera => window.synaptarium.setView({camera})", {**home, "position": away.tolist()})
    far = rest()["scene"]
    assert far["bundles"] == 2
    legend = "\n".join(far["legend"])
    assert "Mean weight of a projection" in legend
    assert "From far: 2 projections as bundles" in legend
    assert "sum of |weight|" in legend
    red, _, blue, _ = page.evaluate(MIDDLE, [55, 155])
    assert red > blue + 30  # berlin: positive is red
    x, y = page.evaluate(PLACE, [0, 100])
    page.mouse.move(x - 1, y)
    page.mouse.move(x, y)
    hover = page.locator(".scene-hover.is-shown")
    expect(hover).to_contain_text("100 synapses, mean weight ")
    expect(hover).to_contain_text("drawn as one bundle, none of them as lines")
    page.evaluate("window.synaptarium.setView({bundles: 'never'})")
    assert rest()["scene"]["bundles"] == 0
    page.evaluate("window.synaptarium.setView({bundles: 'always', bundle_width: 'number', camera: null})")
    state = rest()
    assert state["scene"]["bundles"] == 2
    assert any("number of synapses" in line for line in state["scene"]["legend"])
    red, _, blue, _ = page.evaluate(MIDDLE, [155, 255])
    assert blue > red + 10  # the inhibitory one
    page.evaluate("window.synaptarium.setView({bundles: 'far', bundle_width: 'weight'})")


def test_pruned_synapses_are_drawn_as_ghosts_from_when_they_are_zero(page: Page, rest: Rest) -> None:
    page.get_by_role("button", name="Synapses", exact=True).click()
    page.get_by_role("checkbox", name="Show pruned synapses").check()
    page.keyboard.press("Escape")
    state = rest(written=True)
    assert state["scene"]["ghosts"] == 30
    assert any("30 pruned synapses of 200" in line for line in state["scene"]["legend"])
    assert "ghosts=0" in page.url
    page.evaluate("window.synaptarium.setView({ghosts_below: 0.7})")
    # of full colour, about 1: those from 0.65 on, and no inhibitory one, whose own full colour is 0.1
    assert 39 <= rest()["scene"]["ghosts"] <= 41
    page.evaluate("window.synaptarium.setView({ghosts_below: 0}); window.synaptarium.select([3])")
    assert rest()["scene"]["ghosts"] == 1
    page.evaluate("window.synaptarium.select([]); window.synaptarium.seek(2e6)")
    assert rest()["scene"]["ghosts"] == 0


def test_the_pruning_slider_of_the_synapse_panels_lights_its_ghosts(page: Page, rest: Rest) -> None:
    page.evaluate("window.synaptarium.setView({ghosts: false}); window.synaptarium.seek(7e6)")
    page.get_by_text("modules", exact=True).click()
    page.locator(".module-list").get_by_role("button", name="Synapses").click()
    expect(page.locator('[data-panel="pruning"]').first).to_contain_text("would remove")
    assert rest()["scene"]["ghosts"] == 0  # nobody has asked
    slider = page.get_by_role("slider", name="prune in %")
    slider.fill("70")
    expect(page.locator(".scene-legend")).to_contain_text("excite: |weight| below 0.7")
    assert rest()["scene"]["ghosts"] == 40
    slider.fill("0")
    expect(page.locator(".scene-legend")).to_contain_text("30 pruned synapses of 100")
    rest(written=True)
    assert "ghosts=0~excite" in unquote(page.url)
