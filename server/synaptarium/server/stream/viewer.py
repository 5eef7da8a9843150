"""One viewer of one recording: what it asks for, and what the server tells it of its own accord."""

from __future__ import annotations

import time
from collections.abc import Callable

from synaptarium.schemas.errors import InvalidInput, StoreUnavailable, SynaptariumError
from synaptarium.schemas.manifest import Manifest
from synaptarium.schemas.messages import Ack, Open, Pause, Play, Seek, Select, Window
from synaptarium.server.stream.plan import Catalogue
from synaptarium.server.stream.sender import Reader, Sender, away
from synaptarium.server.stream.watching import Outlet, Watching


class Viewer:
    """A connection's view of one recording.

    Parameters
    ----------
    outlet : Outlet
        The way to this connection.
    reader : Reader
        Where the chunks come from.
    hang_up : callable
        Ends the connection of a viewer that stopped reading.
    limits : Window
        The server's own window.
    look_ahead_s, stall_s : float
        See :class:`synaptarium.server.config.Config`.
    """

    def __init__(
        self,
        outlet: Outlet,
        reader: Reader,
        hang_up: Callable[[], None],
        *,
        limits: Window,
        look_ahead_s: float,
        stall_s: float,
    ) -> None:
        self._watching = Watching(outlet, limits=limits, look_ahead_s=look_ahead_s)
        self._sender = Sender(self._watching, reader, hang_up, stall_s=stall_s)

    # --- what the client asks ------------------------------------------------------------------------------------

    @property
    def recording(self) -> str:
        """Id of the recording that is watched; empty before ``open`` and after ``close``."""
        catalogue = self._watching.catalogue
        return catalogue.manifest.recording if catalogue else ""

    def open(self, asked: Open, catalogue: Catalogue) -> None:
        """Watch a recording, instead of the one watched before."""
        streams = catalogue.check_streams(asked.streams)
        if asked.window.chunks < 1 or asked.window.bytes < 1:
            raise InvalidInput(
                "The window is empty.", hint="Ask for at least 1 chunk and 1 byte.", where="window"
            )
        with self._watching.changed:
            self._watching.open(catalogue, streams, asked.window)
            self._sender.start()
            self._watching.changed.notify_all()

    def play(self, asked: Play) -> None:
        """Send from a time on, at a speed."""
        watching = self._watching
        with watching.changed:
            manifest = watching.manifest
            if watching.enters(asked.epoch):
                watching.playhead.play(asked, manifest, time.monotonic())
                watching.enter(asked.epoch)
                watching.agenda.forget()
                watching.replan()
                watching.tell("live" if watching.playhead.following else "playing")

    def seek(self, asked: Seek) -> None:
        """Cancel what is planned and send what a time needs; goes on playing if it was."""
        watching = self._watching
        with watching.changed:
            manifest = watching.manifest
            if watching.enters(asked.epoch):
                watching.playhead.seek(asked, manifest, time.monotonic())
                watching.enter(asked.epoch)
                watching.agenda.forget()
                watching.replan()
                watching.tell("playing" if watching.playhead.playing else "paused")

    def pause(self, asked: Pause) -> None:
        """Send nothing more."""
        watching = self._watching
        with watching.changed:
            _ = watching.manifest
            if watching.enters(asked.epoch):
                watching.enter(asked.epoch)
                watching.playhead.halt(time.monotonic())
                watching.agenda.clear()
                watching.tell("paused")

    def select(self, asked: Select) -> None:
        """Send the weights of the selected projections only; of all where none is named."""
        watching = self._watching
        with watching.changed:
            _ = watching.manifest
            if watching.enters(asked.epoch):
                watching.enter(asked.epoch)
                watching.only = asked.projections
                if watching.agenda.active:
                    watching.rebase()

    def ack(self, asked: Ack) -> None:
        """Give credit back."""
        watching = self._watching
        with watching.changed:
            if watching.credit.acknowledge(asked.seq):
                watching.last_ack_s = time.monotonic()
                watching.changed.notify_all()

    def close(self) -> None:
        """Stop watching; the connection may open another recording."""
        with self._watching.changed:
            self._watching.reset()
            self._watching.changed.notify_all()

    def end(self) -> None:
        """The connection is gone."""
        with self._watching.changed:
            self._watching.closed = True
            self._watching.changed.notify_all()

    # --- what the server tells -----------------------------------------------------------------------------------

    def renew(self, catalogue: Catalogue) -> None:
        """Go on with a newer manifest of the same recording: it grew, or was precomputed again."""
        watching = self._watching
        with watching.changed:
            if watching.catalogue is None:
                return
            old, new = watching.catalogue.manifest, catalogue.manifest
            watching.renew(catalogue)
            if new.build != old.build:
                watching.agenda.forget()
                watching.tell_opened()
            active = watching.agenda.active or watching.playhead.playing
            if active and self._touched_by_growth(old, new):
                watching.rebase()
            if watching.status == "unavailable" or not watching.playhead.playing:
                watching.tell(watching.status)
            else:
                watching.tell("live" if watching.playhead.following else "playing")

    def fail(self, error: SynaptariumError) -> None:
        """Tell the client that watching ended with an error, and stop."""
        with self._watching.changed:
            self._watching.tell_error(error)
            self._watching.reset()
            self._watching.changed.notify_all()

    def database(self, error: StoreUnavailable | None) -> None:
        """Tell the client that the database stopped answering, or answers again (None)."""
        with self._watching.changed:
            if error is not None:
                away(self._watching, error)
            elif self._watching.catalogue is not None and self._watching.status == "unavailable":
                self._watching.resume()

    def _touched_by_growth(self, old: Manifest, new: Manifest) -> bool:
        loop = self._watching.playhead.route.loop
        return new.build != old.build or loop is None or loop.t_stop_us > old.closed_us
