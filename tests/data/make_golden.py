"""Write the golden vectors: one small chunk of every codec and kind, with what it must decode to.

``python tests/data/make_golden.py`` rewrites tests/data/golden/. Python (tests/schemas/test_golden.py) and the
browser's decoder (static/src/workers) read the same files. A changed byte here is a changed format: raise
FORMAT_VERSION and say so in the change log.
"""

from __future__ import annotations

import base64
import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from synaptarium.schemas import chunks
from synaptarium.schemas.chunk_key import ChunkKey
from synaptarium.schemas.chunks import GroupFrames, SeriesFrames, SpikeFrames, ValueFrames
from synaptarium.schemas.quantised import Quantised
from synaptarium.schemas.sealing import seal

GOLDEN = Path(__file__).parent / "golden"


def spike_frames(
    n_frames: int, n_neurons: int, density: float, *, counts: int = 1, seed: int = 7
) -> SpikeFrames:
    """Return random frames whose every draw is a function of the seed alone."""
    # A multiplicative generator by hand: numpy does not promise the same streams for ever.
    state, bits = seed, np.zeros(n_frames * n_neurons, np.uint32)
    for place in range(len(bits)):
        state = (state * 48271) % 2147483647
        bits[place] = state
    busy = (bits < density * 2147483647).reshape(n_frames, n_neurons)
    ids = np.nonzero(busy)[1].astype(np.uint32)
    multiplicity = (
        (bits.reshape(n_frames, n_neurons)[busy] % counts + 1).astype(np.uint32) if counts > 1 else None
    )
    return SpikeFrames(96, n_neurons, busy.sum(axis=1, dtype=np.uint32), ids, multiplicity)


def vectors() -> dict[str, tuple[str, pa.Buffer, dict[str, Any]]]:
    """Return name -> (kind, payload, what it decodes to)."""
    made: dict[str, tuple[str, pa.Buffer, dict[str, Any]]] = {}
    spikes = {
        "spikes-gap16": spike_frames(8, 2000, 0.002),
        "spikes-gap8": spike_frames(6, 700, 0.01),
        "spikes-gap8-counts-u8": spike_frames(5, 90, 0.1, counts=4),
        "spikes-gap8-counts-u16": spike_frames(3, 90, 0.1, counts=4000),
        "spikes-bitmap": spike_frames(4, 37, 0.5),
        "spikes-one-neuron": spike_frames(9, 1, 0.4),
        "spikes-silent": SpikeFrames(0, 10, np.zeros(4, np.uint32), np.empty(0, np.uint32)),
        "spikes-escapes": SpikeFrames(
            1, 65536, np.array([3, 0, 2], np.uint32), np.array([0, 255, 65535, 510, 65534], np.uint32)
        ),
    }
    for name, frames in spikes.items():
        made[name] = (
            "spikes",
            chunks.encode_spikes(frames, level=1 if "counts" in name else 0),
            _plain(frames),
        )
    groups = GroupFrames(16, 130, np.array([[0, 3, 1], [300, 0, 2]], np.uint32))
    made["groups-u16"] = ("groups", chunks.encode_groups(groups, level=1), _plain(groups))
    values = ValueFrames(
        first_frame=32,
        keyframe=np.array([0.0, 0.5, np.nan, 1.0, 0.25], np.float32),
        n=np.array([2, 0, 1], np.uint32),
        ids=np.array([1, 4, 2], np.uint32),
        last=np.array([0.75, np.nan, 0.125], np.float32),
    )
    made["values-f32"] = ("values", chunks.encode_values(values, Quantised("f32"), level=0), _plain(values))
    step = Quantised("u16", 2.0**-15, -0.25)
    made["values-u16"] = ("values", chunks.encode_values(values, step, level=0), _plain(values))
    extremes = ValueFrames(
        first_frame=2,
        keyframe=np.array([-65.0, np.nan], np.float32),
        n=np.array([1, 2], np.uint32),
        ids=np.array([0, 0, 1], np.uint32),
        last=np.array([-60.0, -50.0, -70.0], np.float32),
        minimum=np.array([-66.0, -61.0, -70.0], np.float32),
        maximum=np.array([-60.0, -50.0, -69.0], np.float32),
    )
    millivolt = Quantised("u16", 2.0**-8, -100.0)
    made["values-extremes"] = ("values", chunks.encode_values(extremes, millivolt, level=1), _plain(extremes))
    series = SeriesFrames(0, np.array([0.0, 5.0, 2.0**40]))
    made["series-level0"] = ("series", chunks.encode_series(series, level=0), _plain(series))
    small = np.array([0, 1], np.uint32)
    upper = SeriesFrames(4, np.array([17.0, 3.0]), small, small + 4, small + 2)
    made["series-level1"] = ("series", chunks.encode_series(upper, level=1), _plain(upper))
    return made


def document(name: str) -> dict[str, Any]:
    """Return one golden file's content."""
    kind, payload, expected = vectors()[name]
    sealed = seal(payload)
    return {
        "kind": kind,
        "payload": base64.b64encode(payload.to_pybytes()).decode(),
        "stored": base64.b64encode(sealed.stored).decode(),
        "checksum": sealed.checksum,
        "expected": expected,
    }


def keys() -> list[dict[str, Any]]:
    """Return chunk keys and their bytes in hex."""
    made = [
        ChunkKey(1, 2, 3, 4, 5, 6),
        ChunkKey(0, 0, 0, 0, 0, 0),
        ChunkKey(2**32 - 1, 65535, 65535, 255, 2**32 - 1, 2**24 - 1),
    ]
    return [{"key": key._asdict(), "hex": key.pack().hex()} for key in made]


def _plain(frames: object) -> dict[str, Any]:
    plain: dict[str, Any] = {}
    for name, value in vars(frames).items():
        if isinstance(value, np.ndarray):
            value = [
                None if isinstance(number, float) and math.isnan(number) else number
                for number in value.reshape(-1).tolist()
            ]
        plain[name] = value
    return plain


def _write(path: Path, content: object) -> None:
    path.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    GOLDEN.mkdir(exist_ok=True)
    for each in vectors():
        _write(GOLDEN / f"{each}.json", document(each))
    _write(GOLDEN / "keys.json", keys())
