"""Take the documentation's pictures from the running demo: `make pictures`.

`python docs/pictures.py ADDRESS` takes those of the gallery from a server that runs already: of the demo, and of the networks
of tests/adapters/test_array_recordings.py where it has them ("nest-microcircuit" and "snntorch-conv").

The demo is recorded into build/pictures, unless it is there already, and shown by a real server in a real browser. The
README's picture goes into docs/images; those of other moments, and of the home page, lie in build/ to be looked at.
"""

from __future__ import annotations

import json
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
BUILD = REPOSITORY / "build"
DATA = BUILD / "pictures"
SIZE_PX = {"width": 1280, "height": 800}
# The beginning, when little is learned; the middle; the end, when the row of the digit lights up in the deep sheet.
MOMENTS = {
    1.40: BUILD / "demo-start.png",
    20.00: BUILD / "demo-middle.png",
    44.36: REPOSITORY / "docs" / "images" / "demo.jpg",
}
#: Name in docs/gallery, and the view that it shows.
GALLERY = {
    "light": "digits?t=44.36&theme=light",
    "compared": "digits?t=20&compare=~3~side",
    "health": "digits?t=20&colour=health&synapses=500",
    "class": "digits?t=20&colour=selectivity&synapses=1000",
    "rings": "digits?t=44.36&layout=rings",
    "places": "nest-microcircuit?t=0.6&synapses=1000",
    "weights": "nest-microcircuit?t=0.6&colour=in_degree&synapses=1500&theme=light",
    "stacks": "snntorch-conv?t=0.6&layout=stacks",
    "cut": "snntorch-conv?t=0.6&layout=stacks&colour=persistence&clip=0,1,0,1,0.5,1&minimap=above",
}
CHROMIUM = next(
    (path for name in ("chromium", "chromium-browser", "google-chrome") if (path := shutil.which(name))), None
)
FLAGS = [
    "--no-sandbox",
    "--no-first-run",
    "--disable-quic",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def main() -> int:
    """Record, serve, look, write the pictures; or those of the gallery."""
    if len(sys.argv) > 1:
        take_gallery(sys.argv[1].rstrip("/"))
        return 0
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
    """Write the pictures."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        page = browser.new_page(viewport=SIZE_PX)
        for time_s, picture in MOMENTS.items():
            page.goto(f"{address}/view/digits?t={time_s}")
            page.evaluate("window.synaptarium.ready")
            settle(page)
            picture.parent.mkdir(exist_ok=True)
            page.screenshot(path=picture, quality=90 if picture.suffix == ".jpg" else None)
            print(picture)
        page.goto(address)
        page.wait_for_timeout(2500)
        page.screenshot(path=BUILD / "home.png")
        print(BUILD / "home.png")
        browser.close()


def take_gallery(address: str) -> None:
    """Write the gallery's pictures of the recordings that the server has."""
    with urllib.request.urlopen(f"{address}/api/recordings") as answer:
        there = {recording["id"] for recording in json.load(answer)}
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        page = browser.new_page(viewport=SIZE_PX)
        for name, view in GALLERY.items():
            if view.partition("?")[0] not in there:
                continue
            # The browser keeps the theme of the picture before.
            page.goto(f"{address}/view/{view}{'' if 'theme=' in view else '&theme=dark'}")
            page.evaluate("window.synaptarium.ready")
            page.evaluate("document.querySelector('.first-words')?.remove()")
            settle(page)
            picture = REPOSITORY / "docs" / "gallery" / f"{name}.jpg"
            page.screenshot(path=picture, quality=86)
            print(picture)
        browser.close()


def settle(page: Page) -> None:
    """Wait until the frame at the playhead is there and the camera has eased to its place."""
    for _ in range(200):  # the page's content policy forbids wait_for_function
        if page.evaluate("window.synaptarium.state().frameLoaded"):
            break
        page.wait_for_timeout(100)
    page.wait_for_timeout(2500)


if __name__ == "__main__":
    sys.exit(main())
