"""The scene in real Chromium over a synthetic recording: picking is exact, a seek shows what playing there shows."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "bench"))
sys.path.insert(0, str(Path(__file__).parents[1] / "bench" / "scene"))

from browsing import chromium
from pages import build, lay_out, served

pytestmark = pytest.mark.browser

SHAPES = (("input", (28, 28)), ("hidden", (400,)), ("maps", (6, 8, 8)), ("output", (10,)))
N_NEURONS = 784 + 400 + 384 + 10


@pytest.fixture(scope="module")
def look(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """A page with the scene at rest in its home view."""
    folder = tmp_path_factory.mktemp("scene")
    build(folder)
    lay_out(folder, "plan", SHAPES, density=0.05, connect=0.5, decoder=3)
    with served(folder) as address, chromium("--enable-unsafe-swiftshader") as browser:
        page = browser.new_page(viewport={"width": 1280, "height": 720})
        errors: list[str] = []
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.goto(f"{address}/look.html")
        page.wait_for_function("window.look !== undefined")
        page.wait_for_timeout(1500)  # past the first flight
        yield page
        assert errors == []


def test_pick_every_visible_neuron_is_found_where_it_is_drawn(look: Any) -> None:
    missed = look.evaluate(
        """n => {
          const missed = [];
          for (let id = 0; id < n; id += 7) {
            const { x, y } = look.scene.project(id);
            const found = look.scene.pick(x, y);
            if (found === id) continue;
            // Something nearer may lie before it, and only then may another be found.
            const eye = look.scene.pose().position;
            const depth = i => Math.hypot(...look.scene.placeOf(i).map((x, axis) => x - eye[axis]));
            if (found < 0 || depth(found) > depth(id)) missed.push([id, found]);
          }
          return missed;
        }""",
        N_NEURONS,
    )
    assert missed == []
    assert look.evaluate("look.scene.pick(4, 700)") == -1


def test_click_selects_the_neuron_and_draws_all_its_synapses(look: Any) -> None:
    at = look.evaluate("look.scene.project(200)")
    look.mouse.click(at["x"], at["y"])
    look.wait_for_function("look.scene.debug().selected > 0")
    assert look.evaluate("look.view.get('selection')") == [200]
    all_of_it = look.evaluate(
        """async () => {
          let n = 0;
          for (const { name, kind } of look.network.projections) {
            const { pre, post } = await look.network.synapses(name);
            pre.forEach((id, i) => (n += id === 200 || (kind !== 'decoder' && post[i] === 200)));
          }
          return n;
        }"""
    )
    assert look.evaluate("look.scene.debug().selected") == all_of_it
    look.evaluate("look.view.set({ selection: [] })")


@pytest.mark.parametrize("mode", ["spikes", "rate", "potential"])
def test_seek_shows_what_playing_there_shows(look: Any, mode: str) -> None:
    difference = look.evaluate(
        """async mode => {
          const { scene, playback, view } = look;
          scene.stopLoop();
          view.set({ colour: mode, variable: 'v', synapses: 0 });
          playback.speed = 0.1;
          playback.seek(900500);
          let now = performance.now() + 1e6;
          for (let t = 900500; t <= 1700500; t += 4000) { playback.t_us = t; scene.renderFrame(now += 16); }
          scene.invalidate(); scene.renderFrame(now += 16);
          const played = scene.readPixels(0, 0, 1280, 720);
          playback.seek(10500); scene.renderFrame(now += 16);
          const elsewhere = scene.readPixels(0, 0, 1280, 720);
          playback.seek(1700500); scene.renderFrame(now += 16);
          const sought = scene.readPixels(0, 0, 1280, 720);
          const worst = (a, b) => a.reduce((most, value, i) => Math.max(most, Math.abs(value - b[i])), 0);
          view.set({ colour: 'spikes', synapses: 3000 });
          return [worst(played, sought), worst(played, elsewhere)];
        }""",
        mode,
    )
    assert difference[0] <= (12 if mode == "rate" else 2)  # a rate's pre-roll is cut after six windows
    assert difference[1] > 40


def test_paused_scene_draws_nothing(look: Any) -> None:
    drawn = look.evaluate(
        """async () => {
          const { scene, playback } = look;
          playback.pause();
          scene.renderer.setAnimationLoop(now => scene.renderFrame(now));
          await new Promise(resolve => setTimeout(resolve, 1500));
          const before = scene.stats().frames_drawn;
          await new Promise(resolve => setTimeout(resolve, 500));
          return [before, scene.stats().frames_drawn];
        }"""
    )
    assert drawn[0] == drawn[1] > 0


def test_legend_says_how_many_synapses_of_how_many(look: Any) -> None:
    text = look.locator(".scene-legend").inner_text()
    total = look.evaluate("look.network.projections.reduce((sum, p) => sum + p.n_synapses, 0)")
    assert f"You see 3,000 of {total:,} synapses" in text


def test_leaving_disposes_of_everything(look: Any) -> None:
    left = look.evaluate(
        """() => {
          look.leave.abort();
          const { memory } = look.scene.renderer.info;
          return [document.getElementById('host').children.length, memory.geometries, memory.textures];
        }"""
    )
    assert left == [0, 0, 0]
