"""What was left out of the events that a run or a job has appended, batch by batch, in the recording's accounting."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from synaptarium.schemas.recording import Accounting


def add_losses(
    known: tuple[Accounting, ...], more: Iterable[Accounting], *, stored: int
) -> tuple[Accounting, ...]:
    """Return the accounting of a recording that took in another batch of one stream.

    Parameters
    ----------
    known : tuple of Accounting
        Of the recording.
    more : iterable of Accounting
        What was kept of the batch and why not all of it, each kind of loss once; also where nothing was lost, for there may be
        an earlier loss.
    stored : int
        Rows of the stream that the recording holds by now, for the first loss of it.

    Examples
    --------
    >>> lost = Accounting(what="values of v", kept=1, total=3, why="The others are not numbers.")
    >>> once = add_losses((), [lost], stored=10)
    >>> [(one.kept, one.total) for one in (*once, *add_losses(once, [lost], stored=11))]
    [(10, 12), (11, 15)]
    """
    found = list(known)
    for batch in more:
        place = _place(found, batch)
        if place is not None:
            one = found[place]
            found[place] = msgspec.structs.replace(
                one, kept=one.kept + batch.kept, total=one.total + batch.total
            )
        elif batch.kept < batch.total:
            found.append(msgspec.structs.replace(batch, kept=stored, total=stored + batch.total - batch.kept))
    return tuple(found)


def sum_losses(losses: Iterable[Accounting]) -> list[Accounting]:
    """Return what several batches lost together, each kind of loss once."""
    found: list[Accounting] = []
    for one in losses:
        place = _place(found, one)
        if place is None:
            found.append(one)
        else:
            kept, total = found[place].kept + one.kept, found[place].total + one.total
            found[place] = msgspec.structs.replace(one, kept=kept, total=total)
    return found


def recount_losses(known: tuple[Accounting, ...], stored: Iterable[Accounting]) -> tuple[Accounting, ...]:
    """Return the accounting of a recording whose stored events were counted anew: as much was lost, of what there is.

    Parameters
    ----------
    known : tuple of Accounting
        Of the recording.
    stored : iterable of Accounting
        Of all its stored events, of which none is left out a second time.
    """
    found = list(known)
    for whole in stored:
        place = _place(found, whole)
        if place is not None:
            one = found[place]
            found[place] = msgspec.structs.replace(
                one, kept=whole.kept, total=whole.kept + one.total - one.kept
            )
    return tuple(found)


def _place(found: list[Accounting], wanted: Accounting) -> int | None:
    matching = (place for place, one in enumerate(found) if (one.what, one.why) == (wanted.what, wanted.why))
    return next(matching, None)
