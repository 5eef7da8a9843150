"""Take the documentation's pictures from the running demo: `make pictures`.

The demo is recorded into build/pictures, unless it is there already, and shown by a real server in a real browser.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

REPOSITORY = Path(__file__).parents[1]
IMAGES = REPOSITORY / "docs" / "images"
DATA = REPOSITORY / "build" / "pictures"
SIZE_PX = {"width": 1440, "height": 900}
# The beginning, when nothing is learned; the middle; the end, when the right row of the deep sheet lights up.
MOMENTS_S = {"start": 1.40, "middle": 20.00, "end": 44.36}
# The README shows the end with the synapses of one deep neuron.
CHROMIUM = next(
    (path for name in ("chromium", "chromium-browser", "google-chrome") if (path := shutil.which(name))), None
)
FLAGS = ["--no-sandbox", "--no-first-run", "--disable-background-networking", "--disable-component-update"]


def main() -> int:
    """Record, serve, look, write the pictures."""
    environment = os.environ | {"SYNAPTARIUM_DATA": str(DATA)}
    command = [sys.executable, "-m", "synaptarium.server.cli"]
    subprocess.run([*command, "demo", "--no-open", "--no-serve"], env=environment, check=True)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    server = subprocess.Popen([*command, "serve", "--port", str(port)], env=environment)
    try:
        address = f"http://127.0.0.1:{port}"
        wait_for(address)
        take(address)
    finally:
        server.terminate()
        server.wait(20)
    return 0


def wait_for(address: str) -> None:
    """Wait until the server answers."""
    for _ in range(300):
        try:
            urllib.request.urlopen(f"{address}/api/health", timeout=2).close()
            return
        except OSError:
            time.sleep(0.1)
    raise SystemExit("The server does not answer.")


def take(address: str) -> None:
    """Write docs/images/*.png."""
    IMAGES.mkdir(exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        page = browser.new_page(viewport=SIZE_PX)
        for name, time_s in MOMENTS_S.items():
            page.goto(f"{address}/view/digits?t={time_s}")
            page.evaluate("window.synaptarium.ready")
            settle(page)
            page.screenshot(path=IMAGES / f"demo-{name}.png")
            print(IMAGES / f"demo-{name}.png")
        page.goto(address)
        page.wait_for_load_state("networkidle")
        page.screenshot(path=IMAGES / "home.png")
        browser.close()


def settle(page: Page) -> None:
    """Play a moment up to the playhead, so that spikes before it glow, then wait until all is drawn."""
    page.wait_for_function("window.synaptarium.state().frameLoaded", timeout=20_000)
    page.wait_for_timeout(2500)  # the camera eases to its place


if __name__ == "__main__":
    sys.exit(main())
