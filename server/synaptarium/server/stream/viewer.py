"""One viewer of one recording: what it asked for, what it was sent, and the thread that sends it.

The thread reads the stored bytes of as many chunks as the viewer's credit has room for, at least one, and hands each
over when its turn has come. So no more than a window waits here and nothing waits in the library's queue, however slow
the viewer is.
"""

from __future__ import annotations

import logging
import math
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import msgspec

from synaptarium.schemas.chunk_key import ChunkKey
from synaptarium.schemas.errors import InvalidInput, NotFound, StoreUnavailable, SynaptariumError, error_body
from synaptarium.schemas.manifest import Manifest
from synaptarium.schemas.messages import (
    Ack,
    LevelSpan,
    Open,
    Opened,
    Pause,
    Play,
    PlayStatus,
    Seek,
    Select,
    State,
    Window,
)
from synaptarium.schemas.sealing import Sealed
from synaptarium.server.stream.credit import Credit
from synaptarium.server.stream.ladder import Ladder
from synaptarium.server.stream.plan import Catalogue, Planned
from synaptarium.server.stream.travel import (
    Route,
    Travel,
    check_level,
    check_loop,
    check_speed,
    check_time,
    level_for,
)

log = logging.getLogger("synaptarium.stream")

#: How often the state is told while nothing special happens.
STATE_EVERY_S = 0.5
#: Shorter waits are noise of the clock, not a viewer that falls behind.
LATE_TOLERANCE_S = 0.1
RETRY_EVERY_S = 0.5
#: One request for eight chunks takes a third of the time of eight requests.
BATCH_CHUNKS = 8
#: Longest sleep, so that a stalled viewer is noticed even when nothing else happens.
TICK_S = 0.25

Emit = Callable[..., None]
Read = Callable[[Sequence[ChunkKey]], Mapping[ChunkKey, Sealed]]


class Outdated(Exception):
    """The chunk belongs to a build that was replaced; the viewer has been given the new one."""


class Viewer:
    """A connection's view of one recording.

    Parameters
    ----------
    emit : callable
        ``emit(event, *data)`` queues an event for this connection.
    read : callable
        Returns the stored bytes of chunks; raises StoreUnavailable, RecordingNotFound, CorruptData or Outdated.
    hang_up : callable
        Ends the connection of a viewer that stopped reading.
    limits : Window
        The server's own window.
    look_ahead_s, stall_s : float
        See :class:`synaptarium.server.config.Config`.
    """

    def __init__(
        self,
        emit: Emit,
        read: Read,
        hang_up: Callable[[], None],
        *,
        limits: Window,
        look_ahead_s: float,
        stall_s: float,
    ) -> None:
        self._emit = emit
        self._read = read
        self._hang_up = hang_up
        self._limits = limits
        self._look_ahead_s = look_ahead_s
        self._stall_s = stall_s
        self._changed = threading.Condition()
        self._closed = False
        self._thread: threading.Thread | None = None
        self._credit = Credit(max_chunks=limits.chunks, max_bytes=limits.bytes)
        self._last_ack_s = 0.0
        self._reset()

    def _reset(self) -> None:
        self._catalogue: Catalogue | None = None
        self._streams: tuple[str, ...] = ()
        self._only: tuple[str, ...] = ()
        self._epoch = -1
        self._route = Route(0, 1, 0, 1)
        self._travel = Travel(1.0)
        self._ladder = Ladder(0, 0, pinned=True)
        self._plan: Iterator[Planned] | None = None
        self._queue: deque[Planned] = deque()
        self._one_by_one = 0
        self._playing = False
        self._following = False
        self._plan_no = 0
        self._sent: dict[ChunkKey, float] = {}
        self._status: PlayStatus = "paused"
        self._told_s = 0.0
        self._behind_s = 0.0
        self._dropped = 0

    # --- what the client asks ------------------------------------------------------------------------------------

    @property
    def recording(self) -> str:
        """Id of the recording that is watched; empty before ``open`` and after ``close``."""
        return self._catalogue.manifest.recording if self._catalogue else ""

    def open(self, asked: Open, catalogue: Catalogue) -> None:
        """Watch a recording, instead of the one watched before."""
        streams = catalogue.check_streams(asked.streams)
        if asked.window.chunks < 1 or asked.window.bytes < 1:
            raise InvalidInput(
                "The window is empty.", hint="Ask for at least 1 chunk and 1 byte.", where="window"
            )
        with self._changed:
            self._reset()
            self._catalogue, self._streams = catalogue, streams
            self._credit.max_chunks = min(asked.window.chunks, self._limits.chunks)
            self._credit.max_bytes = min(asked.window.bytes, self._limits.bytes)
            manifest = catalogue.manifest
            self._route = Route(manifest.t_start_us, 1, manifest.t_start_us, manifest.t_stop_us)
            self._emit("opened", self._opened(catalogue))
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="viewer", daemon=True)
                self._thread.start()
            self._changed.notify_all()

    def play(self, asked: Play) -> None:
        """Send from a time on, at a speed."""
        with self._changed:
            manifest = self._opened_manifest()
            speed = check_speed(asked.speed)
            t_us = check_time(manifest, asked.t_us)
            if asked.loop:
                t_us = check_loop(manifest, asked.loop, t_us)
            pinned = asked.level is not None
            level = (
                check_level(manifest, asked.level) if asked.level is not None else level_for(manifest, speed)
            )
            if not self._enter(asked.epoch):
                return
            direction = 1 if speed > 0 else -1
            if not asked.loop and direction > 0 and asked.t_us >= manifest.t_stop_us and not manifest.open:
                t_us = manifest.t_stop_us
            self._route = Route(t_us, direction, manifest.t_start_us, manifest.t_stop_us, asked.loop)
            self._travel = Travel(speed)
            self._travel.start(time.monotonic())
            self._ladder = Ladder(level, manifest.levels[-1].level, pinned=pinned)
            self._playing, self._following = True, asked.follow and manifest.open
            self._sent.clear()
            self._replan()
            self._tell("live" if self._following else "playing")

    def seek(self, asked: Seek) -> None:
        """Cancel what is planned and send what a time needs; goes on playing if it was."""
        with self._changed:
            manifest = self._opened_manifest()
            t_us = check_time(manifest, asked.t_us)
            level = self._ladder.level if asked.level is None else check_level(manifest, asked.level)
            if not self._enter(asked.epoch):
                return
            loop = self._route.loop
            if loop and not loop.t_start_us <= t_us < loop.t_stop_us:
                loop = None
            self._route = Route(t_us, self._route.direction, manifest.t_start_us, manifest.t_stop_us, loop)
            self._travel = Travel(self._travel.speed)
            if self._playing:
                self._travel.start(time.monotonic())
            self._ladder = Ladder(
                level, manifest.levels[-1].level, pinned=self._ladder.pinned or asked.level is not None
            )
            self._following = False
            self._sent.clear()
            self._replan()
            self._tell("playing" if self._playing else "paused")

    def pause(self, asked: Pause) -> None:
        """Send nothing more."""
        with self._changed:
            self._opened_manifest()
            if not self._enter(asked.epoch):
                return
            self._travel.stop(time.monotonic())
            self._playing = self._following = False
            self._plan = None
            self._queue.clear()
            self._plan_no += 1
            self._tell("paused")

    def select(self, asked: Select) -> None:
        """Send the weights of the selected projections only; of all where none is named."""
        with self._changed:
            self._opened_manifest()
            if not self._enter(asked.epoch):
                return
            self._only = asked.projections
            if self._plan is not None:
                self._rebase()

    def ack(self, asked: Ack) -> None:
        """Give credit back."""
        with self._changed:
            if self._credit.acknowledge(asked.seq):
                self._last_ack_s = time.monotonic()
                self._changed.notify_all()

    def close(self) -> None:
        """Stop watching; the connection may open another recording."""
        with self._changed:
            self._reset()
            self._changed.notify_all()

    def end(self) -> None:
        """The connection is gone."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    # --- what the server tells -----------------------------------------------------------------------------------

    def renew(self, catalogue: Catalogue) -> None:
        """Go on with a newer manifest of the same recording: it grew, or was precomputed again."""
        with self._changed:
            if self._catalogue is None:
                return
            old, self._catalogue = self._catalogue.manifest, catalogue
            new = catalogue.manifest
            if new.build != old.build:
                self._sent.clear()
                self._emit("opened", self._opened(catalogue))
            self._streams = tuple(name for name in self._streams if catalogue.level_of(name, 0) is not None)
            self._following = self._following and new.open
            if (self._plan is not None or self._playing) and self._touched_by_growth(old, new):
                self._rebase()
            if self._status == "unavailable" or not self._playing:
                self._tell(self._status)
            else:
                self._tell("live" if self._following else "playing")

    def fail(self, error: SynaptariumError) -> None:
        """Tell the client that watching ended with an error, and stop."""
        with self._changed:
            self._emit("error", msgspec.to_builtins(error_body(error)))
            self._reset()
            self._changed.notify_all()

    def database(self, error: StoreUnavailable | None) -> None:
        """Tell the client that the database stopped answering, or answers again (None)."""
        with self._changed:
            if self._catalogue is None:
                return
            if error is not None and self._status != "unavailable":
                self._emit("error", msgspec.to_builtins(error_body(error)))
                self._travel.stop(time.monotonic())
                self._tell("unavailable")
            elif error is None and self._status == "unavailable":
                self._resume()

    # --- under the lock ------------------------------------------------------------------------------------------

    def _opened_manifest(self) -> Manifest:
        if self._catalogue is None:
            raise InvalidInput("No recording is open.", hint="Send 'open' first.", where="open")
        return self._catalogue.manifest

    def _enter(self, epoch: int) -> bool:
        """Begin an epoch; False for an older one, which was overtaken on its way."""
        if epoch < 0 or epoch >= 2**53:
            raise InvalidInput(f"The epoch is {epoch}.", hint="Count epochs up from 0.", where="epoch")
        if epoch < self._epoch:
            return False
        self._epoch = epoch
        self._behind_s = 0.0
        return True

    def _replan(self) -> None:
        """Plan the route from its start; what was in hand for the old plan is dropped."""
        assert self._catalogue
        self._plan_no += 1
        self._plan = self._catalogue.plan(self._route, self._streams, self._ladder.level, only=self._only)
        self._queue.clear()
        self._changed.notify_all()

    def _rebase(self) -> None:
        """Plan anew from the playhead on: another level, another selection, a newer manifest."""
        assert self._catalogue
        now = time.monotonic()
        manifest = self._catalogue.manifest
        t_us = self._route.position_us(self._travel.distance_us(now))
        if self._following:
            t_us = max(manifest.t_start_us, min(t_us, manifest.t_stop_us - 1))
        running = self._playing and self._status != "unavailable"
        loop = self._route.loop
        if loop and loop.t_stop_us > manifest.t_stop_us:
            loop = None
        self._route = Route(t_us, self._route.direction, manifest.t_start_us, manifest.t_stop_us, loop)
        self._travel = Travel(self._travel.speed)
        if running:
            self._travel.start(now)
        self._replan()

    def _touched_by_growth(self, old: Manifest, new: Manifest) -> bool:
        if new.build != old.build or self._route.loop is None:
            return True
        return self._route.loop.t_stop_us > old.closed_us

    def _resume(self) -> None:
        if self._playing:
            self._travel.start(time.monotonic())
        if self._following:
            self._tell("live")
        else:
            self._tell("playing" if self._playing else "paused")
        self._changed.notify_all()

    def _tell(self, status: PlayStatus) -> None:
        assert self._catalogue
        self._status = status
        now = self._told_s = time.monotonic()
        manifest = self._catalogue.manifest
        t_us = self._route.position_us(self._travel.distance_us(now))
        state = State(
            epoch=self._epoch,
            t_us=manifest.t_stop_us if self._following else t_us,
            level=self._ladder.level,
            status=status,
            behind_ms=round(self._behind_s * 1000, 1),
            dropped=self._dropped,
            t_stop_us=manifest.t_stop_us,
            revision=manifest.revision,
        )
        self._emit("state", msgspec.to_builtins(state))

    def _opened(self, catalogue: Catalogue) -> Any:
        manifest = catalogue.manifest
        opened = Opened(
            recording=manifest.recording,
            manifest_url=f"/api/recordings/{manifest.recording}/manifest",
            build=manifest.build,
            revision=manifest.revision,
            t_start_us=manifest.t_start_us,
            t_stop_us=manifest.t_stop_us,
            open=manifest.open,
            levels=tuple(LevelSpan(level=x.level, bins=x.bins, frames=x.frames) for x in manifest.levels),
            accounting=manifest.accounting,
            window=Window(chunks=self._credit.max_chunks, bytes=self._credit.max_bytes),
        )
        return msgspec.to_builtins(opened)

    # --- the sending thread --------------------------------------------------------------------------------------

    def _run(self) -> None:
        while True:
            batch: list[Planned] = []
            try:
                plan_no, batch = self._await_work()
                if not batch:
                    return
                found = self._read([planned.key for planned in batch])
                for planned in batch:
                    if not self._hand_over(plan_no, planned, found[planned.key]):
                        break
            except Outdated:
                continue
            except StoreUnavailable as error:
                self.database(error)
                self._pause_before_retry()
            except NotFound as error:
                self.fail(error)
            except SynaptariumError as error:
                self._damaged(batch, error)
            except Exception as error:
                log.exception("a viewer failed")
                with self._changed:
                    self._emit("error", msgspec.to_builtins(error_body(error)))
                self.close()

    def _damaged(self, batch: list[Planned], error: SynaptariumError) -> None:
        """Leave a damaged chunk out, say so, and go on with the next."""
        with self._changed:
            if len(batch) > 1:
                self._one_by_one = len(batch)  # to find out which one it is
                return
            self._emit("error", msgspec.to_builtins(error_body(error)))
            self._dropped += 1
            if self._queue:
                self._queue.popleft()

    def _await_work(self) -> tuple[int, list[Planned]]:
        """Wait until chunks are due and return them; none when the connection is gone."""
        with self._changed:
            while not self._closed:
                now = time.monotonic()
                self._watch(now)
                wait_s = TICK_S
                if self._plan is not None and self._status != "unavailable":
                    planned = self._peek()
                    if planned is None:
                        wait_s = self._at_end(now)
                    else:
                        wait_s = self._due_in_s(planned, now)
                        if wait_s <= 0:
                            return self._plan_no, self._due(now)
                elif self._status == "unavailable" and self._plan is not None and self._peek() is not None:
                    return self._plan_no, [self._queue[0]]  # asks whether it answers again
                self._changed.wait(min(max(wait_s, 0.001), TICK_S))
            return self._plan_no, []

    def _due(self, now: float) -> list[Planned]:
        """Return the chunks that are due and that the window may have room for; at least one."""
        most = min(BATCH_CHUNKS, self._credit.expected_room())
        if self._one_by_one:
            self._one_by_one -= 1
            most = 1
        while len(self._queue) < most and (planned := self._take_next()) is not None:
            self._queue.append(planned)
        return [planned for planned in list(self._queue)[:most] if self._is_due(planned, now)]

    def _peek(self) -> Planned | None:
        """Return the next chunk to send."""
        if not self._queue:
            planned = self._take_next()
            if planned is None:
                return None
            self._queue.append(planned)
        return self._queue[0]

    def _take_next(self) -> Planned | None:
        """Return the next chunk of the plan, skipping what this route was given already."""
        while self._plan is not None:
            planned = next(self._plan, None)
            if planned is None or self._sent.get(planned.key, -1) < self._age_of(planned.key):
                return planned
        return None

    def _age_of(self, key: ChunkKey) -> float:
        """Return the revision at which a chunk was written; infinite once it never changes again."""
        assert self._catalogue
        return self._catalogue.manifest.revision if self._catalogue.is_open(key) else math.inf

    def _is_due(self, planned: Planned, now: float) -> bool:
        if not self._playing:
            return planned.distance_us == 0  # a paused seek sends what the moment needs and nothing more
        return self._ahead_s(planned, now) <= self._look_ahead_s

    def _ahead_s(self, planned: Planned, now: float) -> float:
        """Return the seconds until the playhead needs a chunk."""
        if self._following:
            return 0.0
        return (planned.distance_us - self._travel.distance_us(now)) / (self._travel.speed * 1e6)

    def _due_in_s(self, planned: Planned, now: float) -> float:
        if self._is_due(planned, now):
            return 0.0
        if not self._playing:
            self._plan = None
            self._queue.clear()
            return TICK_S
        return self._ahead_s(planned, now) - self._look_ahead_s

    def _at_end(self, now: float) -> float:
        """Everything of the route was sent: wait for the playhead to arrive."""
        assert self._catalogue
        if not self._playing:
            self._plan = None
            return TICK_S
        left_s = (self._route.length_us - self._travel.distance_us(now)) / (self._travel.speed * 1e6)
        if left_s > 0:
            return left_s
        waits = self._catalogue.manifest.open and self._route.direction > 0
        if self._status not in ("ended", "live"):
            self._travel.hold_at(self._route.length_us, now)
            if not waits:
                self._playing, self._plan = False, None
                self._travel.stop(now)
            self._tell("live" if waits else "ended")
        return TICK_S

    def _watch(self, now: float) -> None:
        """Tell the state now and then, and let go of a viewer that takes nothing."""
        idle_s = now - self._last_ack_s
        stalled = self._credit.chunks_in_flight > 0 and idle_s > self._stall_s
        if stalled and self._thread is threading.current_thread():
            log.warning("a viewer took nothing for %.0f s and is let go", idle_s)
            self._closed = True
            self._hang_up()
            return
        # A viewer that does not read must not pile up messages either.
        reading = self._credit.chunks_in_flight == 0 or idle_s < 2.0
        if self._playing and reading and now - self._told_s >= STATE_EVERY_S and self._catalogue:
            late = self._behind_s > LATE_TOLERANCE_S
            if self._status in ("playing", "buffering"):
                self._tell("buffering" if late else "playing")
            else:
                self._tell(self._status)
            self._behind_s = 0.0

    def _pause_before_retry(self) -> None:
        with self._changed:
            if not self._closed:
                self._changed.wait(RETRY_EVERY_S)

    def _hand_over(self, plan_no: int, planned: Planned, sealed: Sealed) -> bool:
        """Wait for credit and send; False where the plan changed meanwhile."""
        size = len(sealed.stored)
        with self._changed:
            while True:
                if self._closed or self._catalogue is None:
                    return False
                if plan_no != self._plan_no:
                    self._replaced(planned.key)
                    return False
                if self._status == "unavailable":
                    self._resume()
                now = time.monotonic()
                self._watch(now)
                self._wait_with_the_viewer(planned, now)
                if plan_no == self._plan_no and self._credit.has_room(size):
                    break
                if plan_no == self._plan_no:
                    self._changed.wait(0.05)
            if self._credit.chunks_in_flight == 0:
                self._last_ack_s = now
            key, age = planned.key, self._age_of(planned.key)
            message = {
                "epoch": self._epoch,
                "seq": self._credit.take(size),
                "build": key.build,
                "stream": key.stream,
                "level": key.level,
                "tile": key.tile,
                "chunk": key.chunk,
                "checksum": sealed.checksum,
                "revision": 0 if math.isinf(age) else int(age),
            }
            self._remember(key, age)
            self._queue.popleft()
            self._emit("chunk", message, sealed.stored)
            return True

    def _replaced(self, key: ChunkKey) -> None:
        # Newest wins: the bytes in hand are older than those of the new plan.
        if self._catalogue and self._catalogue.is_open(key):
            self._dropped += 1

    def _remember(self, key: ChunkKey, age: float) -> None:
        if self._route.loop:
            return  # every lap is sent again
        # Planning anew from the playhead meets what was sent ahead of it.
        self._sent[key] = age
        if len(self._sent) > 4096:
            self._sent.pop(next(iter(self._sent)))

    def _wait_with_the_viewer(self, planned: Planned, now: float) -> None:
        """Hold the playhead where a chunk is missing, and go to a coarser level when that lasts."""
        assert self._catalogue
        if not self._playing or self._following:
            return
        late_s = self._travel.hold_at(planned.distance_us, now)
        self._behind_s += late_s
        if late_s > 0 and self._behind_s > LATE_TOLERANCE_S and self._status == "playing":
            self._tell("buffering")
        if self._ladder.step(late_s, now):
            self._rebase()
            self._tell(self._status)
