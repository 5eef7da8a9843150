"""Boundary states: every item's value at the start of a range, so that a task starts with the right keyframe."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from synaptarium.jobs.plan import Plan
from synaptarium.schemas.errors import CorruptData
from synaptarium.schemas.sealing import Sealed, seal, unseal
from synaptarium.store import summaries
from synaptarium.store.database import Store

F32 = NDArray[np.float32]

NAME = "states"
PIECE_ITEMS = 2**20  # 4 MiB of float32, well below MongoDB's 16 MB a document


def write(store: Store, plan: Plan, stream: int, target: str, range_index: int, state: F32) -> None:
    """Store the state at the start of a range.

    Parameters
    ----------
    store, plan : Store, Plan
        Where, and for which build.
    stream, target : int, str
        Stream number; layer or projection.
    range_index : int
        The range that starts with this state.
    state : (n_items,) float32
        NaN = absent.
    """
    for piece, first in enumerate(range(0, len(state), PIECE_ITEMS)):
        sealed = seal(state[first : first + PIECE_ITEMS].tobytes())
        document = {"stored": sealed.stored, "checksum": sealed.checksum}
        summaries.write(store, plan.num, NAME, _key(plan, stream, target, range_index, piece), document)


def read(store: Store, plan: Plan, stream: int, target: str, range_index: int, items: int) -> F32:
    """Return the state at the start of a range: the nearest stored one, as nothing changed since.

    Raises
    ------
    CorruptData
        A piece that the plan names is missing or damaged.
    """
    stored = [index for index in plan.states.get(f"{stream}/{target}", ()) if index <= range_index]
    state = np.full(items, np.nan, np.float32)
    if not stored:
        return state
    for piece, first in enumerate(range(0, items, PIECE_ITEMS)):
        document = summaries.read(store, plan.num, NAME, _key(plan, stream, target, stored[-1], piece))
        if document is None:
            raise CorruptData(
                f"The state of {target!r} at range {stored[-1]} is missing.",
                hint="Precompute the recording again.",
            )
        part = np.frombuffer(unseal(Sealed(bytes(document["stored"]), int(document["checksum"]))), np.float32)
        state[first : first + len(part)] = part
    return state


def delete(store: Store, plan: Plan, stream: int, target: str, range_index: int, items: int) -> None:
    """Delete the state at the start of a range."""
    for piece in range(-(-items // PIECE_ITEMS)):
        summaries.delete(store, plan.num, NAME, _key(plan, stream, target, range_index, piece))


def _key(plan: Plan, stream: int, target: str, range_index: int, piece: int) -> str:
    return f"{plan.build}/{stream}/{target}/{range_index}/{piece}"
