"""The address of a Spark master, checked before anything is started: Spark itself tries for a minute."""

from __future__ import annotations

import re
import socket

from synaptarium.schemas.errors import InvalidInput, MissingDependency

TIMEOUT_S = 3.0
_KNOWN = re.compile(r"local(\[[^\]]+\])?|yarn|k8s://.+|spark://[^:/,]+:\d+(,[^:/,]+:\d+)*")


def check_master(master: str) -> None:
    """Check that a Spark master can be meant by an address and, where we can ask it, that it answers.

    Parameters
    ----------
    master : str
        ``local[*]``, ``spark://host:port``, ``yarn`` or ``k8s://...``.

    Raises
    ------
    InvalidInput
        No such address.
    MissingDependency
        Nobody answers at any host of ``spark://``.
    """
    if not _KNOWN.fullmatch(master):
        raise InvalidInput(
            f"{master!r} is no Spark master.",
            hint="Give spark://host:port, yarn, k8s://host:port or local[*].",
            where="master",
        )
    if not master.startswith("spark://"):
        return
    said = ""
    for place in master.removeprefix("spark://").split(","):
        host, _, port = place.rpartition(":")
        try:
            socket.create_connection((host, int(port)), TIMEOUT_S).close()
        except (OSError, OverflowError) as error:
            said = (error.strerror if isinstance(error, OSError) else None) or str(error)
        else:
            return
    raise no_answer(master, said)


def no_answer(master: str, said: str) -> MissingDependency:
    """Return the error of a master that does not answer, with what was found in its place."""
    return MissingDependency(
        f"No Spark master answers at {master}: {said}.",
        hint="Check that it runs and the address; without --master, Spark runs on this machine.",
        where="master",
    )
