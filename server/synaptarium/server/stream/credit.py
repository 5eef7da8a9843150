"""Credit: how much a viewer may leave unacknowledged, so that what waits never waits in the library's queue."""

from __future__ import annotations

from collections import deque

from synaptarium.schemas.errors import InvalidInput


class Credit:
    """A window of chunks and bytes in flight.

    Sequence numbers run through the whole connection, whatever the epoch: a stale chunk was delivered too, and its
    acknowledgement frees its room.

    Parameters
    ----------
    max_chunks, max_bytes : int
        The window. One chunk may always be in flight, however large it is.

    Examples
    --------
    >>> credit = Credit(max_chunks=2, max_bytes=100)
    >>> credit.take(1000)
    1
    >>> credit.has_room(1)
    False
    >>> credit.acknowledge(1)
    1
    >>> credit.has_room(60)
    True
    """

    def __init__(self, *, max_chunks: int, max_bytes: int) -> None:
        self.max_chunks = max_chunks
        self.max_bytes = max_bytes
        self.bytes_in_flight = 0
        self.last_seq = 0
        self._mean_bytes = 0.0
        self._sizes: deque[int] = deque()  # of the chunks last_seq - len + 1 .. last_seq

    @property
    def chunks_in_flight(self) -> int:
        """Number of chunks sent and not acknowledged."""
        return len(self._sizes)

    def has_room(self, size_bytes: int) -> bool:
        """Tell whether a chunk of that size may be sent now."""
        if not self._sizes:
            return True
        return len(self._sizes) < self.max_chunks and self.bytes_in_flight + size_bytes <= self.max_bytes

    def fitting(self, most_chunks: int, most_bytes: int) -> int:
        """Return how many chunks of the usual size both bounds leave room for; at least 1."""
        if not self._mean_bytes:
            return 1
        return max(1, min(most_chunks, int(most_bytes / self._mean_bytes)))

    def expected_room(self, most_chunks: int, most_bytes: int) -> int:
        """Return how many chunks of the usual size the window has room for, at most those; at least 1."""
        free_chunks = self.max_chunks - len(self._sizes)
        free_bytes = self.max_bytes - self.bytes_in_flight
        return self.fitting(min(free_chunks, most_chunks), min(free_bytes, most_bytes))

    def take(self, size_bytes: int) -> int:
        """Count a chunk as sent and return its sequence number, the first being 1."""
        self._sizes.append(size_bytes)
        self.bytes_in_flight += size_bytes
        self._mean_bytes += (size_bytes - self._mean_bytes) / 4
        self.last_seq += 1
        return self.last_seq

    def acknowledge(self, seq: int) -> int:
        """Free everything up to ``seq`` and return how many chunks that were.

        Raises
        ------
        InvalidInput
            ``seq`` was never sent.
        """
        if seq > self.last_seq or seq < 0:
            raise InvalidInput(
                f"Chunk {seq} was acknowledged; the last one sent is {self.last_seq}.",
                hint="Acknowledge the largest seq of the chunks received.",
                where="ack.seq",
            )
        freed = max(0, seq - (self.last_seq - len(self._sizes)))
        for _ in range(freed):
            self.bytes_in_flight -= self._sizes.popleft()
        return freed
