"""Which time level a viewer gets: coarser when it falls behind, finer again when it keeps up."""

from __future__ import annotations

#: So much waiting within the last WINDOW_S means that the level is too fine for this viewer.
LATE_S = 0.5
WINDOW_S = 3.0
#: Keeping up for so long is worth another try; each failed try doubles it.
RECOVER_S = 8.0
RECOVER_MAX_S = 240.0


class Ladder:
    """The level in force between the one that fits the speed and the coarsest.

    Parameters
    ----------
    level, top : int
        Level that fits the speed, coarsest level.
    pinned : bool
        The viewer asked for this level; it waits rather than getting another.
    """

    def __init__(self, level: int, top: int, *, pinned: bool) -> None:
        self.level = level
        self.pinned = pinned
        self._finest = level
        self._top = top
        self._late_s = 0.0
        self._last_s: float | None = None
        self._good_since_s: float | None = None
        self._recover_s = RECOVER_S

    def step(self, late_s: float, now_s: float) -> bool:
        """Count how late the chunk now due is, and return whether the level changed.

        Parameters
        ----------
        late_s : float
            By how much the playhead had to wait since the last step.
        now_s : float
            Monotonic clock.
        """
        if self.pinned:
            return False
        if self._last_s is not None:
            self._late_s *= max(0.0, 1 - (now_s - self._last_s) / WINDOW_S)
        self._last_s = now_s
        self._late_s += late_s
        if late_s > 0.02 or self._good_since_s is None:
            self._good_since_s = now_s
        if self._late_s > LATE_S and self.level < self._top:
            if self.level > self._finest or self._recover_s > RECOVER_S:
                self._recover_s = min(2 * self._recover_s, RECOVER_MAX_S)
            return self._move(self.level + 1, now_s)
        if self.level > self._finest and now_s - self._good_since_s > self._recover_s:
            self._recover_s = min(2 * self._recover_s, RECOVER_MAX_S)
            return self._move(self.level - 1, now_s)
        return False

    def _move(self, level: int, now_s: float) -> bool:
        self.level = level
        self._late_s = 0.0
        self._good_since_s = now_s
        return True
