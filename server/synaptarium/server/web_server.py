"""HTTP/1.1 with keep-alive for Werkzeug's threaded server, which by itself closes after every answer.

Scrubbing asks for many small chunks; one connection for all of them saves a thread and a handshake each.
"""

from __future__ import annotations

import errno
import logging
import socket
import ssl
from collections.abc import Callable, Iterator
from typing import Any

from werkzeug.serving import BaseWSGIServer, ThreadedWSGIServer, WSGIRequestHandler

from synaptarium.schemas.errors import InvalidInput, PortInUse
from synaptarium.server.tls import HANDSHAKE_S, TwoWaySocket

log = logging.getLogger("synaptarium.server")

#: An idle connection holds a thread; browsers open a new one without the user noticing.
IDLE_S = 60.0
#: The largest body of any route of ours is a module request; the rest of a longer one is not read.
MAX_BODY_BYTES = 1024 * 1024


class KeepAliveHandler(WSGIRequestHandler):
    """Serves many requests on one connection and hands websockets a blocking socket."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    timeout = IDLE_S
    wbufsize = 64 * 1024

    def setup(self) -> None:
        """Shake hands first, in this connection's own thread: who is slow at it holds up nobody else."""
        if isinstance(self.request, ssl.SSLSocket):
            self.request.settimeout(HANDSHAKE_S)
            self.request.do_handshake()
        super().setup()

    def run_wsgi(self) -> None:
        """Answer one request; ``close_connection`` decides whether another may follow."""
        self.environ = environ = self.make_environ()
        if environ.get("HTTP_TRANSFER_ENCODING") or not self._body_length().isdigit():
            self.close_connection = True  # where the body ends is not known
        elif int(self._body_length()) > MAX_BODY_BYTES:
            self.close_connection = True
        if environ.get("HTTP_UPGRADE", "").lower() == "websocket":
            # simple-websocket calls send(), not sendall(): on a socket with a timeout a large frame would be cut.
            self.connection.settimeout(None)
            if isinstance(self.connection, ssl.SSLSocket):
                environ["werkzeug.socket"] = TwoWaySocket(self.connection)
            self.close_connection = True
        answer = _Answer(self)
        try:
            body = self.server.app(environ, answer.start)
            try:
                for part in body:
                    answer.write(part)
                answer.finish()
            finally:
                close = getattr(body, "close", None)
                if close:
                    close()
        except (ConnectionError, TimeoutError):
            self.close_connection = True
        except Exception:
            log.exception("%s %s failed", self.command, self.path)
            self.close_connection = True
            if not answer.head_sent:
                answer.start("500 Internal Server Error", [("Content-Length", "0")])
                answer.finish()
        if not self.close_connection:
            self._drain()

    def _body_length(self) -> str:
        return self.headers.get("Content-Length", "0").strip()

    def _drain(self) -> None:
        # What the route did not read of the body would be taken for the next request.
        stream = self.environ["wsgi.input"]
        left = int(self._body_length()) - getattr(stream, "bytes_read", 0)
        if left > 0:
            self.rfile.read(left)

    def make_environ(self) -> dict[str, Any]:
        """Return Werkzeug's environment with a counted body."""
        environ = super().make_environ()
        if not environ.get("HTTP_TRANSFER_ENCODING"):
            environ["wsgi.input"] = _CountedBody(environ["wsgi.input"], self._body_length())
        return environ

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Log at debug level: a request per chunk would drown everything else."""
        log.debug("%s %s %s", self.command, self.path, code)

    def log_error(self, format: str, *args: Any) -> None:
        """Log at debug level too: the only errors here are malformed requests and connections gone idle."""
        log.debug(format, *args)

    def log(self, type: str, message: str, *args: Any) -> None:
        """Send Werkzeug's own messages to our log."""
        log.log(logging.ERROR if type == "error" else logging.DEBUG, message, *args)


class _CountedBody:
    """The request's body, which ends where Content-Length says and tells how much was read."""

    def __init__(self, stream: Any, length: str) -> None:
        self._stream = stream
        self._left = int(length) if length.isdigit() else 0
        self.bytes_read = 0

    def read(self, size: int = -1) -> bytes:
        return self._count(self._stream.read(self._left if size < 0 else min(size, self._left)))

    def readline(self, size: int = -1) -> bytes:
        return self._count(self._stream.readline(self._left if size < 0 else min(size, self._left)))

    def readlines(self, hint: int = -1) -> list[bytes]:
        return list(self)

    def __iter__(self) -> Iterator[bytes]:
        while line := self.readline():
            yield line

    def _count(self, data: bytes) -> bytes:
        self._left -= len(data)
        self.bytes_read += len(data)
        return data


class _Answer:
    """One response on its way: the head once, then the body by length or in HTTP chunks."""

    def __init__(self, handler: KeepAliveHandler) -> None:
        self._handler = handler
        self._status = ""
        self._headers: list[tuple[str, str]] = []
        self._chunked = False
        self.head_sent = False

    def start(
        self, status: str, headers: list[tuple[str, str]], exc_info: Any = None
    ) -> Callable[[bytes], None]:
        if self.head_sent and exc_info:
            raise exc_info[1].with_traceback(exc_info[2])
        self._status, self._headers = status, headers
        return self.write

    def write(self, part: bytes) -> None:
        if not self.head_sent:
            self._send_head()
        if not part or self._handler.command == "HEAD":
            return
        out = self._handler.wfile
        if self._chunked:
            out.write(b"%x\r\n" % len(part))
            out.write(part)
            out.write(b"\r\n")
        else:
            out.write(part)

    def finish(self) -> None:
        if not self.head_sent:
            self._send_head()
        if self._chunked:
            self._handler.wfile.write(b"0\r\n\r\n")
        self._handler.wfile.flush()

    def _send_head(self) -> None:
        handler = self._handler
        code, _, reason = self._status.partition(" ")
        handler.log_request(code)
        handler.send_response_only(int(code), reason)
        names: set[str] = set()
        for name, value in self._headers:
            handler.send_header(name, value)
            names.add(name.lower())
        if "date" not in names:
            handler.send_header("Date", handler.date_time_string())
        bodiless = handler.command == "HEAD" or code[0] == "1" or code in ("204", "304")
        if "content-length" not in names and not bodiless:
            if handler.request_version >= "HTTP/1.1":
                self._chunked = True
                handler.send_header("Transfer-Encoding", "chunked")
            else:
                handler.close_connection = True
        handler.send_header("Connection", "close" if handler.close_connection else "keep-alive")
        handler.end_headers()
        self.head_sent = True


class _Server(ThreadedWSGIServer):
    # A handler may wait on a stalled viewer; stopping must not wait for it.
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Log what a connection failed at: a browser that does not trust the certificate hangs up, as others do."""
        log.debug("the connection from %s failed", client_address, exc_info=True)


def make_server(app: Any, host: str, port: int, context: ssl.SSLContext | None = None) -> BaseWSGIServer:
    """Return a server that listens already; ``serve_forever`` runs it, ``port`` tells the port.

    Raises
    ------
    PortInUse
        Something else listens there.
    InvalidInput
        The address is none of this machine's.
    """
    try:
        with _listen(host, port) as listener:  # Werkzeug takes a copy of the descriptor
            server = _Server(host, port, app, handler=KeepAliveHandler, fd=listener.fileno())
        if context is not None:
            # Not Werkzeug's own way: it would shake hands in the one thread that accepts.
            server.ssl_context = context
            server.socket = context.wrap_socket(
                server.socket, server_side=True, do_handshake_on_connect=False
            )
        return server
    except OSError as error:
        if error.errno in (errno.EADDRINUSE, errno.EACCES):
            raise PortInUse(
                f"Port {port} of {host} is in use."
                if error.errno == errno.EADDRINUSE
                else f"Port {port} is not ours.",
                hint="Stop what listens there, or choose another with --port (0 takes a free one).",
                where="--port",
            ) from error
        raise InvalidInput(
            f"This machine has no address {host!r}: {error.strerror or error}.",
            hint="Use 127.0.0.1 for this machine only, 0.0.0.0 for every network it is in.",
            where="--host",
        ) from error


def _listen(host: str, port: int) -> socket.socket:
    # Werkzeug prints and exits when the port is taken; so we bind, and it gets the socket.
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host.strip("[]"), port))
        listener.listen(_Server.request_queue_size)
    except OSError:
        listener.close()
        raise
    return listener
