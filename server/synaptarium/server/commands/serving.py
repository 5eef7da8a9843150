"""``serve``, ``open`` and ``demo``: a server, a browser, and something to see."""

from __future__ import annotations

import argparse
import importlib.resources
import importlib.util
import signal
import sys
import threading
import webbrowser
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType, ModuleType
from urllib.parse import urlsplit, urlunsplit

from synaptarium.adapters.base import open_source
from synaptarium.kernels.processor import share_arenas
from synaptarium.schemas.errors import MissingDependency, RecordingNotFound
from synaptarium.schemas.recording import Recording
from synaptarium.server.app import serving
from synaptarium.server.commands.console import ProgressLine, config_of, library_of, print_json
from synaptarium.server.commands.making import archive_folder, build, store_source
from synaptarium.server.config import data_folder
from synaptarium.server.library import Library, served_by
from synaptarium.server.qr_code import qr_terminal
from synaptarium.server.routes.pages import bundle
from synaptarium.store import recordings

DEMO = "digits"


def serve(arguments: argparse.Namespace) -> int:
    """Serve the recordings until interrupted."""
    share_arenas()
    with library_of(arguments, "serve") as library:
        run(library, arguments, "/", open_browser=arguments.open)
    return 0


def run(library: Library, arguments: argparse.Namespace, path: str, *, open_browser: bool) -> None:
    """Serve an open library until SIGINT or SIGTERM."""
    config = config_of(arguments)
    with _stopping() as stopped, serving(library, config) as (app, server):
        url = app.url(server.port, path)
        if getattr(arguments, "json", False):
            print_json(
                {"url": url, "port": server.port, "token": app.site.gate.token, "data": str(library.data)}
            )
        else:
            print(f"Synaptarium is at {url}")
            print(f"Recordings in {library.data}; Ctrl-C stops.")
            network = app.network_url(server.port, path)
            if network:
                print(f"Others in this network can reach it with the token in the address: {network}")
            if config.https:
                print("The certificate is this machine's own: browsers ask once whether to trust it.")
                if network:
                    print(f"In a headset, open that address:\n{qr_terminal(network)}")
                else:
                    print("A headset in the network reaches it with --host 0.0.0.0 as well.")
            if bundle() is None:
                print("The page has not been built: `make build`; `synaptarium doctor` says what is missing.")
        sys.stdout.flush()
        if open_browser:
            webbrowser.open(url)
        stopped.wait()
    print("Stopped.", file=sys.stderr)


@contextmanager
def _stopping() -> Iterator[threading.Event]:
    stopped = threading.Event()

    def stop(number: int, frame: FrameType | None) -> None:
        stopped.set()

    before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    if any(getattr(handler, "asked", False) for handler in before.values()):
        stopped.set()  # it came while a library was at work that let no interrupt through
    try:
        yield stopped
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def open_viewer(arguments: argparse.Namespace) -> int:
    """Open the viewer on a recording, starting a server where none runs."""
    config = config_of(arguments)
    holder = None if config.mongo_uri else served_by(data_folder(config))
    if holder and holder.url:
        with library_of(arguments, "open") as library:
            recordings.get(library.store, arguments.id)
        url = address(holder.url, f"/view/{arguments.id}")
        print(url)
        webbrowser.open(url)
        return 0
    with library_of(arguments, "serve") as library:
        recordings.get(library.store, arguments.id)
        run(library, arguments, f"/view/{arguments.id}", open_browser=True)
    return 0


def address(home: str, path: str) -> str:
    """Return another page of a running server, its token kept.

    Examples
    --------
    >>> address("http://127.0.0.1:8765/?token=x", "/view/digits")
    'http://127.0.0.1:8765/view/digits?token=x'
    """
    parts = urlsplit(home)
    return urlunsplit((parts.scheme, parts.netloc, path, parts.query, ""))


def demo(arguments: argparse.Namespace) -> int:
    """Record a network that learns digits, precompute it, and show it; what is there already is not made again."""
    config = config_of(arguments)
    holder = None if config.mongo_uri else served_by(data_folder(config))
    shows = arguments.serve and holder is None
    with library_of(arguments, "serve" if shows else "demo") as library:
        recording = demo_recording(library, arguments.seconds)
        if recording.build is None:
            build(library.store, recording.id, arguments.engine, arguments.master)
        if shows:
            run(library, arguments, f"/view/{recording.id}", open_browser=not arguments.no_open)
            return 0
    if arguments.serve and holder and holder.url:
        url = address(holder.url, f"/view/{recording.id}")
        print(f"A server runs already: {url}")
        if not arguments.no_open:
            webbrowser.open(url)
    else:
        print(f"The demo is ready. Next: synaptarium open {recording.id}")
    return 0


def demo_recording(library: Library, seconds: float) -> Recording:
    """Return the demo's recording, simulating and importing it where it is not there yet."""
    try:
        known = recordings.get(library.store, DEMO)
        if known.status == "ready":
            return known
    except RecordingNotFound:
        pass
    archive = archive_folder(library.data)
    archive.parent.mkdir(parents=True, exist_ok=True)
    example = _example()
    with ProgressLine("Simulating") as line:
        line.show(0, 1, "building the network", force=True)
        try:
            example.record(
                archive, seconds=seconds, progress=lambda done, message: line.show(done, 1.0, message)
            )
        except ImportError as error:
            raise MissingDependency(
                f"The demo needs a package that is not installed: {error.name or error}.",
                hint="pip install 'synaptarium[demo]', or `make demo` in a checkout.",
            ) from error
    return store_source(library.store, open_source(archive), DEMO)


def _example() -> ModuleType:
    """Load examples/digits.py: from the checkout, or the copy that a wheel carries."""
    places = [Path(__file__).parents[4] / "examples" / "digits.py"]
    with suppress(ModuleNotFoundError):
        places.append(Path(str(importlib.resources.files("synaptarium.examples") / "digits.py")))
    for place in places:
        spec = (
            importlib.util.spec_from_file_location("synaptarium_example_digits", place)
            if place.is_file()
            else None
        )
        if spec and spec.loader:
            module = importlib.util.module_from_spec(spec)
            sys.modules[spec.name] = module
            spec.loader.exec_module(module)
            return module
    raise MissingDependency(
        f"The demo's script is not there: {places[0]}.", hint="Install Synaptarium again, or use a checkout."
    )
