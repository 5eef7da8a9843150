"""One Chromium and one server for all tests of the scene; each file puts its own recording on the server."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from synaptarium.adapters.arrays import ArraySource
from synaptarium.jobs.build import precompute
from synaptarium.server.app import serving
from synaptarium.server.config import Config
from synaptarium.server.library import open_library
from synaptarium.store.importing import import_source

#: So long nothing is drawn in a scene at rest.
REST_S = 0.15
#: The address is written when nothing has changed for 0.3 s.
WRITTEN_S = 0.5

Until = Callable[..., dict[str, Any]]

# A few frames of playback in a colour mode: the picture that only its light was new in, and the same drawn anew.
PLAYED = """async colour => {
  const s = window.synaptarium, scene = s.scene(), gl = scene.context3d();
  s.setView({ colour });
  scene.stopLoop();
  let now = performance.now() + 5000;
  const turn = (after_ms = 1000 / 60) => scene.renderFrame(now += after_ms);
  for (let i = 0; i < 6; i++) { turn(500); await new Promise(done => setTimeout(done)); }
  s.play();
  for (let i = 0; i < 8; i++) { turn(); await new Promise(done => setTimeout(done)); }
  // A slow machine may just have left something out, or taken it back.
  const again = scene.debug().drawn_again;
  for (let i = 0; i < 30 && scene.debug().drawn_again === again; i++) { turn(); }
  const [w, h] = [gl.drawingBufferWidth, gl.drawingBufferHeight], before = new Uint8Array(4 * w * h);
  gl.readPixels(0, 0, w, h, gl.RGBA, gl.UNSIGNED_BYTE, before);
  const drawn_again = scene.debug().drawn_again - again;
  const anew = scene.readPixels(0, 0, w, h);
  s.pause();
  let differ = 0, lit = 0;
  for (let i = 0; i < anew.length; i++) { differ += anew[i] !== before[i]; lit += i % 4 < 3 && anew[i] > 90; }
  return { drawn_again, differ, lit };
}"""


@pytest.fixture(scope="package")
def browser(launched: Callable[[], AbstractContextManager[Browser]]) -> Iterator[Browser]:
    """One browser for all files of this folder."""
    with launched() as browser:
        yield browser


@pytest.fixture(scope="package")
def viewed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[ArraySource], str]]:
    """Put a recording on the one server of this folder; gives the address of its view."""
    data = tmp_path_factory.mktemp("scene")
    with (
        open_library(data, purpose="serve") as library,
        serving(library, Config(port=0)) as (app, server),
    ):

        def put(source: ArraySource) -> str:
            id = import_source(library.store, source).id
            precompute(library.store, id, engine="local")
            return app.url(server.port, f"/view/{id}")

        yield put


@pytest.fixture
def rest(page: Page, wait_until: Until) -> Callable[..., dict[str, Any]]:
    """Wait until the frame is here and nothing is drawn, or until all is in the address; gives the page's state."""

    def wait(*, written: bool = False) -> dict[str, Any]:
        drawn, since = -1, time.monotonic()

        def still(state: dict[str, Any]) -> bool:
            nonlocal drawn, since
            scene = state["scene"]
            moving = scene["layout_moving"] or scene["camera_moving"] or not state["frameLoaded"]
            if moving or state["framesDrawn"] != drawn:
                drawn, since = state["framesDrawn"], time.monotonic()
            return time.monotonic() - since > (WRITTEN_S if written else REST_S)

        return wait_until(still)

    return wait


@pytest.fixture
def played(page: Page) -> Callable[[str], dict[str, int]]:
    """Play in a colour mode: how many values differ between the last picture and the same drawn anew."""
    return lambda colour: page.evaluate(PLAYED, colour)
