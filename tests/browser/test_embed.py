"""A view inside a page of another origin: shown where that origin is allowed, refused where it is not."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Frame, Page

from synaptarium.adapters.arrays import arrays_source
from synaptarium.jobs.build import precompute
from synaptarium.server.app import serving
from synaptarium.server.config import Config
from synaptarium.server.library import Library, open_library
from synaptarium.store.importing import import_source

pytestmark = pytest.mark.browser


@contextmanager
def embedding(view: Callable[[], str]) -> Iterator[str]:
    """Another site's page with a view in a frame; gives its address."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(
                f'<h1>A paper</h1><iframe src="{view()}" width="640" height="400"></iframe>'.encode()
            )

        def log_message(self, format: str, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, str, str]]:
    """A view, a page whose origin may embed it, and one whose may not."""
    where: list[str] = []
    with (
        embedding(lambda: where[0]) as friend,
        embedding(lambda: where[0]) as stranger,
        open_library(tmp_path_factory.mktemp("embed"), purpose="serve") as library,
        serving(library, Config(port=0, embed_from=friend.rstrip("/"))) as (app, server),
    ):
        where.append(app.url(server.port, f"/embed/{stored(library)}?t=0.5&colour=rate"))
        yield where[0], friend, stranger


def stored(library: Library) -> str:
    """Store a recording with one spike, and return its id."""
    source = arrays_source(
        "embedded",
        bin_us=1000,
        layers=[{"name": "eye", "shape": (6, 6)}],
        spikes={"eye": ([500_000], [14])},
        t_stop_us=1_000_000,
    )
    id = import_source(library.store, source).id
    precompute(library.store, id, engine="local")
    return id


def loaded_spikes(page: Page, frame: Frame) -> list[int]:
    """Wait for the data of the moment, and return the neurons that spike in it."""
    for _ in range(200):
        if frame.evaluate("window.synaptarium.state().frameLoaded"):
            break
        page.wait_for_timeout(30)
    found: list[int] = frame.evaluate("window.synaptarium.spikesNow()")
    return found


def framed(page: Page) -> Frame:
    frame = page.frames[1]
    for _ in range(200):
        if frame.url.startswith("http") and frame.evaluate("window.synaptarium !== undefined"):
            break
        page.wait_for_timeout(50)
    frame.evaluate("window.synaptarium.ready")
    return frame


def test_allowed_page_shows_the_scene_and_a_small_bar(page: Page, pages: tuple[str, str, str]) -> None:
    _, friend, _ = pages
    page.goto(friend)
    frame = framed(page)

    assert loaded_spikes(page, frame) == [14]
    assert frame.evaluate("window.synaptarium.state().colour") == "rate"
    assert frame.locator("header.top, .side, .dock, .transport").count() == 0
    scene = frame.locator(".scene-host").bounding_box()
    assert scene is not None and (scene["width"], scene["height"]) == (640, 366)

    slider = frame.get_by_role("slider", name="Time")
    slider.evaluate("(e) => { e.value = '250000'; e.dispatchEvent(new Event('input')); }")
    assert frame.evaluate("window.synaptarium.state().t_us") == 250_000
    frame.get_by_role("button", name="Play").click()
    for _ in range(200):
        if frame.evaluate("window.synaptarium.state().t_us") > 260_000:
            break
        page.wait_for_timeout(30)
    frame.get_by_role("button", name="Pause").click()
    at_us = frame.evaluate("window.synaptarium.state().t_us")
    assert at_us > 260_000

    link = frame.get_by_role("link", name="Open in Synaptarium")
    link.focus()
    href = link.get_attribute("href") or ""
    assert href.startswith("/view/embedded?t=") and "colour=rate" in href
    assert link.get_attribute("target") == "_blank"


def test_other_page_is_refused(page: Page, pages: tuple[str, str, str]) -> None:
    view, _, stranger = pages
    refused: list[str] = []
    page.on("console", lambda message: refused.append(message.text))
    page.goto(stranger)
    page.wait_for_timeout(500)

    assert any("frame-ancestors" in text for text in refused), refused
    assert "window.synaptarium" not in page.frames[1].content()
    assert page.frames[1].url != view


def test_guest_with_a_viewers_token_sees_it_over_https_in_a_page_of_another_site(
    browser: Browser, tmp_path: Path
) -> None:
    """Browsers that let no other site's page keep cookies still let a frame keep its own there."""
    where: list[str] = []
    with embedding(lambda: where[0]) as site:
        # Another site than the server's 127.0.0.1.
        friend = site.replace("127.0.0.1", "localhost")
        config = Config(
            port=0, https=True, token="admins", viewer_token="guests", embed_from=friend.rstrip("/")
        )
        with open_library(tmp_path, purpose="serve") as library, serving(library, config) as (_, server):
            home = f"https://127.0.0.1:{server.port}"
            where.append(f"{home}/embed/{stored(library)}?t=0.5&token=guests")
            context = browser.new_context(ignore_https_errors=True, reduced_motion="reduce")
            page = context.new_page()
            controls = {
                "enableThirdPartyCookieRestriction": True,
                "disableThirdPartyCookieMetadata": True,
                "disableThirdPartyCookieHeuristics": True,
            }
            context.new_cdp_session(page).send("Network.setCookieControls", controls)
            page.goto(friend)
            frame = framed(page)

            assert loaded_spikes(page, frame) == [14]
            assert "token" not in frame.url
            me = frame.evaluate("fetch('/api/me').then((answer) => answer.json())")
            assert me == {"role": "viewer", "may": ["look"]}
            (cookie,) = context.cookies()
            assert (cookie["sameSite"], cookie["secure"], cookie["httpOnly"]) == ("None", True, True)  # type: ignore[typeddict-item]
            assert cookie.get("partitionKey", "").startswith("http://localhost"), cookie
            # The cookie is that frame's alone: the same page at the top knows nothing of it.
            answer = page.goto(f"{home}/api/me")
            assert answer is not None and answer.status == 401
            context.close()
