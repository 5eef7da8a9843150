"""What one viewer is to be sent next: the plan's chunks in their order, without those that it has already.

Not locked: whoever owns it holds a lock around every call.
"""

from __future__ import annotations

import itertools
import math
from collections import deque
from collections.abc import Collection, Iterator

from synaptarium.schemas.chunk_key import ChunkKey
from synaptarium.server.stream.plan import Catalogue, Planned
from synaptarium.server.stream.travel import Route

#: Chunks that are remembered as sent: more than any page keeps.
MAX_SENT = 4096


class Agenda:
    """The chunks of a route, taken one after the other.

    Parameters
    ----------
    number : int
        Grows with every new plan, so that what was prepared for an older one is known as such.
    """

    def __init__(self) -> None:
        self.number = 0
        self._catalogue: Catalogue | None = None
        self._repeats = False
        self._plan: Iterator[Planned] | None = None
        self._queue: deque[Planned] = deque()
        self._sent: dict[ChunkKey, float] = {}

    @property
    def active(self) -> bool:
        """Whether there is a plan, even one that is at its end."""
        return self._plan is not None

    def plan(
        self,
        catalogue: Catalogue,
        route: Route,
        streams: Collection[str],
        level: int,
        *,
        only: Collection[str] = (),
    ) -> None:
        """Plan a route from its start; what was in hand for the old plan is dropped."""
        self.clear()
        self._catalogue = catalogue
        self._repeats = route.loop is not None  # every lap is sent again
        self._plan = catalogue.plan(route, streams, level, only=only)

    def renew(self, catalogue: Catalogue) -> None:
        """Judge by a newer manifest which chunks may still change."""
        self._catalogue = catalogue

    def clear(self) -> None:
        """Have nothing to send."""
        self.number += 1
        self._plan = None
        self._queue.clear()

    def finish(self) -> None:
        """Have nothing more to send; what is on its way remains valid."""
        self._plan = None
        self._queue.clear()

    def forget(self) -> None:
        """Take it that the viewer has nothing."""
        self._sent.clear()

    def first(self) -> Planned | None:
        """Return the next chunk to send, None at the end."""
        return next(iter(self.upcoming(1)), None)

    def upcoming(self, most: int) -> list[Planned]:
        """Return the next chunks to send, at most that many."""
        while len(self._queue) < most and (planned := self._take()) is not None:
            self._queue.append(planned)
        return list(itertools.islice(self._queue, most))

    def sent(self, key: ChunkKey) -> None:
        """Take the first chunk off: it was sent."""
        self._queue.popleft()
        if self._repeats:
            return
        # Planning anew from the playhead meets what was sent ahead of it.
        self._sent[key] = self.age_of(key)
        if len(self._sent) > MAX_SENT:
            self._sent.pop(next(iter(self._sent)))

    def skip(self) -> None:
        """Take the first chunk off without sending it."""
        if self._queue:
            self._queue.popleft()

    def age_of(self, key: ChunkKey) -> float:
        """Return the revision at which a chunk was written; infinite once it never changes again."""
        assert self._catalogue
        return self._catalogue.manifest.revision if self._catalogue.is_open(key) else math.inf

    def _take(self) -> Planned | None:
        while self._plan is not None:
            planned = next(self._plan, None)
            if planned is None or self._sent.get(planned.key, -1) < self.age_of(planned.key):
                return planned
        return None
