"""A server that only sends, with the websocket library of ours: what the stream is measured against.

    python bare.py [CHUNKS BYTES | HERTZ] < message

Sends the message again and again to whoever connects. With a window it leaves at most that many messages and bytes
unacknowledged; the client acknowledges with the words of our stream. With one number it sends so many a second.
"""

from __future__ import annotations

import contextlib
import json
import sys
import time
from collections.abc import Callable
from typing import Any

import simple_websocket
from werkzeug.serving import WSGIRequestHandler, make_server


class Quiet(WSGIRequestHandler):
    """Logs nothing."""

    def log(self, type: str, message: str, *args: Any) -> None:
        """Drop the line."""


def sender(data: bytes, given: list[int]) -> Callable[..., Any]:
    """Return the WSGI application."""
    how = {0: lambda one: send_all(one), 1: lambda one: send_paced(one, *given)}

    def app(environ: dict[str, Any], start_response: Any) -> None:
        environ.pop("HTTP_SEC_WEBSOCKET_EXTENSIONS", None)
        connection = simple_websocket.Server(environ)
        with contextlib.suppress(simple_websocket.ConnectionClosed, OSError):
            how.get(len(given), lambda one: send_with_credit(one, *given))(connection)
        raise ConnectionError  # the answer has gone out already

    def send_all(connection: simple_websocket.Server) -> None:
        while True:
            connection.send(data)

    def send_paced(connection: simple_websocket.Server, hertz: int) -> None:
        began, sent = time.monotonic(), 0
        while True:
            time.sleep(max(0.0, began + sent / hertz - time.monotonic()))
            connection.send(data)
            sent += 1

    def send_with_credit(connection: simple_websocket.Server, max_chunks: int, max_bytes: int) -> None:
        sent = acknowledged = 0
        while True:
            flying = sent - acknowledged
            full = flying > 0 and (flying >= max_chunks or (flying + 1) * len(data) > max_bytes)
            message = connection.receive(timeout=None if full else 0)
            if message is not None:
                acknowledged = json.loads(message[message.index("[") :])[1]["seq"]
            elif not full:
                connection.send(data)
                sent += 1

    return app


def main() -> None:
    """Serve until killed; the first line printed is the port."""
    given = [int(word) for word in sys.argv[1:]]
    app = sender(sys.stdin.buffer.read(), given)
    server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=Quiet)
    print(server.port, flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
