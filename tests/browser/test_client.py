"""The page in real Chromium against the real server: what it shows is what was recorded, by whichever lane it came."""

from __future__ import annotations

import base64
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from numpy.typing import NDArray
from playwright.sync_api import Page, expect

from synaptarium.adapters.arrays import arrays_source
from synaptarium.jobs.build import precompute
from synaptarium.schemas.recording import Header, Layer, Source
from synaptarium.server.app import serving
from synaptarium.server.config import Config
from synaptarium.server.library import Library, open_library
from synaptarium.store import closing, open_runs, recordings
from synaptarium.store.importing import import_source

pytestmark = pytest.mark.browser

Until = Callable[..., dict[str, Any]]
SPAN_S = 20.0
EYE, BRAIN, SYNAPSES = 64, 100, 640


@dataclass(frozen=True)
class Truth:
    """What was recorded: spikes as (frame, global index) rows, weight changes as (frame, synapse, value) rows."""

    spikes: NDArray[np.int64]
    changes: list[tuple[int, int, float]]

    def spikes_of(self, frame: int) -> list[int]:
        """Return who spikes in a frame, ascending."""
        return sorted({int(neuron) for f, neuron in self.spikes if f == frame})

    def weights_at(self, frame: int) -> list[float]:
        """Replay every change up to and including a frame."""
        weights = np.full(SYNAPSES, np.nan)
        for f, synapse, value in self.changes:
            if f <= frame:
                weights[synapse] = value
        return weights.tolist()


@dataclass(frozen=True)
class Served:
    """A running server, its library and what its recording holds."""

    url: str
    library: Library
    truth: Truth


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A served library with one recording of 164 neurons, 20 s, whose contents are known."""
    random = np.random.default_rng(7)
    n = 20_000
    frame = np.sort(random.integers(0, int(SPAN_S * 1000) - 1, n))
    neuron = random.integers(0, EYE + BRAIN, n)
    eye = neuron < EYE
    change_frames = np.repeat(np.arange(0, int(SPAN_S * 1000), 500), 64)
    synapses = np.concatenate([random.permutation(SYNAPSES)[:64] for _ in range(len(change_frames) // 64)])
    values = random.normal(size=len(change_frames)).astype(np.float32)
    first = np.zeros(SYNAPSES, np.int64)
    source = arrays_source(
        "seen",
        time_unit="ms",
        bin_us=1000,
        layers=[
            {"name": "eye", "neurons": EYE, "shape": (8, 8)},
            {"name": "brain", "neurons": BRAIN, "shape": (10, 10)},
        ],
        spikes={"eye": (frame[eye], neuron[eye]), "brain": (frame[~eye], neuron[~eye] - EYE)},
        projections=[
            {
                "source": "eye",
                "target": "brain",
                "pre": np.arange(SYNAPSES) % EYE,
                "post": np.arange(SYNAPSES) % BRAIN,
            }
        ],
        weights={
            "eye -> brain": {
                "times": np.concatenate([first, change_frames + 1]),
                "synapses": np.concatenate([np.arange(SYNAPSES), synapses]),
                "values": np.concatenate([np.zeros(SYNAPSES, np.float32), values]),
            }
        },
        stimuli={
            "t_start": np.arange(0, 20_000, 500),
            "t_stop": np.arange(500, 20_500, 500),
            "labels": [str(number % 10) for number in range(40)],
        },
    )
    changes = [(0, synapse, 0.0) for synapse in range(SYNAPSES)]
    changes += [
        (int(f) + 1, int(s), float(v)) for f, s, v in zip(change_frames, synapses, values, strict=True)
    ]
    truth = Truth(np.stack([frame, neuron], axis=1), changes)
    data = tmp_path_factory.mktemp("client")
    with (
        open_library(data, purpose="serve") as library,
        serving(library, Config(port=0)) as (app, server),
    ):
        import_source(library.store, source)
        precompute(library.store, "seen", engine="local")
        yield Served(app.url(server.port, "").rstrip("/"), library, truth)


def open_view(page: Page, served: Served, recording: str = "seen", query: str = "t=0") -> None:
    """Open a recording and wait until the scene is there."""
    page.goto(f"{served.url}/view/{recording}?{query}")
    page.evaluate("window.synaptarium.ready")


def state(page: Page) -> dict[str, Any]:
    """Return what the page says of itself."""
    found: dict[str, Any] = page.evaluate("window.synaptarium.state()")
    return found


def brightness(page: Page, neuron: int) -> float:
    """Return the mean of the pixels around a neuron."""
    x, y = page.evaluate(
        """neuron => {
          const box = document.querySelector('.scene-host').getBoundingClientRect();
          const at = window.synaptarium.project(neuron);
          return [box.left + at.x, box.top + at.y];
        }""",
        neuron,
    )
    shot = page.screenshot(clip={"x": x - 2, "y": y - 2, "width": 5, "height": 5})
    pixels = page.evaluate(
        """async base64 => {
          const bitmap = await createImageBitmap(await (await fetch(`data:image/png;base64,${base64}`)).blob());
          const pen = new OffscreenCanvas(bitmap.width, bitmap.height).getContext('2d');
          pen.drawImage(bitmap, 0, 0);
          return [...pen.getImageData(0, 0, bitmap.width, bitmap.height).data];
        }""",
        base64.b64encode(shot).decode(),
    )
    return float(np.reshape(pixels, (-1, 4))[:, :3].mean())


def test_seek_anywhere_shows_the_recorded_spikes(page: Page, served: Served, wait_until: Until) -> None:
    open_view(page, served)
    for frame in (0, 1, 4095, 4096, 9999, 16384, 19998):
        page.evaluate("t => window.synaptarium.seek(t)", frame * 1000 + 400)
        wait_until(lambda found: found["frameLoaded"])
        assert page.evaluate("window.synaptarium.spikesNow()") == served.truth.spikes_of(frame), frame


def test_seek_gives_the_weights_of_a_replay(page: Page, served: Served) -> None:
    open_view(page, served)
    page.wait_for_timeout(500)
    for frame in (0, 12_345, 700, 19_501, 19_502, 10_000):
        page.evaluate("t => window.synaptarium.seek(t)", frame * 1000)
        for _ in range(200):
            values = page.evaluate("window.synaptarium.valuesNow('weights', 'eye -> brain')")
            if values is not None:
                break
            page.wait_for_timeout(20)
        # Half a step of the quantisation: 65,534 steps over a range of about eight.
        np.testing.assert_allclose(values, served.truth.weights_at(frame), atol=1e-4)


def test_playing_frames_come_over_the_stream(page: Page, served: Served, wait_until: Until) -> None:
    open_view(page, served, query="t=2&speed=1")
    before = wait_until(lambda found: found["frameLoaded"] and found["connected"])
    page.evaluate("window.synaptarium.play()")
    after = wait_until(lambda found: found["t_us"] > 4e6)
    assert after["framesOverStream"] > before["framesOverStream"]
    assert after["framesDrawn"] > before["framesDrawn"]
    assert after["drawnSpikes"] > before["drawnSpikes"]
    assert after["worker"]["corrupt"] == 0


def test_reverse_runs_back_and_faster_takes_a_coarser_level(
    page: Page, served: Served, wait_until: Until
) -> None:
    open_view(page, served, query="t=10&speed=-1")
    page.evaluate("window.synaptarium.play()")
    found = wait_until(lambda found: found["t_us"] < 9e6)
    assert found["level"] == 0
    page.evaluate("window.synaptarium.setSpeed(8)")
    found = wait_until(lambda found: found["t_us"] > 12e6)
    assert found["level"] == 1


def test_scrubbing_shows_the_frame_soon(page: Page, served: Served) -> None:
    """The promise is 100 ms; software rendering on a busy machine gets five times as much."""
    open_view(page, served)
    page.wait_for_timeout(1000)
    times_ms = page.evaluate(
        """async () => {
          const times = [];
          for (let i = 0; i < 25; i++) {
            const start = performance.now();
            window.synaptarium.seek(((i * 7.31e6) % 19.9e6));
            while (window.synaptarium.spikesNow() === null) await new Promise((next) => setTimeout(next, 1));
            times.push(performance.now() - start);
            await new Promise((next) => setTimeout(next, 20));
          }
          return times;
        }"""
    )
    assert np.median(times_ms) < 500, times_ms


def test_a_spike_lights_its_neuron(page: Page, served: Served) -> None:
    open_view(page, served)
    page.wait_for_timeout(1500)
    spikes = served.truth.spikes
    # A neuron that was silent for 600 ms, then spikes.
    frame, neuron = next(
        (int(f), int(n))
        for f, n in spikes[spikes[:, 0] > 2000]
        if not np.any((spikes[:, 1] == n) & (spikes[:, 0] < f) & (spikes[:, 0] > f - 600))
    )
    page.evaluate("t => window.synaptarium.seek(t)", (frame - 1) * 1000)
    page.wait_for_timeout(700)
    dark = brightness(page, neuron)
    page.evaluate("t => window.synaptarium.seek(t)", frame * 1000)
    page.wait_for_timeout(700)
    assert brightness(page, neuron) > dark + 20


def test_a_click_selects_a_neuron_and_tells_what_it_does(
    page: Page, served: Served, wait_until: Until
) -> None:
    open_view(page, served, query="t=5")
    page.wait_for_timeout(1500)
    neuron = EYE + 37
    x, y = page.evaluate(
        """neuron => {
          const box = document.querySelector('.scene-host').getBoundingClientRect();
          const at = window.synaptarium.project(neuron);
          return [box.left + at.x, box.top + at.y];
        }""",
        neuron,
    )
    page.mouse.click(x, y)
    found = wait_until(lambda found: bool(found["selection"]))
    assert found["selection"] == [{"layer": "brain", "neuron": 37}]
    spikes = served.truth.spikes
    n = np.sum((spikes[:, 1] == neuron) & (spikes[:, 0] > 5000 - 1000) & (spikes[:, 0] <= 5000))
    expect(page.get_by_test_id("detail")).to_contain_text("brain 37")
    expect(page.get_by_test_id("detail")).to_contain_text(f"{n:.1f} Hz")
    page.keyboard.press("Escape")
    assert state(page)["selection"] == []


def test_keys_and_the_address_say_the_same(page: Page, served: Served) -> None:
    open_view(page, served, query="t=5")
    page.keyboard.press(".")
    assert state(page)["t_us"] == 5_001_000
    page.keyboard.press(",")
    page.keyboard.press("c")
    page.wait_for_timeout(600)
    assert "t=5&" in page.url and "colour=rate" in page.url
    page.keyboard.press("Space")
    assert state(page)["playing"]
    page.keyboard.press("k")
    assert not state(page)["playing"]
    page.reload()
    page.evaluate("window.synaptarium.ready")
    assert state(page)["colour"] == "rate"


def test_the_general_panel_draws_activity(page: Page, served: Served) -> None:
    open_view(page, served)
    expect(page.locator("[data-panel=spikes] canvas")).to_be_visible()
    found = state(page)
    assert {"spikes", "weights", "information", "topology"} <= set(found["panels"])


def test_nothing_overlaps_at_1280x720(page: Page, served: Served) -> None:
    open_view(page, served)
    boxes = [page.locator(name).bounding_box() for name in (".top", ".side", ".stage", ".dock", ".transport")]
    for at, a in enumerate(boxes):
        for b in boxes[at + 1 :]:
            assert a and b
            apart = (
                a["x"] + a["width"] <= b["x"] + 0.5
                or b["x"] + b["width"] <= a["x"] + 0.5
                or a["y"] + a["height"] <= b["y"] + 0.5
                or b["y"] + b["height"] <= a["y"] + 0.5
            )
            assert apart, (a, b)
    stage = boxes[2]
    assert stage and stage["width"] * stage["height"] >= 0.5 * 1280 * 720


def test_the_page_follows_an_open_recording(page: Page, served: Served, wait_until: Until) -> None:
    store = served.library.store
    header = Header(
        name="growing",
        bin_us=1000,
        t_start_us=0,
        t_stop_us=1000,
        layers=(Layer(name="eye", neurons=100, shape=(10, 10), offset=0),),
        source=Source(format="arrays"),
    )
    recordings.create(store, header, id="growing", status="open")
    stop = threading.Event()

    def record() -> None:
        random = np.random.default_rng(1)
        last_ms = 0
        start = time.monotonic()
        while not stop.wait(0.2):
            now_ms = int((time.monotonic() - start) * 1000)
            n = 2 * (now_ms - last_ms)
            columns = {
                "time_us": pa.array(np.sort(random.integers(last_ms, now_ms, n)) * 1000),
                "neuron": pa.array(random.integers(0, 100, n).astype(np.uint32)),
                "count": pa.array(np.ones(n, np.uint16)),
            }
            open_runs.append(store, "growing", "spikes", "", pa.record_batch(columns))
            last_ms = now_ms

    recorder = threading.Thread(target=record)
    recorder.start()
    try:
        deadline = time.monotonic() + 20
        while recordings.get(store, "growing").build is None and time.monotonic() < deadline:
            time.sleep(0.1)
        open_view(page, served, "growing", "t=0&speed=1")
        page.evaluate("window.synaptarium.seek(1e12); window.synaptarium.play()")
        first = wait_until(lambda found: found["t_us"] > 0 and found["frameLoaded"])
        expect(page.locator(".badge.live")).to_be_visible()
        after = wait_until(lambda found: found["t_us"] > first["t_us"] + 3e6)
        assert after["t_stop_us"] > first["t_stop_us"]
        assert after["framesOverStream"] > first["framesOverStream"]
        assert after["drawnSpikes"] > first["drawnSpikes"]
        expect(page.locator("[data-panel=spikes] canvas")).to_be_visible()
    finally:
        stop.set()
        recorder.join()
    closing.close(store, "growing")
    wait_until(lambda found: not found["open"])
    expect(page.locator(".badge.live")).to_be_hidden()


def test_a_recording_deleted_while_it_is_watched_is_told(
    page: Page, served: Served, wait_until: Until
) -> None:
    source = arrays_source(
        "short-lived",
        bin_us=1000,
        layers=[{"name": "eye", "neurons": 4}],
        spikes={"eye": ([0, 500_000], [1, 2])},
    )
    import_source(served.library.store, source)
    precompute(served.library.store, "short-lived", engine="local")
    open_view(page, served, "short-lived")
    wait_until(lambda found: found["connected"])
    page.evaluate("fetch('/api/recordings/short-lived', { method: 'DELETE' })")
    expect(page.locator(".gone")).to_contain_text("deleted")


def test_home_lists_precomputes_and_deletes(page: Page, served: Served) -> None:
    source = arrays_source(
        "fresh", bin_us=1000, layers=[{"name": "eye", "neurons": 4}], spikes={"eye": ([0, 500_000], [1, 2])}
    )
    import_source(served.library.store, source)
    page.goto(f"{served.url}/")
    card = page.locator("[data-recording=fresh]")
    expect(card).to_contain_text("not precomputed")
    card.get_by_role("button", name="Precompute").click()
    expect(card).to_contain_text("ready", timeout=30_000)
    card.get_by_role("button", name="Delete fresh").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(card).to_have_count(0)
    assert "fresh" not in {found.id for found in recordings.all_recordings(served.library.store)}


def test_a_recording_that_does_not_exist_is_told(page: Page, served: Served) -> None:
    page.goto(f"{served.url}/view/nothing")
    expect(page.get_by_role("alert")).to_contain_text("There is no recording 'nothing'")
