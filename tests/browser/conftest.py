"""Real Chromium, and real servers for it: in this process, or as the command line starts them."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psutil
import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from synaptarium.jobs.build import precompute
from synaptarium.server.app import serving
from synaptarium.server.config import Config
from synaptarium.server.library import Library, open_library
from synaptarium.store.importing import import_source

from .films import columns_source

FLAGS = [
    "--no-sandbox",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-accelerated-2d-canvas",
]


@pytest.fixture(scope="session")
def chromium() -> str:
    """Chromium as it is installed on this machine."""
    found = (shutil.which(name) for name in ("chromium", "chromium-browser", "google-chrome"))
    path = next((path for path in found if path), None)
    assert path, "Chromium is missing: apt-get install chromium"
    return path


@pytest.fixture(scope="session")
def launched(chromium: str) -> Callable[[], AbstractContextManager[Browser]]:
    """Start a browser; two at a time in one thread is more than Playwright allows."""

    @contextmanager
    def launch() -> Iterator[Browser]:
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
            yield browser
            browser.close()

    return launch


@pytest.fixture(scope="module")
def browser(launched: Callable[[], AbstractContextManager[Browser]]) -> Iterator[Browser]:
    """One browser for the tests of a file."""
    with launched() as browser:
        yield browser


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A page of its own; an error that nobody caught fails the test, and so does a request to another host."""
    context = browser.new_context(viewport={"width": 1280, "height": 720}, reduced_motion="reduce")
    page = context.new_page()
    errors: list[str] = []
    hosts: set[str] = set()
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("request", lambda request: hosts.add(urlsplit(request.url).hostname or ""))
    yield page
    context.close()
    assert not errors
    assert hosts <= {"127.0.0.1", ""}, hosts


@pytest.fixture
def wait_until(page: Page) -> Callable[..., dict[str, Any]]:
    """Poll the page's state: its policy forbids the evaluated strings of Playwright's own waiting."""

    def wait(holds: Callable[[dict[str, Any]], bool], timeout_s: float = 20.0) -> dict[str, Any]:
        deadline = time.monotonic() + timeout_s
        while True:
            found: dict[str, Any] = page.evaluate("window.synaptarium.state()")
            if holds(found):
                return found
            assert time.monotonic() < deadline, found
            page.wait_for_timeout(30)

    return wait


@pytest.fixture(scope="session")
def flashes() -> Callable[[Sequence[float], float], list[int]]:
    """Where a luminance flashes: the frames at which a change by a swing and its return were complete."""

    def find(light: Sequence[float], swing: float) -> list[int]:
        found: list[int] = []
        extreme, rising, half = light[0], True, False
        for at, value in enumerate(light):
            if value >= extreme if rising else value <= extreme:
                extreme = value
            elif abs(value - extreme) > swing:
                if half:
                    found.append(at)
                half, rising, extreme = not half, not rising, value
        return found

    return find


@pytest.fixture(scope="module")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Library]]:
    """The address of a server in this process, and its library to put recordings into."""
    data = tmp_path_factory.mktemp("shelf")
    with (
        open_library(data, purpose="serve") as library,
        serving(library, Config(port=0)) as (app, server),
    ):
        yield app.url(server.port, "").rstrip("/"), library


@pytest.fixture(scope="module")
def columns(shelf: tuple[str, Library]) -> str:
    """A recording in which each frame of a film is another picture."""
    id = import_source(shelf[1].store, columns_source()).id
    precompute(shelf[1].store, id, engine="local")
    return id


@pytest.fixture
def server_process() -> Callable[..., AbstractContextManager[tuple[str, psutil.Process]]]:
    """Start a server of its own on a data folder; gives its address and its process."""

    @contextmanager
    def start(data: Path, port: int = 0) -> Iterator[tuple[str, psutil.Process]]:
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(("127.0.0.1", port))
            port = probe.getsockname()[1]
        command = [sys.executable, "-m", "synaptarium.server.cli", "serve", "--port", str(port)]
        server = subprocess.Popen(command, env=os.environ | {"SYNAPTARIUM_DATA": str(data)})
        address = f"http://127.0.0.1:{port}"
        try:
            deadline = time.monotonic() + 30
            while True:
                try:
                    urllib.request.urlopen(f"{address}/api/health", timeout=2).close()
                    break
                except OSError:
                    assert server.poll() is None, "the server ended"
                    assert time.monotonic() < deadline, "the server does not answer"
                    time.sleep(0.1)
            yield address, psutil.Process(server.pid)
        finally:
            server.terminate()
            server.wait(20)

    return start
