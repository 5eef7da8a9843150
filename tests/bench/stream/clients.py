"""Viewers that only take bytes: one thread reads any number of connections with websocket-client."""

from __future__ import annotations

import json
import selectors
import time
from collections.abc import Sequence
from contextlib import ExitStack
from types import TracebackType
from typing import Any, Self

import websocket

#: What browsers offer; our server must refuse it, a bare one has it taken out.
OFFER = ["Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits"]
ACK_CHUNKS = 8
TIMEOUT_S = 20


class BareViewer:
    """A connection to the bare server.

    Parameters
    ----------
    url : str
        Its address, ``ws://...``.
    acknowledge : bool
        Whether it works with credit.
    """

    def __init__(self, url: str, *, acknowledge: bool) -> None:
        # The library checks text frames for UTF-8 in pure Python, 40 microseconds each; browsers do it natively.
        self.raw = websocket.create_connection(
            url, header=OFFER, timeout=TIMEOUT_S, skip_utf8_validation=True
        )
        self.taken = 0
        self._acknowledge = acknowledge

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.raw.shutdown()

    def take(self) -> bool:
        """Read one frame; True where it was a chunk."""
        opcode, frame = self.raw.recv_data_frame()
        if opcode != websocket.ABNF.OPCODE_BINARY:
            self.answer(frame.data)
            return False
        self.taken += 1
        if self.taken % ACK_CHUNKS == 0:
            self.give_credit()
        return True

    def answer(self, text: bytes) -> None:
        """Take a text frame; the bare server sends none."""

    def give_credit(self) -> None:
        """Acknowledge what was taken, in our stream's own words: each is numbered, the first being 1."""
        if self._acknowledge:
            self.emit("ack", {"epoch": 1, "seq": self.taken, "bytes": 0})

    def emit(self, event: str, data: object) -> None:
        """Send an event as Socket.IO writes it."""
        self.raw.send("42/stream," + json.dumps([event, data]))


class Viewer(BareViewer):
    """A connection to our stream: the same reading, and Socket.IO's text frames beside it.

    Parameters
    ----------
    url : str
        Of the server, ``http://...``.
    recording : str
        Is opened at once, its spikes alone.
    """

    def __init__(self, url: str, recording: str) -> None:
        address = url.replace("http", "ws", 1) + "/socket.io/?EIO=4&transport=websocket"
        super().__init__(address, acknowledge=True)
        self.raw.recv()
        self.raw.send("40/stream,")
        self.raw.recv()
        self.emit("open", {"recording": recording, "streams": ["spikes"]})

    def answer(self, text: bytes) -> None:
        """Say that we live, where Engine.IO asks."""
        if text == b"2":
            self.raw.send("3")

    def next_chunk(self) -> dict[str, Any]:
        """Return the message of the next chunk once its first bytes are here."""
        while True:
            opcode, frame = self.raw.recv_data_frame()
            if opcode == websocket.ABNF.OPCODE_BINARY:
                self.taken += 1
            elif frame.data.startswith(b"451-"):
                return json.loads(frame.data[frame.data.index(b",") + 1 :])[1]
            else:
                self.answer(frame.data)


def rate(viewers: Sequence[BareViewer], seconds: float) -> float:
    """Return the chunks a second that all viewers take together, after a second to get going."""
    with ExitStack() as open_viewers, selectors.DefaultSelector() as ready:
        for viewer in viewers:
            open_viewers.enter_context(viewer)
            ready.register(viewer.raw.sock, selectors.EVENT_READ, viewer)
        began, n, marked = time.monotonic(), 0, 0.0
        while True:
            if len(viewers) == 1:
                n += viewers[0].take()
            else:
                for key, _ in ready.select(TIMEOUT_S):
                    n += key.data.take()
            now = time.monotonic()
            if not marked:
                if now - began > 0.5:
                    marked, n = now, 0
            elif now - marked > seconds:
                return n / (now - marked)
