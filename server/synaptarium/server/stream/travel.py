"""The playhead as the server estimates it: a start, a direction, a speed, and how far playing has come.

The client plays by its own clock. The server only has to know how far ahead it must send, so it counts the distance
travelled since the last play or seek, and waits with its clock where the client has to wait for chunks.
"""

from __future__ import annotations

import dataclasses
import math

from synaptarium.schemas.errors import InvalidInput, InvalidTime
from synaptarium.schemas.manifest import Manifest
from synaptarium.schemas.messages import Loop

#: The finest level may show this many frames a second: 16 per 60 Hz picture, so that the next coarser level, 16 times
#: fewer, still has a new frame for every picture. A coarser one would save little: sparse spikes hardly shrink.
MAX_FRAMES_PER_S = 960.0
#: Beyond this the playhead passes any recording in a blink; it also keeps products of times exact.
MAX_SPEED = 1e6


@dataclasses.dataclass(frozen=True)
class Route:
    """The way that playing takes through the recording.

    Parameters
    ----------
    t_us : int
        Where it starts.
    direction : int
        1 forward, -1 in reverse.
    t_start_us, t_stop_us : int
        Half-open span of the recording.
    loop : Loop or None
        Range that is repeated; the start lies inside.
    """

    t_us: int
    direction: int
    t_start_us: int
    t_stop_us: int
    loop: Loop | None = None

    @property
    def length_us(self) -> float:
        """Distance to the end of the way: infinite for a loop."""
        if self.loop:
            return math.inf
        return self.t_stop_us - self.t_us if self.direction > 0 else self.t_us - self.t_start_us

    def position_us(self, distance_us: float) -> int:
        """Return the time reached after that distance.

        Examples
        --------
        >>> Route(90, 1, 0, 100, Loop(t_start_us=50, t_stop_us=100)).position_us(15)
        55
        >>> Route(55, -1, 0, 100, Loop(t_start_us=50, t_stop_us=100)).position_us(10)
        95
        """
        if self.loop is None:
            distance_us = min(distance_us, self.length_us)
            return int(self.t_us + self.direction * distance_us)
        span = self.loop.t_stop_us - self.loop.t_start_us
        return int(
            self.loop.t_start_us + (self.t_us - self.loop.t_start_us + self.direction * distance_us) % span
        )


class Travel:
    """How far playing has come along its route; runs only between ``start`` and ``stop``."""

    def __init__(self, speed: float) -> None:
        self.speed = abs(speed)
        self._distance_us = 0.0
        self._since_s: float | None = None

    def start(self, now_s: float) -> None:
        """Let the clock run."""
        if self._since_s is None:
            self._since_s = now_s

    def stop(self, now_s: float) -> None:
        """Hold the clock."""
        self._distance_us, self._since_s = self.distance_us(now_s), None

    def distance_us(self, now_s: float) -> float:
        """Return the distance travelled, microseconds of the recording."""
        if self._since_s is None:
            return self._distance_us
        return self._distance_us + (now_s - self._since_s) * self.speed * 1e6

    def hold_at(self, distance_us: float, now_s: float) -> float:
        """Wait at that distance where it has been passed, and return by how many seconds it had been."""
        over_us = self.distance_us(now_s) - distance_us
        if over_us <= 0:
            return 0.0
        self._distance_us = distance_us
        if self._since_s is not None:
            self._since_s = now_s
        return over_us / (self.speed * 1e6)


def level_for(manifest: Manifest, speed: float) -> int:
    """Return the finest level whose frames do not pass faster than the eye and the screen can use."""
    for level in manifest.levels:
        if abs(speed) * 1e6 / (manifest.bin_us * level.bins) <= MAX_FRAMES_PER_S * 1.05:
            return level.level
    return manifest.levels[-1].level


def check_speed(speed: float) -> float:
    """Return the speed; raises InvalidInput unless it is a finite number other than 0."""
    if not math.isfinite(speed) or speed == 0 or abs(speed) > MAX_SPEED:
        raise InvalidInput(
            f"The speed is {speed}.",
            hint=f"It is recorded seconds per second, up to {MAX_SPEED:g}, negative in reverse; 'pause' stops.",
            where="speed",
        )
    return speed


def check_level(manifest: Manifest, level: int) -> int:
    """Return the level; raises InvalidInput unless the build has it."""
    if not 0 <= level < len(manifest.levels):
        raise InvalidInput(
            f"Level {level} was asked for; the build has the levels 0 to {len(manifest.levels) - 1}.",
            hint="Leave the level out to get the one that fits the speed.",
            where="level",
        )
    return level


def check_time(manifest: Manifest, t_us: int) -> int:
    """Return the time, the end of the recording becoming its last microsecond; raises InvalidTime outside."""
    if not manifest.t_start_us <= t_us <= manifest.t_stop_us:
        raise InvalidTime(
            f"{t_us} us was asked for; the recording spans {manifest.t_start_us} to {manifest.t_stop_us} us.",
            hint="Choose a time within the span.",
            where="t_us",
        )
    return min(t_us, max(manifest.t_start_us, manifest.t_stop_us - 1))


def check_loop(manifest: Manifest, loop: Loop, t_us: int) -> int:
    """Return where a looping playhead starts: ``t_us`` moved into the loop; raises InvalidTime for a bad loop."""
    start, stop = loop.t_start_us, loop.t_stop_us
    if not manifest.t_start_us <= start < stop <= manifest.t_stop_us:
        raise InvalidTime(
            f"The loop is {start} to {stop} us; the recording spans {manifest.t_start_us} to {manifest.t_stop_us} us.",
            hint="A loop lies within the span and ends after it starts.",
            where="loop",
        )
    return t_us if start <= t_us < stop else start
