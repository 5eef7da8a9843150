"""The transport by keys alone, in numbers; what the eye needs: contrast, focus, names, quiet motion."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Page, expect

from synaptarium.adapters.arrays import arrays_source
from synaptarium.jobs.build import precompute
from synaptarium.server.library import Library
from synaptarium.store.importing import import_source

pytestmark = pytest.mark.browser

Until = Callable[..., dict[str, Any]]
SPAN_US = 100_000_000

# Contrast of every visible text with what lies under it (WCAG 2.1, 1.4.3); what lies over the scene may lie over neurons that
# are all light. Names of layers have no plate but shadows.
CONTRASTS = """() => {
  const numbers = (text) => {
    const [r, g, b, a = 1] = text.match(/[\\d.]+/g).map(Number);
    const unit = text.startsWith('color(') ? 1 : 255;
    return [r / unit, g / unit, b / unit, a];
  };
  const light = ([r, g, b]) => {
    const part = (x) => (x <= 0.04045 ? x / 12.92 : ((x + 0.055) / 1.055) ** 2.4);
    return 0.2126 * part(r) + 0.7152 * part(g) + 0.0722 * part(b);
  };
  const over = (top, under) => [0, 1, 2].map((i) => top[i] * top[3] + under[i] * (1 - top[3]));
  const ground = (element) => {
    const layers = [];
    for (let at = element; at; at = at.parentElement) {
      layers.push(numbers(getComputedStyle(at).backgroundColor));
      if (layers.at(-1)[3] === 1 || at.parentElement?.matches('.scene-root, .scene-host')) break;
    }
    const room = element.closest('.scene-host') ? [1, 1, 1] : [0, 0, 0];
    return layers.reverse().reduce((under, top) => over(top, under), room);
  };
  const found = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement;
    if (!walker.currentNode.textContent.trim() || element.closest('script, style, option, .scene-label, :disabled')) continue;
    if (!element.checkVisibility({ opacityProperty: true, visibilityProperty: true })) continue;
    const under = ground(element);
    const [a, b] = [light(over(numbers(getComputedStyle(element).color), under)), light(under)];
    found.push([(Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05), walker.currentNode.textContent.trim().slice(0, 40), element.className]);
  }
  return found;
}"""


@pytest.fixture(scope="module")
def address(shelf: tuple[str, Library]) -> str:
    """Address of the view of a recording of 100 s in bins of 1 ms, with a stimulus each second."""
    url, library = shelf
    random = np.random.default_rng(2)
    n = 20_000
    source = arrays_source(
        "controls",
        bin_us=1000,
        layers=[{"name": "eye", "neurons": 64, "shape": (8, 8)}, {"name": "brain", "neurons": 20}],
        spikes={"eye": (np.sort(random.integers(0, SPAN_US, n)), random.integers(0, 64, n))},
        stimuli={
            "t_start": np.arange(100) * 1_000_000,
            "t_stop": np.arange(1, 101) * 1_000_000,
            "labels": [str(number % 10) for number in range(100)],
        },
        t_stop_us=SPAN_US,
    )
    id = import_source(library.store, source).id
    precompute(library.store, id, engine="local")
    return f"{url}/view/{id}"


def open_at(page: Page, address: str, query: str) -> None:
    page.goto(f"{address}?{query}")
    page.evaluate("window.synaptarium.ready")


def test_keys_move_the_playhead_by_exact_steps(page: Page, address: str) -> None:
    open_at(page, address, "t=50&speed=0.9")
    steps = [
        (".", 50_001_000),
        (".", 50_002_000),
        (",", 50_001_000),
        ("ArrowRight", 50_201_000),
        ("ArrowLeft", 50_001_000),
        ("Shift+ArrowRight", 52_001_000),
        ("Shift+ArrowLeft", 50_001_000),
        ("Home", 0),
        (",", 0),
        ("End", SPAN_US - 1),
        (".", SPAN_US - 1000),
    ]
    for key, t_us in steps:
        page.keyboard.press(key)
        # At the end a step keeps the playhead within the last frame.
        assert page.evaluate("window.synaptarium.state().t_us") in (t_us, SPAN_US - 1 if key == "." else t_us)
    assert not page.evaluate("window.synaptarium.state().playing")


def test_speed_keys_walk_through_the_speeds_and_levels(page: Page, address: str) -> None:
    open_at(page, address, "t=10&speed=1")
    speeds: list[tuple[float, int]] = []
    for _ in range(4):
        page.keyboard.press("]")
        found = page.evaluate("window.synaptarium.state()")
        speeds.append((found["speed"], found["level"]))
    assert [speed for speed, _ in speeds] == sorted({speed for speed, _ in speeds})
    assert speeds[0][1] == 1, "2 s of 1 ms frames in a second pass faster than the screen can show"
    for _ in range(4):
        page.keyboard.press("[")
    assert page.evaluate("window.synaptarium.state().speed") == 1
    expect(page.locator(".speed")).to_contain_text("1x")


def test_reverse_forward_and_pause(page: Page, address: str, wait_until: Until) -> None:
    open_at(page, address, "t=50&speed=0.5")
    page.keyboard.press("j")
    found = wait_until(lambda found: found["t_us"] < 49.5e6)
    assert found["speed"] == -0.5
    page.keyboard.press("k")
    paused = page.evaluate("window.synaptarium.state()")
    page.wait_for_timeout(300)
    assert page.evaluate("window.synaptarium.state().t_us") == paused["t_us"]
    assert paused["status"] == "paused"
    page.keyboard.press("l")
    found = wait_until(lambda found: found["t_us"] > paused["t_us"] + 5e5)
    assert found["speed"] == 0.5
    page.keyboard.press("Space")
    assert not page.evaluate("window.synaptarium.state().playing")


@pytest.mark.parametrize("speed", [2.0, -2.0])
def test_a_loop_is_never_left(page: Page, address: str, wait_until: Until, speed: float) -> None:
    open_at(page, address, f"t=20.2&speed={speed}")
    page.evaluate("window.synaptarium.setLoop({ t_start_us: 20e6, t_stop_us: 21e6 })")
    page.keyboard.press("Space")
    wait_until(lambda found: found["status"] == "playing")
    times = page.evaluate(
        """async () => {
          const times = [];
          const until = performance.now() + 2500;
          while (performance.now() < until) {
            times.push(window.synaptarium.state().t_us);
            await new Promise((next) => requestAnimationFrame(next));
          }
          return times;
        }"""
    )
    assert min(times) >= 20e6 and max(times) < 21e6
    turns = np.diff(times) * np.sign(speed) < -0.5e6
    assert np.sum(turns) >= 2, "it went round less than twice"
    page.keyboard.press("r")
    assert page.evaluate("window.synaptarium.state().loop") is None
    page.keyboard.press("r")
    assert page.evaluate("window.synaptarium.state().loop") == {"t_start_us": 0, "t_stop_us": SPAN_US}


def test_the_transport_works_with_tab_and_enter(page: Page, address: str, wait_until: Until) -> None:
    open_at(page, address, "t=50&speed=0.5")
    names: list[str] = []
    for _ in range(60):
        page.keyboard.press("Tab")
        name = page.evaluate(
            "document.activeElement?.getAttribute('aria-label') ?? document.activeElement?.textContent"
        )
        names.append(name or "")
        ring = page.evaluate(
            """() => {
              const style = getComputedStyle(document.activeElement);
              return style.outlineStyle !== 'none' || style.boxShadow !== 'none'
                || style.backgroundColor !== 'rgba(0, 0, 0, 0)' || document.activeElement === document.body;
            }"""
        )
        assert ring, f"{name!r} shows no focus"
        if name == "Play":
            break
    assert names[-1] == "Play", names
    page.keyboard.press("Enter")
    wait_until(lambda found: found["playing"])


def test_every_button_has_a_name_and_a_tooltip_with_its_key(page: Page, address: str) -> None:
    open_at(page, address, "t=50")
    buttons = page.evaluate(
        """[...document.querySelectorAll('.top button, .transport button, .side button.icon-button')]
           .map((button) => [button.getAttribute('aria-label') ?? button.textContent, button.title])"""
    )
    assert len(buttons) > 15
    assert all(name and title for name, title in buttons), buttons
    titles = " ".join(title for _, title in buttons)
    for key in ("Space", "Home", "End", "[", "]", "T", "B", "P", "?", "Enter"):
        assert f"({key})" in titles, key


@pytest.mark.parametrize("theme", ["dark", "light"])
def test_text_has_contrast_in_both_themes(page: Page, address: str, theme: str) -> None:
    open_at(page, address, f"t=50&theme={theme}")
    page.evaluate("window.synaptarium.select([3])")
    page.wait_for_timeout(800)
    weak = [found for found in page.evaluate(CONTRASTS) if found[0] < 4.5]
    assert not weak, weak
    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_be_visible()
    weak = [found for found in page.evaluate(CONTRASTS) if found[0] < 4.5]
    assert not weak, weak


def test_reduced_motion_starts_nothing_and_eases_nothing(page: Page, address: str) -> None:
    page.goto(address)
    page.evaluate("window.synaptarium.ready")
    page.wait_for_timeout(500)
    assert not page.evaluate("window.synaptarium.state().playing")
    durations = page.evaluate(
        "[...document.querySelectorAll('button, .toast, .scene-label')].map((element) => getComputedStyle(element).transitionDuration)"
    )
    assert set(durations) <= {"0s", "0s, 0s, 0s"}, set(durations)


@pytest.mark.parametrize(("width", "height"), [(1024, 768), (1440, 900), (2560, 1440)])
def test_the_scene_has_half_the_window_and_nothing_overlaps_it(
    page: Page, address: str, width: int, height: int
) -> None:
    page.set_viewport_size({"width": width, "height": height})
    open_at(page, address, "t=50")
    page.wait_for_timeout(500)
    stage = page.locator(".stage").bounding_box()
    assert stage
    wide_enough = 0.5 if width > 1024 else 0.4
    assert stage["width"] * stage["height"] >= wide_enough * width * height
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    legend = page.locator(".scene-legend").bounding_box()
    words = page.locator(".first-words")
    if words.is_visible():
        box = words.bounding_box()
        assert box and legend
        assert box["x"] + box["width"] < legend["x"]
