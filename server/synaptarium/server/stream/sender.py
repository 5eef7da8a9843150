"""The thread that sends to one viewer: it waits until chunks are due, reads them, and hands each over.

It reads as many as the viewer's credit has room for, at least one, and the next batch while the first is handed over;
each is sent when its turn has come. So no more than a window and a batch wait here and nothing waits in the library's
queue, however slow the viewer is.
"""

from __future__ import annotations

import logging
import math
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from typing import NamedTuple

from synaptarium.schemas.chunk_key import ChunkKey
from synaptarium.schemas.errors import NotFound, StoreUnavailable, SynaptariumError
from synaptarium.schemas.messages import Chunk
from synaptarium.schemas.sealing import Sealed
from synaptarium.server.stream.plan import Planned
from synaptarium.server.stream.watching import Watching

log = logging.getLogger("synaptarium.stream")

#: How often the state is told while nothing special happens.
STATE_EVERY_S = 0.5
RETRY_EVERY_S = 0.5
#: One request for eight chunks takes a third of the time of eight requests; more than a megabyte gains nothing.
BATCH_CHUNKS = 32
BATCH_BYTES = 1024 * 1024
#: Longest sleep, so that a stalled viewer is noticed even when nothing else happens.
TICK_S = 0.25
#: A viewer that is silent for longer gets no messages either: they would pile up.
SILENT_S = 2.0

Found = Mapping[ChunkKey, Sealed]


class Outdated(Exception):
    """The chunk belongs to a build that was replaced; the viewer has been given the new one."""


class Reader(NamedTuple):
    """How chunks are read for one viewer.

    Parameters
    ----------
    read : callable
        Returns the stored bytes of chunks; raises StoreUnavailable, RecordingNotFound, CorruptData or Outdated.
    ahead : callable
        Begins to read them beside, and returns what will hold them; None where they are at hand already.
    """

    read: Callable[[Sequence[ChunkKey]], Found]
    ahead: Callable[[Sequence[ChunkKey]], Future[Found] | None]


class _Ahead(NamedTuple):
    """A batch that is being read."""

    keys: list[ChunkKey]
    found: Future[Found]


class Sender:
    """Sends what a viewer's agenda says, as far as its credit goes.

    Parameters
    ----------
    watching : Watching
        The viewer's state.
    reader : Reader
        Where the chunks come from.
    hang_up : callable
        Ends the connection of a viewer that stopped reading.
    stall_s : float
        How long a viewer may take nothing.
    """

    def __init__(
        self, watching: Watching, reader: Reader, hang_up: Callable[[], None], *, stall_s: float
    ) -> None:
        self._watching = watching
        self._reader = reader
        self._hang_up = hang_up
        self._stall_s = stall_s
        self._thread: threading.Thread | None = None
        self._ahead: _Ahead | None = None
        self._one_by_one = 0

    def start(self) -> None:
        """Begin to send, where that has not begun."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="viewer", daemon=True)
            self._thread.start()

    def _run(self) -> None:
        watching = self._watching
        while True:
            batch: list[Planned] = []
            try:
                plan, batch = self._await_work()
                if not batch:
                    return
                found = self._read(batch)
                self._read_ahead(plan, len(batch))
                self._hand_over(plan, batch, found)
            except Outdated:
                continue
            except StoreUnavailable as error:
                with watching.changed:
                    away(watching, error)
                    if not watching.closed:
                        watching.changed.wait(RETRY_EVERY_S)
            except NotFound as error:
                self._give_up(error)
            except SynaptariumError as error:
                self._damaged(batch, error)
            except Exception as error:
                log.exception("a viewer failed")
                self._give_up(error)

    def _give_up(self, error: Exception) -> None:
        with self._watching.changed:
            self._watching.tell_error(error)
            self._watching.reset()

    # --- what is due ---------------------------------------------------------------------------------------------

    def _await_work(self) -> tuple[int, list[Planned]]:
        """Wait until chunks are due and return them; none when the connection is gone."""
        watching = self._watching
        agenda = watching.agenda
        with watching.changed:
            while not watching.closed:
                now = time.monotonic()
                self._look_after(now)
                wait_s = TICK_S
                first = agenda.first() if agenda.active else None
                if watching.status == "unavailable":
                    if first is not None:
                        return agenda.number, [first]  # asks whether it answers again
                elif first is not None:
                    due_in_s = watching.playhead.due_in_s(first, now)
                    if due_in_s is None:
                        agenda.finish()
                    elif due_in_s <= 0:
                        return agenda.number, self._due(now)
                    else:
                        wait_s = due_in_s
                elif agenda.active:
                    wait_s = self._at_end(now)
                watching.changed.wait(min(max(wait_s, 0.001), TICK_S))
            return agenda.number, []

    def _due(self, now: float) -> list[Planned]:
        """Return the chunks that are due and that the window may have room for; at least one."""
        most = self._watching.credit.expected_room(BATCH_CHUNKS, BATCH_BYTES)
        if self._one_by_one:
            self._one_by_one -= 1
            most = 1
        return self._of_them_due(self._watching.agenda.upcoming(most), now)

    def _of_them_due(self, upcoming: Sequence[Planned], now: float) -> list[Planned]:
        playhead = self._watching.playhead
        return [
            planned
            for planned in upcoming
            if (due_in_s := playhead.due_in_s(planned, now)) is not None and due_in_s <= 0
        ]

    def _at_end(self, now: float) -> float:
        """Everything of the route was sent: wait for the playhead to arrive."""
        watching, playhead = self._watching, self._watching.playhead
        if not playhead.playing:
            watching.agenda.finish()
            return TICK_S
        left_s = playhead.end_in_s(now)
        if left_s > 0:
            return left_s
        if watching.status not in ("ended", "live"):
            waits = watching.manifest.open and playhead.route.direction > 0
            playhead.arrive(now, waits=waits)
            if not waits:
                watching.agenda.finish()
            watching.tell("live" if waits else "ended")
        return TICK_S

    def _look_after(self, now: float) -> None:
        """Tell the state now and then, and let go of a viewer that takes nothing."""
        watching, playhead = self._watching, self._watching.playhead
        idle_s = now - watching.last_ack_s
        flying = watching.credit.chunks_in_flight > 0
        if flying and idle_s > self._stall_s:
            log.warning("a viewer took nothing for %.0f s and is let go", idle_s)
            watching.closed = True
            self._hang_up()
            return
        reading = not flying or idle_s < SILENT_S
        due = now - watching.told_s >= STATE_EVERY_S
        if playhead.playing and reading and due and watching.catalogue:
            if watching.status in ("playing", "buffering"):
                watching.tell("buffering" if playhead.late else "playing")
            else:
                watching.tell(watching.status)
            playhead.behind_s = 0.0

    # --- reading and sending -------------------------------------------------------------------------------------

    def _read(self, batch: Sequence[Planned]) -> Found:
        keys = [planned.key for planned in batch]
        ahead, self._ahead = self._ahead, None
        if ahead is None or ahead.keys[: len(keys)] != keys:
            return self._reader.read(keys)
        return ahead.found.result()

    def _read_ahead(self, plan: int, n_in_hand: int) -> None:
        """Begin to read the batch after the one in hand, where it is due already."""
        watching = self._watching
        with watching.changed:
            if plan != watching.agenda.number or self._one_by_one or watching.status == "unavailable":
                return
            most = watching.credit.fitting(BATCH_CHUNKS, BATCH_BYTES)
            upcoming = watching.agenda.upcoming(n_in_hand + most)[n_in_hand:]
            keys = [planned.key for planned in self._of_them_due(upcoming, time.monotonic())]
        if keys and (found := self._reader.ahead(keys)) is not None:
            self._ahead = _Ahead(keys, found)

    def _damaged(self, batch: Sequence[Planned], error: SynaptariumError) -> None:
        """Leave a damaged chunk out, say so, and go on with the next."""
        watching = self._watching
        with watching.changed:
            if len(batch) > 1:
                self._one_by_one = len(batch)  # to find out which one it is
                return
            watching.tell_error(error)
            watching.dropped += 1
            watching.agenda.skip()

    def _hand_over(self, plan: int, batch: Sequence[Planned], found: Found) -> None:
        """Send a batch as its credit comes; what is left of it is dropped where the plan changes meanwhile."""
        watching, credit = self._watching, self._watching.credit
        left = deque(batch)
        with watching.changed:
            while left and self._await_room(plan, left[0], len(found[left[0].key].stored)):
                messages: list[tuple[Chunk, bytes]] = []
                while left and credit.has_room(len(found[left[0].key].stored)):
                    key = left.popleft().key
                    messages.append((self._message(key, found[key]), found[key].stored))
                    watching.agenda.sent(key)
                watching.outlet.send("chunk", messages)

    def _await_room(self, plan: int, planned: Planned, size: int) -> bool:
        """Wait until the window has room for a chunk; False where it is not wanted any more."""
        watching, agenda = self._watching, self._watching.agenda
        while True:
            if watching.closed or watching.catalogue is None:
                return False
            if plan != agenda.number:
                # Newest wins: the bytes in hand are older than those of the new plan.
                watching.dropped += watching.catalogue.is_open(planned.key)
                return False
            if watching.status == "unavailable":
                watching.resume()
            now = time.monotonic()
            self._look_after(now)
            self._wait_with_the_viewer(planned, now)
            if plan != agenda.number:
                continue
            if watching.credit.has_room(size):
                if watching.credit.chunks_in_flight == 0:
                    watching.last_ack_s = now
                return True
            watching.changed.wait(0.05)

    def _message(self, key: ChunkKey, sealed: Sealed) -> Chunk:
        watching = self._watching
        age = watching.agenda.age_of(key)
        return Chunk(
            epoch=watching.epoch,
            seq=watching.credit.take(len(sealed.stored)),
            build=key.build,
            stream=key.stream,
            level=key.level,
            tile=key.tile,
            chunk=key.chunk,
            checksum=sealed.checksum,
            revision=0 if math.isinf(age) else int(age),
        )

    def _wait_with_the_viewer(self, planned: Planned, now: float) -> None:
        """Hold the playhead where a chunk is missing, and go to a coarser level when that lasts."""
        watching = self._watching
        late, moved = watching.playhead.wait_for(planned, now)
        if late and watching.status == "playing":
            watching.tell("buffering")
        if moved:
            watching.rebase()
            watching.tell(watching.status)


def away(watching: Watching, error: StoreUnavailable) -> None:
    """Hold the playhead, and tell once that the database does not answer."""
    if watching.catalogue is not None and watching.status != "unavailable":
        watching.tell_error(error)
        watching.playhead.hold(time.monotonic())
        watching.tell("unavailable")
