"""What is known of one viewer: the recording it watches, its playhead, agenda and credit, and what it was told.

Requests change it, the sending thread works on it; both hold ``changed``, the one lock, around every call.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from typing import Protocol

import msgspec

from synaptarium.schemas.errors import InvalidInput, error_body
from synaptarium.schemas.manifest import Manifest
from synaptarium.schemas.messages import LevelSpan, Opened, PlayStatus, State, Window
from synaptarium.server.stream.agenda import Agenda
from synaptarium.server.stream.credit import Credit
from synaptarium.server.stream.plan import Catalogue
from synaptarium.server.stream.playhead import Playhead


class Outlet(Protocol):
    """Where a viewer's messages go; never blocks."""

    def tell(self, event: str, message: msgspec.Struct) -> None:
        """Queue an event."""
        ...

    def send(self, event: str, messages: Sequence[tuple[msgspec.Struct, bytes]]) -> None:
        """Queue events with an attachment each, in a row."""
        ...


class Watching:
    """One viewer's state.

    Parameters
    ----------
    outlet : Outlet
        The way to this connection.
    limits : Window
        The server's own window.
    look_ahead_s : float
        How long before the playhead needs it a chunk is sent.
    """

    def __init__(self, outlet: Outlet, *, limits: Window, look_ahead_s: float) -> None:
        self.outlet = outlet
        self.changed = threading.Condition()
        self.closed = False
        self.credit = Credit(max_chunks=limits.chunks, max_bytes=limits.bytes)
        self.last_ack_s = 0.0
        self.agenda = Agenda()
        self._limits = limits
        self._look_ahead_s = look_ahead_s
        self.reset()

    def reset(self) -> None:
        """Watch nothing."""
        self.catalogue: Catalogue | None = None
        self.streams: tuple[str, ...] = ()
        self.only: tuple[str, ...] = ()
        self.epoch = -1
        self.playhead = Playhead(self._look_ahead_s)
        self.status: PlayStatus = "paused"
        self.told_s = 0.0
        self.dropped = 0
        self.agenda.clear()
        self.agenda.forget()

    @property
    def manifest(self) -> Manifest:
        """The manifest of what is watched; raises InvalidInput where nothing is."""
        if self.catalogue is None:
            raise InvalidInput("No recording is open.", hint="Send 'open' first.", where="open")
        return self.catalogue.manifest

    def open(self, catalogue: Catalogue, streams: tuple[str, ...], window: Window) -> None:
        """Watch a recording instead of the one before, and tell what it is."""
        self.reset()
        self.catalogue, self.streams = catalogue, streams
        self.credit.max_chunks = min(window.chunks, self._limits.chunks)
        self.credit.max_bytes = min(window.bytes, self._limits.bytes)
        self.playhead.place(catalogue.manifest)
        self.tell_opened()

    def renew(self, catalogue: Catalogue) -> None:
        """Take a newer manifest of the same recording; the plan in force stays."""
        self.catalogue = catalogue
        self.agenda.renew(catalogue)
        self.streams = tuple(name for name in self.streams if catalogue.level_of(name, 0) is not None)
        self.playhead.following = self.playhead.following and catalogue.manifest.open

    def enters(self, epoch: int) -> bool:
        """Tell whether a request is of this epoch or a newer one; an older one was overtaken on its way."""
        if epoch < 0 or epoch >= 2**53:
            raise InvalidInput(f"The epoch is {epoch}.", hint="Count epochs up from 0.", where="epoch")
        return epoch >= self.epoch

    def enter(self, epoch: int) -> None:
        """Begin an epoch."""
        self.epoch = epoch
        self.playhead.behind_s = 0.0

    def replan(self) -> None:
        """Plan the route from its start."""
        assert self.catalogue
        self.agenda.plan(
            self.catalogue, self.playhead.route, self.streams, self.playhead.ladder.level, only=self.only
        )
        self.changed.notify_all()

    def rebase(self) -> None:
        """Plan anew from the playhead on: another level, another selection, a newer manifest."""
        running = self.playhead.playing and self.status != "unavailable"
        self.playhead.rebase(self.manifest, time.monotonic(), running=running)
        self.replan()

    def resume(self) -> None:
        """Go on after the database was away."""
        self.playhead.go_on(time.monotonic())
        if self.playhead.following:
            self.tell("live")
        else:
            self.tell("playing" if self.playhead.playing else "paused")
        self.changed.notify_all()

    # --- what is told --------------------------------------------------------------------------------------------

    def tell(self, status: PlayStatus) -> None:
        """Tell the state, the status being this from now on."""
        self.status = status
        now = self.told_s = time.monotonic()
        manifest, playhead = self.manifest, self.playhead
        state = State(
            epoch=self.epoch,
            t_us=manifest.t_stop_us if playhead.following else playhead.position_us(now),
            level=playhead.ladder.level,
            status=status,
            behind_ms=round(playhead.behind_s * 1000, 1),
            dropped=self.dropped,
            t_stop_us=manifest.t_stop_us,
            revision=manifest.revision,
        )
        self.outlet.tell("state", state)

    def tell_opened(self) -> None:
        """Tell what is watched."""
        self.outlet.tell("opened", self._opened())

    def tell_error(self, error: Exception) -> None:
        """Tell what went wrong."""
        self.outlet.tell("error", error_body(error))

    def _opened(self) -> Opened:
        manifest = self.manifest
        return Opened(
            recording=manifest.recording,
            manifest_url=f"/api/recordings/{manifest.recording}/manifest",
            build=manifest.build,
            revision=manifest.revision,
            t_start_us=manifest.t_start_us,
            t_stop_us=manifest.t_stop_us,
            open=manifest.open,
            levels=tuple(LevelSpan(level=x.level, bins=x.bins, frames=x.frames) for x in manifest.levels),
            accounting=manifest.accounting,
            window=Window(chunks=self.credit.max_chunks, bytes=self.credit.max_bytes),
        )
