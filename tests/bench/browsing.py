"""What benchmarks of the page share: a server process with generated recordings, and headless Chromium."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

FLAGS = (
    "--no-sandbox",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-accelerated-2d-canvas",
)


@contextmanager
def chromium(*flags: str) -> Iterator[Browser]:
    """Start headless Chromium (software GL) from CHROMIUM or PATH, with further flags."""
    names = (os.environ.get("CHROMIUM") or "chromium", "chromium-browser", "google-chrome")
    path = next((found for name in names if (found := shutil.which(name))), None)
    if path is None:
        raise SystemExit("Chromium is missing: apt-get install chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=[*FLAGS, *flags])
        try:
            yield browser
        finally:
            browser.close()


@contextmanager
def served(data: Path, recordings: Sequence[Sequence[str]]) -> Iterator[str]:
    """Generate recordings into a folder, precompute them, and serve it from a process of its own.

    Parameters
    ----------
    data : Path
        The data folder.
    recordings : sequence of sequences of str
        Of each, what ``synaptarium generate`` is told; ``--name`` among it, where there are several.

    Yields
    ------
    str
        The server's address, without a slash at its end.
    """
    command = [sys.executable, "-m", "synaptarium.server.cli"]
    at = ["--data", str(data)]
    for words in recordings:
        id = words[words.index("--name") + 1] if "--name" in words else "generated"
        subprocess.run([*command, "generate", *words, *at], check=True, capture_output=True)
        subprocess.run(
            [*command, "precompute", id, "--engine", "local", *at], check=True, capture_output=True
        )
    server = subprocess.Popen(
        [*command, "serve", "--port", "0", *at], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    try:
        assert server.stdout
        url = server.stdout.readline().split()[-1].rstrip("/")
        for _ in range(300):
            try:
                urllib.request.urlopen(f"{url}/api/health", timeout=2).close()
                break
            except OSError:
                time.sleep(0.1)
        yield url
    finally:
        server.terminate()
        server.wait(20)
