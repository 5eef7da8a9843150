"""How finely summary tables follow time, and how they are cut into pages: bounded by what the recording itself holds.

A table should be a small part of the build, and what lies between a window's edge and the next boundary should be little
to read. So a layer gets a row per quarter of a million spikes, at least 128 and at most 512, but no more numbers than a
quarter of its spikes (by class: than its spikes); a projection a row per half a change of all its weights, at most 512.
"""

from __future__ import annotations

import msgspec

from synaptarium.kernels.fan_in import QUANTILES
from synaptarium.schemas.chunks import TILE_ITEMS
from synaptarium.schemas.manifest import Tile
from synaptarium.schemas.recording import Accounting, Header, Recording, n_frames
from synaptarium.schemas.tables import TableGrid, TableName

#: About a quarter of a MiB of chunks between two boundaries.
SPIKES_PER_ROW = 2**18
MIN_ROWS, MAX_ROWS = 128, 512
#: Numbers that a layer's table may always have, however few spikes there are: 1 MiB before compression.
MIN_CELLS = 2**20
#: One task counts all neurons and classes of a range in one array, 256 MiB of int64.
MAX_CLASS_CELLS = 2**25
MAX_CLASSES = 4096

#: Rows of a projection's tables. All its weights are sorted for each, 20 ns a synapse: about a tenth of what a build of
#: twice as many changes takes; what may always be sorted takes a second or two.
MAX_WEIGHT_ROWS = 512
MIN_SORTED = 2**26
MAX_SYNAPSES = 2**26
MAX_NEURON_ROWS = 2**20
#: Bins of a projection's histogram; a postsynaptic neuron's has half as many, each two of them.
HISTOGRAM_BINS, NEURON_BINS = 64, 32

#: Numbers in one page, where it holds several rows, and in one row of a page.
PAGE_CELLS, ROW_CELLS = 2**16, 2**18
#: Items of a page that is read for one neuron over time as well as for all neurons at one moment.
NEURON_BLOCK, HISTOGRAM_BLOCK, BLOCK_ROWS = 256, 128, 32

WEIGHT_COLUMNS = (
    "n",
    "changes",
    "mean",
    "std",
    "min",
    "max",
    *(f"q{round(share * 100):02}" for share in QUANTILES),
)


class TablePlan(msgspec.Struct, frozen=True, kw_only=True):
    """The summary tables of a build.

    Parameters
    ----------
    grids : tuple of TableGrid
        Without the sizes of pages.
    classes : tuple of str
        Classes of stimuli.
    absent : tuple of Accounting
        What is left out, and why.
    """

    grids: tuple[TableGrid, ...] = ()
    classes: tuple[str, ...] = ()
    absent: tuple[Accounting, ...] = ()


def plan_tables(
    recording: Recording,
    tiles: tuple[Tile, ...],
    *,
    classes: tuple[str, ...],
    extremes: dict[str, tuple[float, float]],
    listed: frozenset[str],
) -> TablePlan:
    """Choose the tables of a recording, their intervals and their pages.

    Parameters
    ----------
    recording : Recording
        Its header and counts.
    tiles : tuple of Tile
        Of the build.
    classes : tuple of str
        Classes of the stimuli; empty where they have none.
    extremes : dict of str to (float, float)
        Smallest and largest finite weight of each projection with weight events.
    listed : frozenset of str
        Projections whose postsynaptic neurons are known.
    """
    header, counts = recording.header, recording.counts
    frames = n_frames(header)
    first = {(tile.kind, tile.name): tile.tile for tile in reversed(tiles)}
    grids: list[TableGrid] = []
    absent: list[Accounting] = []
    n_all = sum(layer.neurons for layer in header.layers)
    with_classes = bool(classes) and len(classes) <= MAX_CLASSES and n_all * len(classes) <= MAX_CLASS_CELLS
    for layer in header.layers:
        n_spikes = counts.spikes.get(layer.name, 0)
        wanted: tuple[tuple[TableName, int], ...] = (("spikes", 1), ("classes", len(classes)))
        for table, values in wanted:
            if n_spikes and (table == "spikes" or with_classes):
                rows = spike_rows(n_spikes, layer.neurons, values)
                block = max(1, min(TILE_ITEMS, 1 << (ROW_CELLS // values).bit_length() - 1))
                grids.append(
                    _grid(
                        table,
                        layer.name,
                        first["layer", layer.name],
                        frames,
                        rows,
                        layer.neurons,
                        values,
                        block,
                    )
                )
    if classes and not with_classes:
        absent.append(_class_limit(header, classes))
    if classes:
        rows = max(1, min(MAX_ROWS, ROW_CELLS // len(classes)))
        grids.append(_grid("stimuli", "", 0, frames, rows, len(classes), 1, len(classes)))
    for projection in header.projections:
        n_changes = counts.weights.get(projection.name, 0)
        if not n_changes or not projection.synapses:
            continue
        if projection.synapses > MAX_SYNAPSES:
            absent.append(_synapse_limit(projection.name, projection.synapses))
            continue
        n_post = projection.target_neurons
        rows = weight_rows(n_changes, projection.synapses, n_post)
        edges = _edges(*extremes.get(projection.name, (0.0, 1.0)))
        number = first["projection", projection.name]
        name = projection.name
        grids.append(_grid("weights", name, number, frames, rows, 1, 1, 1))
        grids.append(_grid("weights.histogram", name, number, frames, rows, 1, HISTOGRAM_BINS, 1, edges))
        if name not in listed:
            absent.append(_unlisted(name))
            continue
        grids.append(_grid("weights.neurons", name, number, frames, rows, n_post, 1, NEURON_BLOCK))
        each: TableName = "weights.neurons.histogram"
        grids.append(
            _grid(each, name, number, frames, rows, n_post, NEURON_BINS, HISTOGRAM_BLOCK, edges[::2])
        )
    return TablePlan(grids=tuple(grids), classes=classes, absent=tuple(absent))


def spike_rows(n_spikes: int, n_neurons: int, n_classes: int = 1) -> int:
    """Return the most rows that a layer's table should have.

    Parameters
    ----------
    n_spikes, n_neurons : int
        Of the layer.
    n_classes : int
        Numbers per neuron: of more than one most are 0 or small, so four times as many take about as many bytes.

    Examples
    --------
    >>> spike_rows(10**8, 100_000), spike_rows(10**8, 10**6), spike_rows(1000, 100), spike_rows(10**8, 100_000, 10)
    (250, 25, 128, 100)
    """
    wanted = min(MAX_ROWS, max(MIN_ROWS, n_spikes // SPIKES_PER_ROW))
    cells = max(MIN_CELLS, n_spikes if n_classes > 1 else n_spikes // 4)
    return max(1, min(wanted, cells // (n_neurons * n_classes)))


def weight_rows(n_changes: int, n_synapses: int, n_post: int) -> int:
    """Return the most rows that a projection's tables should have.

    Examples
    --------
    >>> weight_rows(10**8, 784 * 900, 900)
    283
    """
    wanted = max(MIN_SORTED, 2 * n_changes) // n_synapses
    return max(1, min(MAX_WEIGHT_ROWS, wanted, MAX_NEURON_ROWS // max(1, n_post)))


def interval_bins(frames: int, rows: int) -> int:
    """Return the shortest interval, a power of two of bins, that gives at most so many rows.

    Examples
    --------
    >>> interval_bins(1000, 128)
    8
    """
    return 1 << (-(-frames // rows) - 1).bit_length()


def _grid(
    table: TableName,
    target: str,
    number: int,
    frames: int,
    rows: int,
    items: int,
    values: int,
    block: int,
    edges: tuple[float, ...] | None = None,
) -> TableGrid:
    bins = interval_bins(frames, rows)
    n_rows = -(-frames // bins)
    block = min(block, items)
    if table.startswith("weights.neurons"):
        page_rows = BLOCK_ROWS * max(1, (HISTOGRAM_BLOCK if values > 1 else NEURON_BLOCK) // block)
    else:
        page_rows = max(1, PAGE_CELLS // (block * values))
    return TableGrid(
        table=table,
        target=target,
        number=number,
        interval_bins=bins,
        n_rows=n_rows,
        items=items,
        values=values,
        block_items=block,
        page_rows=min(page_rows, n_rows),
        edges=edges,
    )


def _edges(low: float, high: float) -> tuple[float, ...]:
    if not low < high:
        low, high = (low - 0.5, low + 0.5) if low == high else (0.0, 1.0)
    width = (high - low) / HISTOGRAM_BINS
    return (*(low + place * width for place in range(HISTOGRAM_BINS)), high)


def _class_limit(header: Header, classes: tuple[str, ...]) -> Accounting:
    n = sum(layer.neurons for layer in header.layers)
    why = (
        f"{n:,} neurons times {len(classes):,} classes are too many to count each pair at every boundary "
        f"(at most {MAX_CLASSES:,} classes and {MAX_CLASS_CELLS:,} pairs); windows are counted from the frames"
    )
    return Accounting(what="summary tables of spikes by class", kept=0, total=len(header.layers), why=why)


def _synapse_limit(name: str, synapses: int) -> Accounting:
    why = f"{name} has {synapses:,} synapses; at most {MAX_SYNAPSES:,} are sorted at every boundary"
    return Accounting(what=f"summary tables of the weights of {name}", kept=0, total=1, why=why)


def _unlisted(name: str) -> Accounting:
    why = f"the recording does not say which neurons the synapses of {name} lead to"
    return Accounting(
        what=f"summary tables of the weights onto each neuron of {name}", kept=0, total=1, why=why
    )
