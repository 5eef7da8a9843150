"""The example notebook executed by Jupyter's own kernel, and the file that it saves drawn with the network off."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Browser, Page

from synaptarium.adapters.arrays import arrays_source
from synaptarium.client import Client
from synaptarium.jobs.build import precompute
from synaptarium.scenes.excerpt import excerpt
from synaptarium.schemas.errors import InvalidInput, InvalidTime
from synaptarium.server.library import Library
from synaptarium.store.importing import import_source

pytestmark = pytest.mark.browser
EXAMPLE = Path(__file__).parents[2] / "examples" / "notebook.ipynb"

#: A notebook's client has an event loop of its own, as Playwright has: it gets a process of its own.
EXECUTE = """
import sys, warnings
warnings.simplefilter("ignore")
import nbclient, nbformat
notebook = nbformat.read(sys.argv[1], as_version=4)
nbclient.NotebookClient(notebook, timeout=60).execute()
nbformat.write(notebook, "executed.ipynb")
"""
#: The brightest channel of each pixel of a PNG, as base64 bytes, with its width.
LIGHT = """async (png) => {
  const bitmap = await createImageBitmap(await (await fetch('data:image/png;base64,' + png)).blob());
  const canvas = new OffscreenCanvas(bitmap.width, bitmap.height);
  const context = canvas.getContext('2d');
  context.drawImage(bitmap, 0, 0);
  const { data } = context.getImageData(0, 0, bitmap.width, bitmap.height);
  let text = '';
  for (let i = 0; i < data.length; i += 4) text += String.fromCharCode(Math.max(data[i], data[i + 1], data[i + 2]));
  return [bitmap.width, btoa(text)];
}"""
#: Moves the slider to a time, as a hand would through its model.
MOVE = """async (ms) => {
  for (const model of await Promise.all(window.synaptarium.manager.models.values())) {
    if (model.name === 'IntSliderModel' && model.get('description') === 'ms') model.set('value', ms);
  }
}"""


@pytest.fixture(scope="module")
def url(shelf: tuple[str, Library]) -> str:
    """A recording named as the demo's: neuron 0 spikes at 0.5 s, neuron 35 at 1.5 s; two weights are not 0 at the start."""
    address, library = shelf
    weights = np.zeros((2, 36 * 4))
    weights[0, 5], weights[0, 70], weights[1] = 1.0, -0.5, 0.3
    source = arrays_source(
        "digits",
        bin_us=1000,
        layers=[{"name": "eye", "shape": (6, 6)}, {"name": "out", "neurons": 4}],
        projections=[{"source": "eye", "target": "out", "name": "eye->out"}],
        spikes={"eye": ([500_000, 1_500_000], [0, 35])},
        weights={"eye->out": ([0, 2_000_000], weights)},
        t_stop_us=3_000_000,
    )
    precompute(library.store, import_source(library.store, source).id, engine="local")
    return address


@pytest.fixture(scope="module")
def saved(url: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder in which the example was executed."""
    folder = tmp_path_factory.mktemp("notebook")
    environment = os.environ | {
        "SYNAPTARIUM_URL": url,
        "IPYTHONDIR": str(folder),
        "JUPYTER_PLATFORM_DIRS": "1",
    }
    done = subprocess.run(
        [sys.executable, "-c", EXECUTE, str(EXAMPLE)],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return folder


def test_notebook_shows_the_view(saved: Path) -> None:
    cells = json.loads((saved / "executed.ipynb").read_text())["cells"]
    shown = [output["data"] for cell in cells for output in cell.get("outputs", ())]

    assert any("digits" in "".join(data.get("text/plain", "")) for data in shown)
    assert any("application/vnd.jupyter.widget-view+json" in data for data in shown)


def test_saved_file_moves_with_the_network_off(page: Page, browser: Browser, saved: Path) -> None:
    context = browser.new_context(offline=True)
    decoder = context.new_page()
    asked: list[str] = []
    page.context.set_offline(True)
    page.on("request", lambda request: asked.append(request.url.split(":")[0]))
    page.goto((saved / "digits-view.html").as_uri())
    page.evaluate("window.synaptarium.ready")
    page.wait_for_timeout(300)

    def light(ms: int) -> np.ndarray:
        page.evaluate(MOVE, ms)
        page.wait_for_timeout(250)
        png = base64.b64encode(page.locator("canvas").first.screenshot()).decode()
        width, pixels = decoder.evaluate(LIGHT, png)
        return np.frombuffer(base64.b64decode(pixels), np.uint8).reshape(-1, width).astype(int)

    rest, first, between, second = (light(ms) for ms in (100, 501, 1200, 1501))
    assert (first - rest).max() > 60 and (second - rest).max() > 60
    assert np.abs(between - rest).max() < 20
    places = [np.array(np.unravel_index((one - rest).argmax(), rest.shape)) for one in (first, second)]
    assert np.abs(places[0] - places[1]).max() > 20
    assert set(asked) <= {"file", "data", "blob"}

    before = page.locator(".widget-readout").first.inner_text()
    page.locator("button:has(.fa-play)").click()
    page.wait_for_timeout(600)
    page.locator("button:has(.fa-pause), button:has(.fa-stop)").first.click()
    assert page.locator(".widget-readout").first.inner_text() != before
    context.close()


def test_excerpt_reads_spikes_and_the_strongest_synapses(url: str) -> None:
    found = excerpt("digits", Client(url), t_start_us=400_000, t_stop_us=1_600_000, synapses=2)

    assert found.spikes.neurons.tolist() == [0, 35]
    assert found.spikes.time_us.tolist() == [500_000, 1_500_000] and found.spikes.frame_us == 1000
    assert found.segments[0].weights == pytest.approx([1.0, -0.5], abs=1e-3)
    assert excerpt("digits", Client(url), t_start_us=2_500_000).segments[0].weights == pytest.approx(
        np.full(144, 0.3), abs=1e-3
    )
    assert not len(excerpt("digits", Client(url), t_start_us=2_500_000).spikes.neurons)


def test_excerpt_says_what_cannot_be_shown(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(InvalidTime, match="Nothing of 'digits' lies between 4 s"):
        excerpt("digits", Client(url), t_start_us=4_000_000)
    with pytest.raises(InvalidInput, match="-1 synapses"):
        excerpt("digits", Client(url), synapses=-1)
    with pytest.raises(InvalidInput, match="The recording is a Client"):
        excerpt(Client(url), "digits")  # type: ignore[arg-type]
    monkeypatch.setattr("synaptarium.scenes.excerpt.MOST_SPIKES", 1)
    with pytest.raises(InvalidInput, match="more than 1 frames"):
        excerpt("digits", Client(url))
