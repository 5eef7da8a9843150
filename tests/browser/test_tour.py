"""The first minutes: the tour, and that every control has a name and says what it does."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Page, expect

from synaptarium.adapters.arrays import arrays_source
from synaptarium.jobs.build import precompute
from synaptarium.server.library import Library
from synaptarium.store.importing import import_source

pytestmark = pytest.mark.browser

#: Buttons, fields and sliders that are seen but have no name, or no tooltip where their name is not written on them.
UNNAMED = """() => [...document.querySelectorAll('button, select, input, a.brand')]
  .filter((one) => one.getClientRects().length > 0 && !one.disabled)
  .filter((one) => {
    const words = one.tagName === 'BUTTON' ? one.textContent.trim() : '';
    const name = one.getAttribute('aria-label') || words || one.labels?.[0]?.textContent.trim();
    return !name || (!words && !one.title && !one.closest('[title]') && !one.labels?.length && !one.placeholder);
  })
  .map((one) => one.outerHTML.slice(0, 160))"""


@pytest.fixture(scope="module")
def address(shelf: tuple[str, Library]) -> str:
    address, library = shelf
    source = arrays_source(
        "first",
        bin_us=1000,
        layers=[{"name": "eye", "neurons": 4}, {"name": "brain", "neurons": 4}],
        spikes={"eye": (np.arange(0, 100_000, 1000), np.zeros(100, int))},
        t_stop_us=100_000,
    )
    id = import_source(library.store, source).id
    precompute(library.store, id, engine="local")
    return f"{address}/view/{id}"


def rectangles(page: Page) -> dict[str, Any]:
    return page.evaluate("""() => {
      const box = (selector) => (({ left, top, right, bottom }) => ({ left, top, right, bottom }))(document.querySelector(selector).getBoundingClientRect());
      return { card: box('.tour-card'), ring: box('.tour-ring'), width: innerWidth, height: innerHeight };
    }""")


@pytest.mark.parametrize("size", [(1280, 720), (820, 1180)])
def test_the_tour_leads_through_five_steps_and_comes_back_when_asked(
    page: Page, address: str, size: tuple[int, int]
) -> None:
    page.set_viewport_size({"width": size[0], "height": size[1]})
    page.goto(f"{address}?t=0.05&tour")
    page.evaluate("window.synaptarium.ready")
    card = page.get_by_role("dialog", name="Tour")
    titles: list[str] = []
    for step in range(5):
        expect(card).to_contain_text(f"{step + 1} of 5")
        titles.append(card.get_by_role("heading").inner_text())
        found = rectangles(page)
        box = found["card"]
        assert box["left"] >= 0
        assert box["top"] >= 0
        assert box["right"] <= found["width"]
        assert box["bottom"] <= found["height"]
        page.keyboard.press("Enter" if step % 2 else "ArrowRight")
    assert len(set(titles)) == 5
    ends = page.evaluate(
        "[...document.querySelectorAll('.top button')].map((one) => one.getBoundingClientRect().right)"
    )
    assert max(ends) <= size[0]  # every button of the bar can be reached
    expect(card).to_be_hidden()
    assert page.evaluate("localStorage.getItem('synaptarium.tour')") == "seen"
    expect(page).not_to_have_url(re.compile("tour"))
    page.reload()
    page.evaluate("window.synaptarium.ready")
    expect(card).to_be_hidden()
    page.keyboard.press("?")
    page.get_by_role("button", name="Take the tour").click()
    expect(card).to_contain_text("1 of 5")
    page.keyboard.press("Escape")
    expect(card).to_be_hidden()


def test_every_control_has_a_name_and_says_what_it_does(page: Page, address: str) -> None:
    page.goto(f"{address}?t=0.05&select=eye:0&minimap=above")
    page.evaluate("window.synaptarium.ready")
    page.evaluate(
        "window.synaptarium.setView({bookmarks: [{name: 'here', camera: window.synaptarium.scene().pose()}]})"
    )
    assert page.evaluate(UNNAMED) == []
    for menu in ("Layout", "Colour", "Synapses", "Look", "Export"):
        page.get_by_role("button", name=menu, exact=True).click()
        assert page.evaluate(UNNAMED) == [], menu
        page.keyboard.press("Escape")
