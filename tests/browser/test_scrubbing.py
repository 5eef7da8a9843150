"""Scrubbing: zooming, panning and pinching the scrub bar over a long run, and groups before the exact spikes."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Page, Request, Route

from synaptarium.adapters.arrays import arrays_source
from synaptarium.jobs.build import precompute
from synaptarium.server.library import Library
from synaptarium.store.importing import import_source

pytestmark = pytest.mark.browser

Wait = Callable[..., dict[str, Any]]
SPAN_S = 600
MANY = 70_000


@pytest.fixture(scope="module")
def address(shelf: tuple[str, Library]) -> Iterator[str]:
    """A server with ``long``, ten minutes of two layers, and ``wide``, 70,000 neurons for four seconds."""
    url, library = shelf
    rng = np.random.default_rng(1)
    n = 200_000
    # A burst of 20 ms every ten seconds that only the extremes of a column can show.
    bursts = np.repeat(np.arange(5, SPAN_S, 10.0), 200) + rng.uniform(0, 0.02, 200 * SPAN_S // 10)
    spikes = {
        "input": (np.concatenate([rng.uniform(0, SPAN_S, n), bursts]), rng.integers(0, 40, n + len(bursts))),
        "output": (rng.uniform(0, SPAN_S, n // 4), rng.integers(0, 10, n // 4)),
    }
    long = arrays_source(
        "long",
        time_unit="s",
        bin_us=1000,
        t_stop_us=SPAN_S * 1_000_000,
        layers=[{"name": "input", "neurons": 40}, {"name": "output", "neurons": 10}],
        spikes=spikes,
    )
    wide = arrays_source(
        "wide",
        time_unit="s",
        bin_us=1000,
        t_stop_us=4_000_000,
        layers=[{"name": "sheet", "neurons": MANY, "shape": (250, 280)}],
        spikes={"sheet": (rng.uniform(0, 4, 400_000), rng.integers(0, MANY, 400_000))},
    )
    for source in (long, wide):
        precompute(library.store, import_source(library.store, source).id, engine="local")
    yield url


@pytest.fixture
def zooming(page: Page, address: str) -> tuple[Page, list[Request]]:
    """The page on ``long``, paused, and what it asks of the overview from here on."""
    asked: list[Request] = []
    page.goto(f"{address}/view/long?t=300")
    page.evaluate("window.synaptarium.ready")
    page.evaluate("window.synaptarium.pause()")
    page.on("request", lambda request: asked.append(request) if "/overview" in request.url else None)
    return page, asked


def words(page: Page) -> str:
    """Return what the bar says that it shows; empty for the whole run."""
    shown = page.locator(".scrub-words")
    return shown.inner_text() if shown.is_visible() else ""


def span_s(page: Page) -> tuple[float, float]:
    """Return the part of the run that the bar shows, as it says it."""
    found = re.match(r"(\d+):(\d+(?:\.\d+)?) to (\d+):(\d+(?:\.\d+)?)", words(page))
    assert found, words(page)
    numbers = [float(number) for number in found.groups()]
    return 60 * numbers[0] + numbers[1], 60 * numbers[2] + numbers[3]


def point(page: Page, part: float) -> tuple[float, float]:
    """Return a point of the bar."""
    box = page.locator(".scrub").bounding_box()
    assert box
    return box["x"] + part * box["width"], box["y"] + box["height"] / 2


def test_wheel_zooms_where_the_pointer_is_and_asks_for_little(zooming: tuple[Page, list[Request]]) -> None:
    page, asked = zooming
    page.mouse.move(*point(page, 0.25))

    for _ in range(20):
        page.mouse.wheel(0, -120)
        page.wait_for_timeout(20)
    page.wait_for_timeout(500)

    start, stop = span_s(page)
    assert stop - start < 600 * 0.05
    assert start + 0.25 * (stop - start) == pytest.approx(150, abs=0.5)
    answers = [response for request in asked if (response := request.response())]
    assert 1 <= len(answers) < 10  # asked when the wheel rests, not with each of its twenty turns
    # Chromium drops the bodies once the address changes.
    assert all(0 < int(response.headers["content-length"]) <= 8192 for response in answers)
    assert "zoom=" in page.url


def test_zoom_ends_at_single_bins_and_a_double_click_shows_all(zooming: tuple[Page, list[Request]]) -> None:
    page, _ = zooming
    page.mouse.move(*point(page, 0.5))

    for _ in range(80):
        page.mouse.wheel(0, -240)
    page.wait_for_timeout(500)
    start, stop = span_s(page)
    assert stop - start == pytest.approx(0.032, abs=0.002)
    assert "32 ms" in words(page)

    page.mouse.dblclick(*point(page, 0.5))
    page.wait_for_timeout(500)
    assert words(page) == ""
    assert "zoom=" not in page.url


def test_keys_zoom_at_the_playhead_turn_pages_and_reset(zooming: tuple[Page, list[Request]]) -> None:
    page, _ = zooming

    for _ in range(3):
        page.keyboard.press("+")
    page.wait_for_timeout(200)
    start, stop = span_s(page)
    assert stop - start == pytest.approx(75, abs=0.1)
    assert start <= 300 <= stop

    page.keyboard.press("PageDown")
    page.wait_for_timeout(100)
    assert span_s(page)[0] == pytest.approx(start + 60, abs=1.1)

    page.keyboard.press("-")
    page.wait_for_timeout(100)
    later = span_s(page)
    assert later[1] - later[0] == pytest.approx(150, abs=0.1)

    page.keyboard.press("0")
    page.wait_for_timeout(100)
    assert words(page) == ""


def test_thumb_and_right_drag_pan_and_drag_still_scrubs(
    zooming: tuple[Page, list[Request]], wait_until: Wait
) -> None:
    page, _ = zooming
    for _ in range(3):
        page.keyboard.press("+")
    page.wait_for_timeout(100)
    start, _ = span_s(page)

    page.mouse.move(*point(page, 0.5))
    page.mouse.down(button="right")
    page.mouse.move(*point(page, 0.3), steps=5)
    page.mouse.up(button="right")
    page.wait_for_timeout(100)
    panned, _ = span_s(page)
    assert panned == pytest.approx(start + 0.2 * 75, abs=1.1)

    track = page.get_by_role("scrollbar", name="Part of the run")
    track.focus()
    page.keyboard.press("Home")
    page.wait_for_timeout(100)
    assert span_s(page)[0] == 0
    assert track.get_attribute("aria-valuenow") == "0.0"
    thumb = page.locator(".scrub-thumb").bounding_box()
    assert thumb
    x, y = thumb["x"] + thumb["width"] / 2, thumb["y"] + thumb["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + 5000, y, steps=5)
    page.mouse.up()
    page.wait_for_timeout(100)
    assert span_s(page)[1] == pytest.approx(600, abs=0.1)
    assert track.get_attribute("aria-valuenow") == "100.0"

    page.mouse.click(*point(page, 0.5))
    wait_until(lambda state: abs(state["t_us"] / 1e6 - (600 - 37.5)) < 0.5)


def test_pinch_of_two_fingers_zooms(zooming: tuple[Page, list[Request]]) -> None:
    page, _ = zooming
    devtools = page.context.new_cdp_session(page)

    def touch(kind: str, *parts: float) -> None:
        at = [point(page, part) for part in parts]
        points = [{"x": x, "y": y, "id": n} for n, (x, y) in enumerate(at)]
        devtools.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    touch("touchStart", 0.45)
    touch("touchStart", 0.45, 0.55)
    for step in range(1, 11):
        touch("touchMove", 0.45 - 0.02 * step, 0.55 + 0.02 * step)
    touch("touchEnd")
    page.wait_for_timeout(200)

    start, stop = span_s(page)
    # 60 s lay between the fingers; half of the bar lies there now.
    assert stop - start == pytest.approx(120, rel=0.02)
    assert (start + stop) / 2 == pytest.approx(300, abs=1)


def test_link_opens_zoomed_and_playing_turns_the_page(page: Page, address: str, wait_until: Wait) -> None:
    page.goto(f"{address}/view/long?t=101.8&zoom=100,102&speed=1")
    page.evaluate("window.synaptarium.ready")
    assert span_s(page) == (100.0, 102.0)

    page.evaluate("window.synaptarium.play()")
    wait_until(lambda state: state["t_us"] > 102_100_000)
    page.wait_for_timeout(200)

    start, stop = span_s(page)
    assert stop - start == pytest.approx(2.0, abs=0.01)
    assert start > 101.5


def test_server_that_is_slow_leaves_the_coarse_curve(page: Page, address: str) -> None:
    page.goto(f"{address}/view/long?t=300")
    page.evaluate("window.synaptarium.ready")
    page.evaluate("window.synaptarium.pause()")
    page.route("**/overview?*", lambda route: route.abort())

    for _ in range(4):
        page.keyboard.press("+")
    page.wait_for_timeout(400)

    assert bright(page, ".scrub-curves") > 200


def bright(page: Page, canvas: str) -> int:
    """Return how many pixels of a canvas are drawn."""
    return page.evaluate(
        """selector => {
          const canvas = document.querySelector(selector);
          const pixels = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data;
          let n = 0;
          for (let i = 3; i < pixels.length; i += 4) if (pixels[i] > 40) n++;
          return n;
        }""",
        canvas,
    )


def test_groups_show_until_the_exact_spikes_land(page: Page, address: str, wait_until: Wait) -> None:
    held: list[Route] = []
    page.goto(f"{address}/view/wide?t=0.2")
    page.evaluate("window.synaptarium.ready")
    page.evaluate("window.synaptarium.pause()")
    wait_until(lambda state: state["frameLoaded"])
    # The exact spikes of level 0 wait; groups and all else go through.
    page.context.route("**/chunks/0/0/**", lambda route: held.append(route))

    page.evaluate("window.synaptarium.seek(3_000_000)")
    page.wait_for_timeout(1500)

    assert held, "no exact chunk was asked for"
    state = page.evaluate("window.synaptarium.state()")
    assert not state["frameLoaded"]
    assert notes(page) == ["Groups of 64 neurons until the exact spikes arrive"]

    for route in held:
        route.continue_()
    page.context.unroute("**/chunks/0/0/**")
    wait_until(lambda state: state["frameLoaded"])
    page.wait_for_timeout(300)
    assert notes(page) == []
    assert page.evaluate("window.synaptarium.spikesNow().length") > 0


def notes(page: Page) -> list[str]:
    """Return what the legend says about groups."""
    lines = page.locator(".scene-legend").inner_text().splitlines()
    return [line for line in lines if "Groups" in line]
