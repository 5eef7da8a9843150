"""A browser that nobody looks at: Chromium, Chrome or Edge as it is on this machine, driven through a private pipe.

It speaks the DevTools protocol (https://chromedevtools.github.io/devtools-protocol) over two pipes instead of a port,
so that nobody else on the machine can drive it, and it ends when we do. It reaches this machine and nothing else.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Self

from synaptarium.schemas.errors import BrowserFailed, InvalidInput, MissingDependency
from synaptarium.server.config import variable

ON_PATH = (
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
    "chrome",
    "microsoft-edge",
    "microsoft-edge-stable",
    "brave-browser",
)
_MAC_APPS = ("Google Chrome", "Chromium", "Microsoft Edge", "Brave Browser")
#: Where Playwright keeps the browsers that it has fetched, newest last.
_PLAYWRIGHT = (
    "chromium-*/chrome-linux*/chrome",
    "chromium-*/chrome-mac*/*.app/Contents/MacOS/*",
)
FLAGS = (
    "--headless=new",
    "--remote-debugging-pipe",
    "--no-first-run",
    "--no-default-browser-check",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-extensions",
    "--disable-background-timer-throttling",
    "--disable-renderer-backgrounding",
    "--hide-scrollbars",
    "--mute-audio",
    "--no-proxy-server",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
    # A machine without a graphics card draws in software.
    "--enable-unsafe-swiftshader",
    "--ignore-gpu-blocklist",
)
#: The browser reads commands from descriptor 3 and writes answers to 4: here they are the shell's stdin and stdout.
_LAUNCH = 'exec "$0" "$@" 3<&0 4>&1 </dev/null >&2'
START_TIMEOUT_S = 60.0
ANSWER_TIMEOUT_S = 120.0
STOP_TIMEOUT_S = 5.0


def find_browser(named: str = "") -> Path:
    """Return the browser to drive: the one named, else the first of PATH, the applications, and Playwright's.

    Raises
    ------
    InvalidInput
        The one that was named is no program.
    MissingDependency
        There is none.
    """
    if named:
        found = shutil.which(str(Path(named).expanduser()))
        if found is None:
            raise InvalidInput(
                f"{named!r} is no program that can be run.",
                hint="Give the path of Chromium, Chrome or Edge, as in --browser /usr/bin/chromium.",
                where="browser",
            )
        return Path(found)
    path = next(_candidates(), None)
    if path is None:
        raise MissingDependency(
            "A video is drawn and encoded by a browser, and there is no Chromium, Chrome or Edge on this machine.",
            hint="Install one (apt install chromium; pip install playwright && playwright install chromium), or name "
            f"it with --browser or {variable('browser')}.",
        )
    return path


def _candidates() -> Iterator[Path]:
    for name in ON_PATH:
        found = shutil.which(name)
        if found:
            yield Path(found)
    if sys.platform == "darwin":
        for name in _MAC_APPS:
            app = Path("/Applications") / f"{name}.app" / "Contents" / "MacOS" / name
            if app.is_file():
                yield app
    kept = os.environ.get("PLAYWRIGHT_BROWSERS_PATH", "")
    caches = Path("~/Library/Caches" if sys.platform == "darwin" else "~/.cache").expanduser()
    folder = Path(kept) if kept not in ("", "0") else caches / "ms-playwright"
    for pattern in _PLAYWRIGHT:
        yield from sorted((path for path in folder.glob(pattern) if os.access(path, os.X_OK)), reverse=True)


class HeadlessBrowser:
    """One page in a browser of its own; a context manager.

    Parameters
    ----------
    path : pathlib.Path
        The program.
    width, height : int
        Of the page, CSS pixels.
    """

    def __init__(self, path: Path, *, width: int, height: int) -> None:
        self._path = path
        self._size = width, height
        self._profile = tempfile.TemporaryDirectory(prefix="synaptarium-browser-", ignore_cleanup_errors=True)
        self._process: subprocess.Popen[bytes] | None = None
        self._log = Path(self._profile.name) / "browser.log"
        self._read = b""
        self._number = 0
        self._page = ""

    def __enter__(self) -> Self:
        try:
            self._start()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        self.close()

    def open(self, url: str) -> None:
        """Go to an address; raises BrowserFailed where it cannot be reached."""
        answer = self._ask("Page.navigate", {"url": url}, self._page)
        if answer.get("errorText"):
            raise BrowserFailed(f"The browser cannot reach our own page: {answer['errorText']}.")

    def evaluate(self, expression: str) -> Any:
        """Return the JSON value of an expression in the page; promises are waited for.

        Raises
        ------
        BrowserFailed
            The page threw, or the browser went away.
        """
        asked = {"expression": expression, "awaitPromise": True, "returnByValue": True}
        answer = self._ask("Runtime.evaluate", asked, self._page)
        if "exceptionDetails" in answer:
            thrown = answer["exceptionDetails"]
            told = thrown.get("exception", {}).get("description") or thrown.get("text", "")
            raise BrowserFailed(
                f"The page failed: {told.splitlines()[0] if told else 'no reason was given'}."
            )
        return answer["result"].get("value")

    def close(self) -> None:
        """End the browser and delete what it kept."""
        self._end()
        self._profile.cleanup()

    def _end(self) -> None:
        process, self._process, self._read = self._process, None, b""
        if process is None:
            return
        with contextlib.suppress(OSError):
            self._say(process, "Browser.close", {})
        for pipe in (process.stdin, process.stdout):
            with contextlib.suppress(OSError):
                assert pipe is not None
                pipe.close()
        for end in (process.terminate, process.kill):
            try:
                process.wait(STOP_TIMEOUT_S)
                break
            except subprocess.TimeoutExpired:
                end()
        process.wait()

    def _start(self) -> None:
        # Root has no sandbox, and some systems allow none; the one page that is shown here is our own.
        sandboxes: tuple[tuple[str, ...], ...] = ((), ("--no-sandbox",))
        for sandbox in sandboxes[1:] if os.geteuid() == 0 else sandboxes:
            try:
                self._launch(sandbox)
                return
            except BrowserFailed as error:
                self._end()
                if "sandbox" not in error.message.lower() or sandbox:
                    raise

    def _launch(self, sandbox: tuple[str, ...]) -> None:
        width, height = self._size
        own = (f"--user-data-dir={self._profile.name}", f"--window-size={width},{height}")
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                ["/bin/sh", "-c", _LAUNCH, str(self._path), *FLAGS, *own, *sandbox, "about:blank"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                bufsize=0,
                # Ctrl-C is for us: we end the browser.
                start_new_session=True,
            )
        target = self._ask("Target.createTarget", {"url": "about:blank"}, timeout_s=START_TIMEOUT_S)[
            "targetId"
        ]
        self._page = self._ask("Target.attachToTarget", {"targetId": target, "flatten": True})["sessionId"]
        screen = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
        self._ask("Emulation.setDeviceMetricsOverride", screen, self._page)
        still = {"features": [{"name": "prefers-reduced-motion", "value": "reduce"}]}
        self._ask("Emulation.setEmulatedMedia", still, self._page)

    def _ask(
        self, method: str, params: dict[str, Any], page: str = "", *, timeout_s: float = ANSWER_TIMEOUT_S
    ) -> dict[str, Any]:
        process = self._process
        if process is None:
            raise BrowserFailed("The browser is closed.")
        try:
            number = self._say(process, method, params, page)
        except OSError as error:
            raise self._ended() from error
        until_s = time.monotonic() + timeout_s
        while True:
            answer = self._answer(process, until_s, method)
            if answer.get("id") == number:  # everything else is an event that we did not wait for
                break
        if "error" in answer:
            raise BrowserFailed(f"The browser refuses {method}: {answer['error'].get('message', '')}.")
        return answer["result"]

    def _say(
        self, process: subprocess.Popen[bytes], method: str, params: dict[str, Any], page: str = ""
    ) -> int:
        self._number += 1
        message: dict[str, Any] = {"id": self._number, "method": method, "params": params}
        if page:
            message["sessionId"] = page
        assert process.stdin is not None
        rest = memoryview(json.dumps(message).encode() + b"\0")
        while rest:
            rest = rest[process.stdin.write(rest) or 0 :]
        return self._number

    def _answer(self, process: subprocess.Popen[bytes], until_s: float, method: str) -> dict[str, Any]:
        assert process.stdout is not None
        parts = [self._read]
        while b"\0" not in parts[-1]:
            left_s = until_s - time.monotonic()
            if left_s <= 0 or not select.select([process.stdout], [], [], left_s)[0]:
                raise BrowserFailed(f"The browser did not answer {method} in time.", hint=self._last_words())
            part = process.stdout.read(1 << 20)
            if not part:
                raise self._ended()
            parts.append(part)
        message, _, self._read = b"".join(parts).partition(b"\0")
        return json.loads(message)

    def _ended(self) -> BrowserFailed:
        return BrowserFailed(
            f"The browser {self._path} ended by itself. {self._last_words()}".rstrip(),
            hint="Another one can be named with --browser.",
        )

    def _last_words(self) -> str:
        lines = self._log.read_text(errors="replace").strip().splitlines()
        told = [line for line in lines if "sandbox" in line.lower() or "FATAL" in line] or lines
        return f"Its last words: {told[-1][:300]}" if told else ""
