"""The part of a build that a file needs, what it answers, and how large it may be; frames in other pages."""

from __future__ import annotations

import base64
import gzip
import re
from collections.abc import Iterator
from pathlib import Path

import msgspec
import numpy as np
import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st

from synaptarium.adapters.arrays import arrays_source
from synaptarium.jobs.build import precompute
from synaptarium.schemas.errors import InvalidInput, InvalidTime
from synaptarium.schemas.manifest import (
    Grid,
    Manifest,
    Stream,
    Tile,
    levels_of,
    pack_presence,
    unpack_presence,
)
from synaptarium.schemas.offline import OfflineIndex
from synaptarium.server.app import serving
from synaptarium.server.cli import main
from synaptarium.server.config import Config
from synaptarium.server.library import open_library
from synaptarium.server.offline import page
from synaptarium.server.offline.part import part_of
from synaptarium.server.security import embed_policy
from synaptarium.store.importing import import_source


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    """A server, and its data folder, with a recording of 2 s with an odd name, weights and stimuli."""
    data = tmp_path_factory.mktemp("offline")
    with open_library(data, purpose="serve") as library, serving(library, Config(port=0)) as (app, server):
        rng = np.random.default_rng(1)
        source = arrays_source(
            "offline",
            bin_us=1000,
            layers=[{"name": "eye </script><!--", "neurons": 30}, {"name": "out, 2", "neurons": 3}],
            projections=[{"source": "eye </script><!--", "target": "out, 2", "name": "a/b ->"}],
            spikes={
                "eye </script><!--": (np.sort(rng.integers(0, 2_000_000, 500)), rng.integers(0, 30, 500))
            },
            weights={"a/b ->": ([0, 900_000], np.stack([np.zeros(90), np.ones(90)]))},
            stimuli={"t_start": [0, 1_000_000], "t_stop": [800_000, 1_500_000], "labels": ["a", "b"]},
            t_stop_us=2_000_000,
        )
        precompute(library.store, import_source(library.store, source).id, engine="local")
        yield app.url(server.port, "").rstrip("/"), data


def carried(html: str) -> dict[tuple[str, str], bytes]:
    """What a file holds, by path and query."""
    assert html.count("</script") == 3  # names cannot end a script
    found = re.search(r'id="held-index">(.*?)</script>.*?id="held-data">(.*?)</script>', html, re.DOTALL)
    assert found
    index = msgspec.json.decode(found[1], type=OfflineIndex)
    data = base64.b64decode(found[2])
    held: dict[tuple[str, str], bytes] = {}
    for one in index.answers:
        raw = data[one.at : one.at + one.bytes]
        query = "&".join(f"{name}={value}" for name, value in sorted((one.query or {}).items()))
        held[one.path, query] = gzip.decompress(raw) if one.encoding == "gzip" else raw
    return held


def test_file_answers_as_the_server_does(served: tuple[str, Path]) -> None:
    url, _ = served
    body = {"t_start_us": 1_100_000, "t_stop_us": 1_200_000}
    answer = requests.post(f"{url}/api/recordings/offline/offline", json=body, timeout=60)
    held = carried(answer.text)

    assert answer.headers["content-type"] == "application/octet-stream"
    base = "/api/recordings/offline"
    own = {f"{base}/manifest", f"{base}/stimuli", f"{base}/overview"}
    chunks = 0
    for (path, query), content in held.items():
        if path in own:
            continue
        headers = {"Accept-Encoding": "zstd"} if "/chunks/" in path else {}
        chunks += bool(headers)
        with requests.get(
            f"{url}{requests.utils.quote(path)}?{query}", headers=headers, stream=True, timeout=20
        ) as found:
            assert found.raw.read() == content, path
    assert chunks > 3
    assert (f"{base}/scene", "layout=auto") in held and (f"{base}/projections/a/b ->/synapses", "") in held
    size = requests.get(f"{url}{base}/offline?t_start_us=1100000&t_stop_us=1200000", timeout=20).json()
    assert 0.5 < len(answer.content) / size["bytes"] < 1.1


def test_command_writes_the_file_and_says_what_would_fit(
    served: tuple[str, Path],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    _, data = served
    command = ["export", "offline", "--html", str(tmp_path / "x.html"), "--data", str(data)]
    assert main([*command, "--from", "0.5", "--to", "1"]) == 0
    said = capsys.readouterr().out
    assert "0.5 to 1 s of 'offline': at most" in said and "opens from the disk" in said
    assert carried((tmp_path / "x.html").read_text())

    assert main([*command, "--from", "3"]) == 1
    assert "It runs from 0 s to 2 s" in capsys.readouterr().err
    monkeypatch.setattr(page, "MOST_BYTES", 1_000_000)
    assert main(command) == 1
    assert re.search(r"2 s would have up to \d MB.*\n.*about [\d.]+ s may fit", capsys.readouterr().err)


@given(
    present=st.lists(st.booleans(), min_size=40, max_size=40),
    k=st.integers(0, 3),
    first=st.integers(0, 299),
    length=st.integers(1, 60),
    values=st.booleans(),
)
def test_part_holds_what_every_frame_needs_and_no_more(
    present: list[bool], k: int, first: int, length: int, values: bool
) -> None:
    n_frames = 300
    stored = np.zeros(-(-n_frames // 2**k), bool)
    stored[: len(present)] = present[: len(stored)]
    manifest = Manifest(
        recording="x", num=1, build=1, revision=1, open=False, bin_us=50_000, t_start_us=7, t_stop_us=7 + n_frames * 50_000,
        closed_us=0, levels=levels_of(n_frames), tiles=(Tile(tile=0, kind="layer", name="a", first=0, n=9),),
        streams=(Stream(stream=0, name="s", kind="values" if values else "spikes", of="spikes"),),
        grids=(Grid(stream=0, level=0, target="a", k=k, tiles=(0,), presence=(pack_presence(stored),)),),
    )  # fmt: skip
    start_us = 7 + first * 50_000
    part = part_of(manifest, start_us, start_us + length * 50_000)

    kept = unpack_presence(part.manifest.grids[0].presence[0], len(stored))
    glow = 2_000_000 // 50_000  # frames before the part whose spikes may still be seen
    frames = range(max(0, first - glow), min(n_frames, first + length))
    needed = {frame >> k for frame in frames if stored[frame >> k]}
    before = [chunk for chunk in np.flatnonzero(stored) if chunk < frames[0] >> k]
    if values and before:
        needed.add(before[-1])
    assert set(np.flatnonzero(kept)) == needed == {key.chunk for key in part.keys}
    with pytest.raises(InvalidTime):
        part_of(manifest, manifest.t_stop_us, None)


def test_policy_names_the_pages_that_may_frame_a_view(served: tuple[str, Path]) -> None:
    url, _ = served
    assert (
        "frame-ancestors 'self'; "
        in requests.get(f"{url}/embed/offline", timeout=20).headers["content-security-policy"]
    )
    policy = embed_policy(Config(embed_from="https://lab.example.org, http://localhost:8888"))
    assert "frame-ancestors 'self' https://lab.example.org http://localhost:8888;" in policy
    assert "frame-ancestors 'self' *;" in embed_policy(Config(embed_from="*"))


@pytest.mark.parametrize(
    "origin",
    ["lab.example.org", "https://lab.example.org/x", "javascript:x", "https://a b", "https://x;script-src *"],
)
def test_what_is_no_origin_is_refused(origin: str) -> None:
    with pytest.raises(InvalidInput, match="is no origin"):
        embed_policy(Config(embed_from=origin))
