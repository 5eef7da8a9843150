"""Layouts in the page: the menu, the animated change, order and fan, and all of it in the address."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Page, expect

from synaptarium.adapters.arrays import ArraySource, arrays_source

pytestmark = pytest.mark.browser
Until = Callable[..., dict[str, Any]]
Rest = Callable[..., dict[str, Any]]

#: Where neurons are on the screen; the scene moves only when the page draws.
PLACES = "ids => ids.map(id => window.synaptarium.project(id))"


@pytest.fixture(scope="module")
def address(viewed: Callable[[ArraySource], str]) -> str:
    """A small network with channels, an odd name and recurrent projections."""
    random = np.random.default_rng(5)
    layers = [
        {"name": "eye", "shape": (8, 8)},
        {"name": "maps, 3x5", "shape": (3, 5, 5)},
        {"name": "out", "neurons": 10},
    ]
    spikes = {
        layer["name"]: (np.sort(random.integers(0, 1_000_000, 400)), random.integers(0, 10, 400))
        for layer in layers
    }
    ends = random.integers(0, 10, (2, 60))
    source = arrays_source(
        "layouts",
        bin_us=1000,
        layers=layers,
        spikes=spikes,
        projections=[{"source": "eye", "target": "out", "name": "eo", "pre": ends[0], "post": ends[1]}],
        t_stop_us=1_000_000,
    )
    return viewed(source)


def opened(page: Page, address: str, query: str = "t=0.5") -> None:
    page.goto(f"{address}?{query}")
    page.evaluate("window.synaptarium.ready")


def settled(wait_until: Until, layout: str) -> None:
    wait_until(lambda state: state["scene"]["layout"] == layout and not state["scene"]["layout_moving"])


def test_menu_changes_the_layout_and_the_address_keeps_it(
    page: Page, address: str, wait_until: Until, rest: Rest
) -> None:
    opened(page, address)
    settled(wait_until, "stacks")
    page.get_by_role("button", name="Layout").click()
    expect(page.get_by_role("radio", name="Stacks (of this recording)")).to_be_checked()
    expect(page.get_by_role("radio", name="Recorded places")).to_be_disabled()
    expect(page.get_by_text("the recording holds no coordinates")).to_be_visible()
    page.get_by_role("radio", name="Rings").check()
    settled(wait_until, "rings")
    page.keyboard.press("Escape")
    expect(page.locator(".popover[aria-label=Layout]")).to_be_hidden()
    rest(written=True)
    assert "layout=rings" in page.url
    before = page.evaluate(PLACES, [0, 63, 100, 140])
    page.reload()
    page.evaluate("window.synaptarium.ready")
    settled(wait_until, "rings")
    rest()
    after = page.evaluate(PLACES, [0, 63, 100, 140])
    for old, new in zip(before, after, strict=True):
        assert old == pytest.approx(new, abs=1.0)


def test_layout_undo_comes_back_and_y_takes_the_next(
    page: Page, address: str, wait_until: Until, rest: Rest
) -> None:
    opened(page, address)
    settled(wait_until, "stacks")
    rest()
    home = page.evaluate(PLACES, [0, 63, 100, 140])
    page.keyboard.press("y")
    settled(wait_until, "column")
    page.keyboard.press("Control+z")
    settled(wait_until, "stacks")
    rest()
    for old, new in zip(home, page.evaluate(PLACES, [0, 63, 100, 140]), strict=True):
        assert old == pytest.approx(new, abs=1.0)


def test_order_and_fan_move_layers_and_come_back_from_the_address(
    page: Page, address: str, wait_until: Until, rest: Rest
) -> None:
    opened(page, address, "t=0.5&layout=sheets")
    settled(wait_until, "sheets")
    ids = [0, 64, 139]
    x = [place["x"] for place in page.evaluate(PLACES, ids)]
    assert x[0] < x[1] < x[2]
    page.get_by_role("button", name="Layout").click()
    page.get_by_role("button", name="Move eye back").click()
    page.get_by_role("button", name="Move eye back").click()
    rest()
    x = [place["x"] for place in page.evaluate(PLACES, ids)]
    assert x[1] < x[2] < x[0]
    page.evaluate("window.synaptarium.setView({fan: 1, spread: 1.5})")
    rest()
    wide = [place["x"] for place in page.evaluate(PLACES, ids)]
    assert wide[0] - wide[1] > 1.1 * (x[0] - x[1])  # though the camera has stepped back to see all of it
    rest(written=True)
    assert all(part in page.url for part in ("order=", "fan=1", "spread=1.5"))
    page.reload()
    page.evaluate("window.synaptarium.ready")
    rest()
    for old, new in zip(wide, page.evaluate(PLACES, ids), strict=True):
        assert old == pytest.approx(new["x"], abs=1.5)


def test_layout_that_cannot_be_made_is_said_in_the_legend(
    page: Page, address: str, wait_until: Until
) -> None:
    opened(page, address)
    page.evaluate("window.synaptarium.setView({layout: 'recorded'})")
    wait_until(lambda state: any("no coordinates" in line for line in state["scene"]["legend"]))


def test_link_to_what_is_not_here_opens_and_says_what_is_shown(
    page: Page, address: str, wait_until: Until, rest: Rest
) -> None:
    opened(page, address, "t=0.5&layout=moebius&colour=sparkle&camera=1,2&hidden=mid#modules=general,nobody")
    settled(wait_until, "stacks")
    toast = page.locator(".toast")
    for fault in (
        'layout "moebius": stacks is shown',
        'colour "sparkle": spikes are shown',
        'camera "1,2": the whole network is shown',
        'hidden "mid": no such layer',
        "and 1 more",
    ):
        expect(toast).to_contain_text(fault)
    page.get_by_role("button", name="Dismiss").click()
    expect(toast).to_have_count(0)
    # What lacks something is told too, and the address is one that holds.
    opened(page, address, "t=0.5&layout=recorded")
    settled(wait_until, "stacks")
    expect(toast).to_contain_text('layout "recorded": stacks is shown')
    page.keyboard.press("g")
    rest(written=True)
    assert "layout=" not in page.url
