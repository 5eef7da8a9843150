"""The manifest of a build: what a client needs to address every chunk, and nothing that it could work out."""

from __future__ import annotations

import base64
from typing import Literal

import msgspec
import numpy as np
from numpy.typing import NDArray

from synaptarium.schemas.recording import Accounting

#: Bins per frame grow by this factor from level to level.
LEVEL_FACTOR = 16
#: The top level is the first whose whole run fits into this many frames.
TOP_LEVEL_FRAMES = 4096
#: Levels that hold every neuron and synapse; above them there are groups and series only.
EXACT_LEVELS = 3

StreamKind = Literal["spikes", "groups", "values", "series"]
StreamOf = Literal["spikes", "weights", "potentials"]

SPIKES, SPIKE_GROUPS, SPIKE_SERIES, WEIGHTS, WEIGHT_SERIES, FIRST_POTENTIAL = range(6)


class Level(msgspec.Struct, frozen=True, kw_only=True):
    """One time level: ``bins`` level-0 bins a frame, ``frames`` frames in the run."""

    level: int
    bins: int
    frames: int


class Tile(msgspec.Struct, frozen=True, kw_only=True):
    """Consecutive neurons of one layer or synapses of one projection.

    Parameters
    ----------
    tile : int
        Number, through the whole recording, layers first.
    kind : {"layer", "projection"}
        What is tiled.
    name : str
        Its layer or projection.
    first, n : int
        First id and number of ids, at most 65,536.
    """

    tile: int
    kind: Literal["layer", "projection"]
    name: str
    first: int
    n: int


class Stream(msgspec.Struct, frozen=True, kw_only=True):
    """One stream of chunks.

    Parameters
    ----------
    stream : int
        Number in chunk keys.
    name : str
        ``"spikes"``, ``"spikes.groups"``, ``"spikes.series"``, ``"weights"``, ``"weights.series"``,
        ``"<variable>"``, ``"<variable>.series"``.
    kind : {"spikes", "groups", "values", "series"}
        Payload kind.
    of : {"spikes", "weights", "potentials"}
        What happens in it.
    unit : str
        Of values; ``"1"`` where dimensionless.
    """

    stream: int
    name: str
    kind: StreamKind
    of: StreamOf
    unit: str = "1"


class Quantisation(msgspec.Struct, frozen=True, kw_only=True):
    """How a target's values are stored, and how far a stored value may lie from the true one."""

    dtype: Literal["u16", "f32"]
    scale: float
    offset: float
    max_error: float


class Grid(msgspec.Struct, frozen=True, kw_only=True):
    """The chunks of one stream at one level for one layer or projection.

    Parameters
    ----------
    stream, level : int
        Which stream, which level.
    target : str
        Layer or projection.
    k : int
        A chunk holds 2**k frames; chunk number = frame >> k.
    tiles : tuple of int
        Tile numbers, in order; a series has the first tile only.
    presence : tuple of str
        Per tile, base64 of a bitmap: bit c (least significant first) says that chunk c is stored.
    quantisation : Quantisation or None
        For values.
    """

    stream: int
    level: int
    target: str
    k: int
    tiles: tuple[int, ...]
    presence: tuple[str, ...]
    quantisation: Quantisation | None = None


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that addresses the chunks of one build.

    Parameters
    ----------
    recording : str
        Recording id.
    num : int
        Its number in chunk keys.
    build, revision : int
        Build, and the revision of the recording that it covers.
    open : bool
        True while the run goes on: chunks that reach beyond ``closed_us`` may still change.
    bin_us, t_start_us, t_stop_us, closed_us : int
        Microseconds.
    levels, tiles, streams, grids : tuple
        Tables.
    accounting : tuple of Accounting
        What the build reduced.
    """

    recording: str
    num: int
    build: int
    revision: int
    open: bool
    bin_us: int
    t_start_us: int
    t_stop_us: int
    closed_us: int
    levels: tuple[Level, ...]
    tiles: tuple[Tile, ...]
    streams: tuple[Stream, ...]
    grids: tuple[Grid, ...]
    accounting: tuple[Accounting, ...] = ()


def pack_presence(present: NDArray[np.bool_]) -> str:
    """Return a presence bitmap, bit c least significant first, in base64.

    Examples
    --------
    >>> pack_presence(np.array([True, False, True]))
    'BQ=='
    """
    return base64.b64encode(np.packbits(present, bitorder="little").tobytes()).decode()


def unpack_presence(text: str, n_chunks: int) -> NDArray[np.bool_]:
    """Return the presence of the first ``n_chunks`` chunks as booleans."""
    bits = np.unpackbits(np.frombuffer(base64.b64decode(text), np.uint8), bitorder="little")
    present = np.zeros(n_chunks, np.bool_)
    present[: min(n_chunks, len(bits))] = bits[:n_chunks].astype(np.bool_)
    return present


def levels_of(frames: int) -> tuple[Level, ...]:
    """Return the levels of a run of that many bins: up to the first that fits into 4,096 frames, at least 0 to 2.

    Examples
    --------
    >>> [level.frames for level in levels_of(30000)]
    [30000, 1875, 118]
    """
    levels: list[Level] = []
    bins = 1
    while True:
        levels.append(Level(level=len(levels), bins=bins, frames=-(-frames // bins)))
        if len(levels) >= EXACT_LEVELS and levels[-1].frames <= TOP_LEVEL_FRAMES:
            return tuple(levels)
        bins *= LEVEL_FACTOR
