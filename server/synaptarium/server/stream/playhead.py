"""The playhead of one viewer: where it is, what is due, how late chunks are, and which level that leads to.

Not locked: whoever owns it holds a lock around every call.
"""

from __future__ import annotations

from synaptarium.schemas.manifest import Manifest
from synaptarium.schemas.messages import Play, Seek
from synaptarium.server.stream.ladder import Ladder
from synaptarium.server.stream.plan import Planned
from synaptarium.server.stream.travel import (
    Route,
    Travel,
    check_level,
    check_loop,
    check_speed,
    check_time,
    level_for,
)

#: Shorter waits are noise of the clock, not a viewer that falls behind.
LATE_TOLERANCE_S = 0.1


class Playhead:
    """A route, how far it has been travelled, and whether playing goes on.

    Parameters
    ----------
    look_ahead_s : float
        How long before the playhead needs it a chunk is due.
    """

    def __init__(self, look_ahead_s: float) -> None:
        self._look_ahead_s = look_ahead_s
        self.route = Route(0, 1, 0, 1)
        self.ladder = Ladder(0, 0, pinned=True)
        self.playing = False
        self.following = False
        self.behind_s = 0.0
        self._travel = Travel(1.0)

    # --- where it goes -------------------------------------------------------------------------------------------

    def place(self, manifest: Manifest) -> None:
        """Stand at the start of a recording, paused."""
        self.route = Route(manifest.t_start_us, 1, manifest.t_start_us, manifest.t_stop_us)

    def play(self, asked: Play, manifest: Manifest, now_s: float) -> None:
        """Set off from a time at a speed; raises InvalidInput or InvalidTime before anything has changed."""
        speed = check_speed(asked.speed)
        t_us = check_time(manifest, asked.t_us)
        if asked.loop:
            t_us = check_loop(manifest, asked.loop, t_us)
        pinned = asked.level is not None
        level = check_level(manifest, asked.level) if asked.level is not None else level_for(manifest, speed)
        direction = 1 if speed > 0 else -1
        if not asked.loop and direction > 0 and asked.t_us >= manifest.t_stop_us and not manifest.open:
            t_us = manifest.t_stop_us
        self.route = Route(t_us, direction, manifest.t_start_us, manifest.t_stop_us, asked.loop)
        self._travel = Travel(speed)
        self._travel.start(now_s)
        self.ladder = Ladder(level, manifest.levels[-1].level, pinned=pinned)
        self.playing, self.following = True, asked.follow and manifest.open

    def seek(self, asked: Seek, manifest: Manifest, now_s: float) -> None:
        """Go to a time and go on from there; raises InvalidInput or InvalidTime before anything has changed."""
        t_us = check_time(manifest, asked.t_us)
        level = self.ladder.level if asked.level is None else check_level(manifest, asked.level)
        loop = self.route.loop
        if loop and not loop.t_start_us <= t_us < loop.t_stop_us:
            loop = None
        self.route = Route(t_us, self.route.direction, manifest.t_start_us, manifest.t_stop_us, loop)
        self._travel = Travel(self._travel.speed)
        if self.playing:
            self._travel.start(now_s)
        pinned = self.ladder.pinned or asked.level is not None
        self.ladder = Ladder(level, manifest.levels[-1].level, pinned=pinned)
        self.following = False

    def rebase(self, manifest: Manifest, now_s: float, *, running: bool) -> None:
        """Begin the route anew where the playhead is, on a manifest that may have grown."""
        t_us = self.position_us(now_s)
        if self.following:
            t_us = max(manifest.t_start_us, min(t_us, manifest.t_stop_us - 1))
        loop = self.route.loop
        if loop and loop.t_stop_us > manifest.t_stop_us:
            loop = None
        self.route = Route(t_us, self.route.direction, manifest.t_start_us, manifest.t_stop_us, loop)
        self._travel = Travel(self._travel.speed)
        if running:
            self._travel.start(now_s)

    def halt(self, now_s: float) -> None:
        """Stop playing."""
        self._travel.stop(now_s)
        self.playing = self.following = False

    def hold(self, now_s: float) -> None:
        """Stand still for a while; ``go_on`` ends it."""
        self._travel.stop(now_s)

    def go_on(self, now_s: float) -> None:
        """Go on where it stood still, if it was playing."""
        if self.playing:
            self._travel.start(now_s)

    # --- where it is ---------------------------------------------------------------------------------------------

    def position_us(self, now_s: float) -> int:
        """Return the time it is at."""
        return self.route.position_us(self._travel.distance_us(now_s))

    def ahead_s(self, planned: Planned, now_s: float) -> float:
        """Return the seconds until it needs a chunk."""
        if self.following:
            return 0.0
        return (planned.distance_us - self._travel.distance_us(now_s)) / (self._travel.speed * 1e6)

    def due_in_s(self, planned: Planned, now_s: float) -> float | None:
        """Return the seconds until a chunk is to be sent, 0 or less for now; None for never, as it is paused."""
        if not self.playing:
            # A paused seek sends what the moment needs and nothing more.
            return 0.0 if planned.distance_us == 0 else None
        return self.ahead_s(planned, now_s) - self._look_ahead_s

    def end_in_s(self, now_s: float) -> float:
        """Return the seconds until it arrives at the route's end."""
        return (self.route.length_us - self._travel.distance_us(now_s)) / (self._travel.speed * 1e6)

    def arrive(self, now_s: float, *, waits: bool) -> None:
        """Stand at the route's end; ``waits`` there for a run that goes on."""
        self._travel.hold_at(self.route.length_us, now_s)
        if not waits:
            self.playing = False
            self._travel.stop(now_s)

    # --- how late it is ------------------------------------------------------------------------------------------

    def wait_for(self, planned: Planned, now_s: float) -> tuple[bool, bool]:
        """Hold where a chunk is missing; tells whether that is worth telling, and whether the level changed."""
        if not self.playing or self.following:
            return False, False
        late_s = self._travel.hold_at(planned.distance_us, now_s)
        self.behind_s += late_s
        return late_s > 0 and self.late, self.ladder.step(late_s, now_s)

    @property
    def late(self) -> bool:
        """Whether it had to wait, noise aside, since that was told last."""
        return self.behind_s > LATE_TOLERANCE_S
