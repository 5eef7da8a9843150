"""The server's assembly: routes, the stream, the gate before both, and the thread that looks after open recordings."""

from __future__ import annotations

import contextlib
import dataclasses
import logging
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import flask
from flask_socketio import SocketIO
from werkzeug.serving import BaseWSGIServer

from synaptarium.modules.registry import Registry
from synaptarium.server.config import Config
from synaptarium.server.dispatch import add_endpoints
from synaptarium.server.endpoint import Endpoint
from synaptarium.server.gate_middleware import GateMiddleware
from synaptarium.server.jobs_runner import JobsRunner
from synaptarium.server.library import Library
from synaptarium.server.openapi import describe
from synaptarium.server.roles import new_token
from synaptarium.server.routes import (
    analyses,
    arrays,
    chunks,
    export,
    health,
    jobs,
    layouts,
    neurons,
    offline,
    overview,
    reconstruction,
    recordings,
    sessions,
    shared,
)
from synaptarium.server.routes.pages import add_pages
from synaptarium.server.security import Gate, is_loopback, needs_token
from synaptarium.server.shared.namespace import SharedNamespace
from synaptarium.server.shared.rooms import Rooms
from synaptarium.server.site import Site
from synaptarium.server.stream.hub import Hub
from synaptarium.server.stream.namespace import StreamNamespace
from synaptarium.server.stream.websocket import BoundedWebSocket
from synaptarium.server.tls import network_address, own_certificate, server_context
from synaptarium.server.web_server import MAX_BODY_BYTES, make_server

log = logging.getLogger("synaptarium.server")

#: Messages of a client are small; chunks only go out.
MAX_MESSAGE_BYTES = 256 * 1024

SOCKET_OPTIONS: dict[str, Any] = {
    # Flask-SocketIO takes gevent or eventlet where they happen to be installed; gevent cuts large frames.
    "async_mode": "threading",
    # Messages of a viewer act in the order in which they were sent.
    "async_handlers": False,
    "transports": ["websocket"],
    "allow_upgrades": False,
    # The gate has checked the Origin already, by the same rule as for every request.
    "cors_allowed_origins": [],
    "max_http_buffer_size": MAX_MESSAGE_BYTES,
    "manage_session": False,
    "serve_client": False,
}

ENDPOINTS: tuple[Endpoint, ...] = (
    *recordings.ENDPOINTS,
    *arrays.ENDPOINTS,
    *layouts.ENDPOINTS,
    *neurons.ENDPOINTS,
    *reconstruction.ENDPOINTS,
    *export.ENDPOINTS,
    *offline.ENDPOINTS,
    *chunks.ENDPOINTS,
    *overview.ENDPOINTS,
    *jobs.ENDPOINTS,
    *analyses.ENDPOINTS,
    *sessions.ENDPOINTS,
    *shared.ENDPOINTS,
    *health.ENDPOINTS,
    Endpoint(
        method="GET",
        path="/api/openapi.json",
        call=lambda site: describe(ENDPOINTS),
        summary="This description",
        answer=dict[str, Any],
    ),
)


@dataclasses.dataclass(frozen=True, kw_only=True)
class App:
    """A server that has been put together.

    Parameters
    ----------
    flask : flask.Flask
        The WSGI application, the stream included.
    socketio : SocketIO
        The stream.
    site : Site
        What routes and events work on.
    """

    flask: flask.Flask
    socketio: SocketIO
    site: Site

    def url(self, port: int, path: str = "/") -> str:
        """Return the address to open, with the token where one is needed."""
        host = self.site.config.host
        shown = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, f"[{host}]" if ":" in host else host)
        return self._address(shown, port, path, self.site.gate.token)

    def network_url(self, port: int, path: str = "/", *, token: str | None = None) -> str:
        """Return the address for others in the network, a headset for instance; "" where none can reach us.

        `token` in place of the admin's.
        """
        host = self.site.config.host
        if is_loopback(host):
            return ""
        shown = network_address() if host in ("0.0.0.0", "::") else f"[{host}]" if ":" in host else host
        return self._address(shown, port, path, self.site.gate.token if token is None else token)

    def _address(self, host: str, port: int, path: str, token: str) -> str:
        scheme = "https" if self.site.config.https else "http"
        query = f"?token={quote(token, safe='')}" if token else ""
        return f"{scheme}://{host}:{port}{path}{query}"

    def close(self) -> None:
        """Stop what runs beside the requests."""
        self.site.close()


def create_app(library: Library, config: Config) -> App:
    """Put a server together on an open library; nothing listens yet.

    Parameters
    ----------
    library : Library
        Open data folder.
    config : Config
        Settings.

    Returns
    -------
    App
        ``close`` it when done.
    """
    token = (config.token or new_token()) if needs_token(config) else ""
    gate = Gate(config, token)
    hub = Hub(library.store, follow_s=config.follow_ms / 1000, shelf_bytes=config.chunk_cache_bytes)
    folder = Path(config.modules).expanduser() if config.modules else None
    site = Site(
        library=library,
        config=config,
        gate=gate,
        hub=hub,
        jobs=JobsRunner(library),
        modules=Registry(folder),
        rooms=Rooms(gate),
    )
    app = flask.Flask("synaptarium.server", static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = MAX_BODY_BYTES
    app.json.sort_keys = False  # type: ignore[attr-defined]
    add_endpoints(app, site, ENDPOINTS)
    add_pages(app, config)
    socketio: Any = SocketIO(app, **SOCKET_OPTIONS)
    socketio.server.eio._async["websocket"] = BoundedWebSocket  # python-engineio has no setting for it
    socketio.server.register_namespace(StreamNamespace(hub, config))
    shared_namespace = SharedNamespace(site.rooms)
    socketio.server.register_namespace(shared_namespace)
    app.wsgi_app = GateMiddleware(app.wsgi_app, gate)  # type: ignore[method-assign]
    hub.start()
    site.rooms.start(shared_namespace.outlet_for)
    return App(flask=app, socketio=socketio, site=site)


@contextlib.contextmanager
def serving(library: Library, config: Config) -> Iterator[tuple[App, BaseWSGIServer]]:
    """Serve a library in a thread for the duration of a ``with`` block; yields the app and what listens.

    Raises
    ------
    PortInUse
        Before anything else was started.
    """
    pending: list[App] = []
    # Listen first: a port in use must not start a database thread or a job.
    context = server_context(*own_certificate(library.data, config.host)) if config.https else None
    server = make_server(
        lambda environ, start: pending[0].flask(environ, start), config.host, config.port, context
    )
    thread = None
    try:
        app = create_app(library, config)
        pending.append(app)
        app.site.headset_url = lambda token: app.network_url(server.port, token=token)
        library.announce(app.url(server.port))
        thread = threading.Thread(target=server.serve_forever, args=(0.1,), name="web server", daemon=True)
        thread.start()
        yield app, server
    finally:
        if thread:
            server.shutdown()
            thread.join()
        else:
            server.server_close()
        if pending:
            pending[0].close()
