"""What describes a folder of columns: its files, ``header.json``, a file's own metadata, and the options."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
import pyarrow as pa

from synaptarium.adapters.column_file import SUFFIXES, ColumnFile
from synaptarium.adapters.layer_list import layer_list
from synaptarium.adapters.times import whole_us
from synaptarium.schemas.errors import ForeignFile, InvalidInput

STEMS = ("spikes", "neurons", "synapses", "weights", "potentials", "stimuli", "images", "metrics")
OPTIONS = ("time", "time_unit", "neuron", "layer", "layers", "bin_us", "t_start_us", "t_stop_us")
#: Key of a file's own metadata that names layers, as :class:`LayerEntry` in JSON.
METADATA_KEY = b"synaptarium.layers"
#: Whole numbers of microseconds: options, fields of the header, and keys of a file's metadata after ``synaptarium.``.
NUMBERS = ("bin_us", "t_start_us", "t_stop_us")


class LayerEntry(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A layer as a header describes it: a name with a shape or a number of neurons."""

    name: str
    shape: tuple[int, ...] = ()
    neurons: int | None = None
    cell_type: str = ""

    def sides(self) -> tuple[int, ...]:
        """Return the shape; raises InvalidInput where it and the number of neurons disagree."""
        shape = self.shape or (self.neurons or 0,)
        if min(shape) < 1 or (self.neurons is not None and math.prod(shape) != self.neurons):
            raise InvalidInput(
                f"Layer {self.name!r} has the shape {self.shape} and {self.neurons} neurons.",
                hint='Give "shape": [28, 28] or "neurons": 784.',
                where="header.json",
            )
        return shape


class ProjectionEntry(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A projection as a header describes it."""

    source: str
    target: str
    name: str = ""
    learning_rule: str = ""

    @property
    def named(self) -> str:
        return self.name or f"{self.source} -> {self.target}"


class VariableEntry(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A recorded variable as a header describes it: for one layer, or for all where ``layer`` is empty."""

    variable: str = "v"
    layer: str = ""
    unit: str = "1"
    sampling_period_us: int | None = None


class Description(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``header.json``: all of it optional."""

    name: str = ""
    bin_us: int | None = None
    t_start_us: int = 0
    t_stop_us: int | None = None
    layers: tuple[LayerEntry, ...] = ()
    projections: tuple[ProjectionEntry, ...] = ()
    potentials: tuple[VariableEntry, ...] = ()
    classes: tuple[str, ...] = ()
    labels_method: str = ""
    image_shape: tuple[int, int] | None = None

    def variable(self, variable: str, layer: str) -> VariableEntry | None:
        """Return what is said of a variable of a layer."""
        fitting = [one for one in self.potentials if one.variable == variable and one.layer in (layer, "")]
        return max(fitting, key=lambda one: bool(one.layer), default=None)


def files_of(path: Path) -> dict[str, Path]:
    """Return the files of a recording by their stems; raises ForeignFile where there are no spikes."""
    if path.is_file():
        return {"spikes": path}
    found: dict[str, Path] = {}
    for stem in STEMS:
        given = [file for suffix in SUFFIXES if (file := path / f"{stem}{suffix}").is_file()]
        if len(given) > 1:
            raise InvalidInput(
                f"{str(path)!r} has both {given[0].name} and {given[1].name}.",
                hint="Keep one of them.",
                where=str(path),
            )
        if given:
            found[stem] = given[0]
    if "spikes" not in found:
        raise ForeignFile(
            f"{str(path)!r} has no file spikes.parquet, spikes.arrow, spikes.feather or spikes.csv.",
            hint="A folder of columns holds one; see docs/importing-columns.md.",
            where=str(path),
        )
    return found


def description_of(path: Path, options: Mapping[str, str], schema: pa.Schema) -> Description:
    """Return what the options, ``header.json`` and the metadata of the file of spikes say, the first of them that does.

    Parameters
    ----------
    path : Path
        The file of spikes, or the folder.
    options : mapping of str to str
        Of the adapter.
    schema : pyarrow.Schema
        Of the file of spikes.

    Raises
    ------
    InvalidInput
        One of them cannot be read.
    """
    metadata = schema.metadata or {}
    found: dict[str, Any] = {
        name: whole_us(f"synaptarium.{name}", metadata[key].decode(errors="replace"))
        for name in NUMBERS
        if (key := f"synaptarium.{name}".encode()) in metadata
    }
    file = path / "header.json"
    if path.is_dir() and file.is_file():
        try:
            found |= msgspec.json.decode(file.read_bytes(), type=dict[str, Any])
            msgspec.convert(found, Description)
        except msgspec.MsgspecError as error:
            raise InvalidInput(
                f"header.json of {str(path)!r} cannot be read: {error}.",
                hint="docs/importing-columns.md says what may stand in it.",
                where=str(file),
            ) from error
    found |= {name: whole_us(name, options[name]) for name in NUMBERS if name in options}
    return msgspec.convert(found, Description)


def layer_entries(
    described: Description, spikes: ColumnFile, options: Mapping[str, str]
) -> tuple[LayerEntry, ...]:
    """Return the layers that an option, the header or the file of spikes names; none where none does."""
    if "layers" in options:
        return tuple(LayerEntry(name=one.name, shape=one.shape) for one in layer_list(options["layers"]))
    return described.layers or _in_metadata(spikes.schema, str(spikes.path))


def _in_metadata(schema: pa.Schema, where: str) -> tuple[LayerEntry, ...]:
    text = (schema.metadata or {}).get(METADATA_KEY)
    if text is None:
        return ()
    try:
        return tuple(msgspec.json.decode(text, type=list[LayerEntry]))
    except msgspec.MsgspecError as error:
        raise InvalidInput(
            f"The metadata {METADATA_KEY.decode()!r} cannot be read: {error}.",
            hint='It is JSON: [{"name": "exc", "shape": [20, 20]}].',
            where=where,
        ) from error
