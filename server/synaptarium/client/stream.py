"""The ``/stream`` namespace from Python: messages out, chunks and states in, acknowledged as they are taken."""

from __future__ import annotations

import queue
import time
from types import TracebackType
from typing import Any, NamedTuple, Self

import msgspec

from synaptarium.schemas.errors import ErrorBody, MissingDependency, StoreUnavailable
from synaptarium.schemas.messages import (
    Ack,
    Chunk,
    Close,
    Loop,
    Open,
    Opened,
    Pause,
    Play,
    Seek,
    Select,
    State,
    Window,
)

ACK_CHUNKS = 8
ACK_S = 0.1


class Received(NamedTuple):
    """A chunk as it came: its address and the stored (zstd) bytes."""

    message: Chunk
    stored: bytes


Event = Opened | State | ErrorBody | Received


class Stream:
    """A viewer of recordings.

    Parameters
    ----------
    url : str
        Of the server.
    token : str or None
        Where it asks for one.
    acknowledge : bool
        False takes chunks without giving credit back, as a viewer that hangs does.

    Notes
    -----
    Not for several threads at once. Every play, seek, pause and selection starts a new epoch; chunks of older ones
    are acknowledged and left out.
    """

    def __init__(self, url: str, token: str | None = None, *, acknowledge: bool = True) -> None:
        try:
            import socketio
            from socketio.exceptions import ConnectionError as Refused
        except ImportError as error:
            raise MissingDependency(
                "The stream needs the package python-socketio[client].",
                hint="pip install 'python-socketio[client]'",
            ) from error
        self.epoch = 0
        self.acknowledge = acknowledge
        self._events: queue.SimpleQueue[Event] = queue.SimpleQueue()
        self._seq = self._unacknowledged = self._bytes = 0
        self._acked_s = time.monotonic()
        self._sio = _in_order(socketio)
        for name, kind in (("opened", Opened), ("state", State), ("error", ErrorBody)):
            self._sio.on(name, self._taker(kind), namespace="/stream")
        self._sio.on("chunk", self._take_chunk, namespace="/stream")
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        try:
            self._sio.connect(
                url, headers=headers, transports=["websocket"], namespaces=["/stream"], wait_timeout=10
            )
        except Refused as error:
            raise StoreUnavailable(
                f"The stream of {url} cannot be opened: {error}.",
                hint="Is the server running, and the token right?",
            ) from error

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.disconnect()

    @property
    def connected(self) -> bool:
        """Whether the connection stands."""
        return bool(self._sio.connected)

    def open(
        self, recording: str, streams: tuple[str, ...] = ("spikes",), window: Window | None = None
    ) -> None:
        """Watch a recording."""
        self.send("open", Open(recording=recording, streams=streams, window=window or Window()))

    def play(
        self,
        t_us: int,
        speed: float = 1.0,
        *,
        level: int | None = None,
        loop: tuple[int, int] | None = None,
        follow: bool = False,
    ) -> int:
        """Play from a time on; returns the epoch."""
        repeat = None if loop is None else Loop(t_start_us=loop[0], t_stop_us=loop[1])
        epoch = self._next_epoch()
        self.send("play", Play(epoch=epoch, t_us=t_us, speed=speed, level=level, loop=repeat, follow=follow))
        return epoch

    def seek(self, t_us: int, *, level: int | None = None) -> int:
        """Go to a time; returns the epoch."""
        epoch = self._next_epoch()
        self.send("seek", Seek(epoch=epoch, t_us=t_us, level=level))
        return epoch

    def pause(self) -> int:
        """Send nothing more; returns the epoch."""
        epoch = self._next_epoch()
        self.send("pause", Pause(epoch=epoch))
        return epoch

    def select(self, projections: tuple[str, ...] = ()) -> int:
        """Want the weights of these projections only; returns the epoch."""
        epoch = self._next_epoch()
        self.send("select", Select(epoch=epoch, projections=projections))
        return epoch

    def close(self) -> None:
        """Stop watching."""
        self.send("close", Close())

    def disconnect(self) -> None:
        """End the connection."""
        self._sio.disconnect()

    def send(self, event: str, message: Any) -> None:
        """Send an event as it is."""
        data = msgspec.to_builtins(message) if isinstance(message, msgspec.Struct) else message
        self._sio.emit(event, data, namespace="/stream")

    def next(self, timeout_s: float = 5.0) -> Event | None:
        """Return the next event, None where none came in time."""
        deadline = time.monotonic() + timeout_s
        while True:
            try:
                event = self._events.get(timeout=min(ACK_S, max(0.001, deadline - time.monotonic())))
            except queue.Empty:
                self._give_credit()
                if time.monotonic() >= deadline:
                    return None
                continue
            if not isinstance(event, Received):
                return event
            self._seq = event.message.seq
            self._unacknowledged += 1
            self._bytes += len(event.stored)
            if self._unacknowledged >= ACK_CHUNKS or time.monotonic() - self._acked_s > ACK_S:
                self._give_credit()
            if event.message.epoch == self.epoch:
                return event

    def _give_credit(self) -> None:
        if self.acknowledge and self._unacknowledged and self.connected:
            self.send("ack", Ack(epoch=self.epoch, seq=self._seq, bytes=self._bytes))
            self._unacknowledged = self._bytes = 0
        self._acked_s = time.monotonic()

    def _next_epoch(self) -> int:
        self.epoch += 1
        return self.epoch

    def _taker(self, kind: type[msgspec.Struct]) -> Any:
        return lambda data: self._events.put(msgspec.convert(data, kind))  # type: ignore[arg-type]

    def _take_chunk(self, message: Any, stored: bytes) -> None:
        self._events.put(Received(msgspec.convert(message, Chunk), stored))


def _in_order(socketio: Any) -> Any:
    """Return a Socket.IO client that takes packets one after another.

    python-engineio hands each packet to a thread of its own, so that a chunk's bytes may overtake its address.
    """
    import engineio

    class Engine(engineio.Client):
        def _trigger_event(self, event: str, *args: Any, **options: Any) -> Any:
            return super()._trigger_event(event, *args, **options | {"run_async": False})

    class Client(socketio.Client):
        def _engineio_client_class(self) -> type[Engine]:
            return Engine

        def _handle_eio_message(self, data: Any) -> None:
            # After the end, bytes still come whose address was forgotten.
            if self.eio.state == "connected":
                super()._handle_eio_message(data)

    return Client(reconnection=False)
