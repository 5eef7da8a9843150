"""The gate before everything that is served: who may not pass is answered here."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from http import HTTPStatus
from typing import Any
from urllib.parse import quote, urlencode

import msgspec

from synaptarium.schemas.errors import SynaptariumError, error_body
from synaptarium.server.security import Gate, Visitor, query_of

StartResponse = Callable[..., Any]
WsgiApp = Callable[[dict[str, Any], StartResponse], Iterable[bytes]]


class GateMiddleware:
    """Puts the gate before everything, the Socket.IO handshake included, and takes deflate off websockets.

    simple-websocket accepts permessage-deflate whenever it is offered, and every browser offers it; on chunks that
    are compressed already it costs 11 to 24 times the throughput. Without the header there is nothing to accept.
    """

    def __init__(self, app: WsgiApp, gate: Gate) -> None:
        self._app = app
        self._gate = gate

    def __call__(self, environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        try:
            visitor = self._gate.check(environ)
        except SynaptariumError as error:
            return _refuse(error, environ, start_response)
        environ["synaptarium.role"] = visitor.role
        environ.pop("HTTP_SEC_WEBSOCKET_EXTENSIONS", None)
        is_page = not environ["PATH_INFO"].startswith(("/api/", "/socket.io"))
        cookies = [("Set-Cookie", self._set_cookie(visitor, environ))] if visitor.new_cookie else []
        if cookies and is_page and environ["REQUEST_METHOD"] == "GET":
            # The token leaves the address bar, so that it is not shared with the link.
            start_response(
                "303 See Other", [("Location", _without_token(environ)), ("Content-Length", "0"), *cookies]
            )
            return [b""]

        def start(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:
            return start_response(status, [*headers, *_PROTECTION, *cookies], exc_info)

        return self._app(environ, start)

    def _set_cookie(self, visitor: Visitor, environ: Mapping[str, Any]) -> str:
        secure = "; Secure" if environ.get("wsgi.url_scheme") == "https" else ""
        scope = "SameSite=Lax"
        if secure and visitor.role == "viewer" and str(environ["PATH_INFO"]).startswith("/embed/"):
            # A frame in a page of another site keeps a cookie of its own there, and may only look.
            scope = "SameSite=None; Partitioned"
        return f"{self._gate.cookie_name}={visitor.new_cookie}; Path=/; HttpOnly; {scope}{secure}"


_PROTECTION = [
    ("X-Content-Type-Options", "nosniff"),
    ("Referrer-Policy", "no-referrer"),
    ("Cross-Origin-Resource-Policy", "same-origin"),
]


def _without_token(environ: Mapping[str, Any]) -> str:
    query = query_of(environ)
    query.pop("token", None)
    # One leading slash only: "//host" would send the browser to another server.
    path = "/" + str(environ["PATH_INFO"]).encode("latin-1", "replace").decode("utf-8", "replace").lstrip(
        "/\\"
    )
    return quote(path, safe="/._-~") + (f"?{urlencode(query, doseq=True)}" if query else "")


def _refuse(
    error: SynaptariumError, environ: Mapping[str, Any], start_response: StartResponse
) -> Iterable[bytes]:
    body = msgspec.json.encode(error_body(error))
    kind = "application/json"
    if "text/html" in str(environ.get("HTTP_ACCEPT", "")):
        kind = "text/plain; charset=utf-8"
        body = f"{error.message}\n\n{error.hint}\n".encode()
    status = f"{error.http_status} {HTTPStatus(error.http_status).phrase}"
    headers = [("Content-Type", kind), ("Content-Length", str(len(body))), ("Cache-Control", "no-store")]
    start_response(status, headers)
    return [body]
