"""What a module is: a title, parameters, the streams it needs, and a function from a window of time to panels."""

from __future__ import annotations

import dataclasses
import inspect
import sys
from collections.abc import Callable
from typing import Annotated, Any

import msgspec

from synaptarium.modules.reader import RecordingReader
from synaptarium.modules.selection import Selection
from synaptarium.schemas.messages import TimeWindow
from synaptarium.schemas.panels import Panels

#: Parameters that the page offers as a choice among what the recording has; empty lets the module choose.
LayerName = Annotated[str, msgspec.Meta(extra_json_schema={"choices": "layers"})]
ProjectionName = Annotated[str, msgspec.Meta(extra_json_schema={"choices": "projections"})]
VariableName = Annotated[str, msgspec.Meta(extra_json_schema={"choices": "variables"})]
ClassName = Annotated[str, msgspec.Meta(extra_json_schema={"choices": "classes"})]


def slider(low: float, high: float) -> msgspec.Meta:
    """Return what makes the page offer a number as a slider: ``Annotated[float, slider(0, 1)]``."""
    return msgspec.Meta(extra_json_schema={"slider": [low, high]})


Compute = Callable[[RecordingReader, TimeWindow, Selection, Any], Panels]


@dataclasses.dataclass(frozen=True)
class NoParams:
    """The parameters of a module that has none."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Module:
    """One analysis, the module-level object of its file.

    Parameters
    ----------
    compute : callable
        ``compute(reader, window, selection, params)`` returns panels. It lies in the module's own file, whose name
        is the module's name and the first line of whose docstring is the title.
    params : type
        A frozen dataclass; names carry units, ``__post_init__`` checks bounds and raises InvalidInput.
    needs : tuple of str
        Streams without which there is nothing to show.
    order : int
        Place in the dock, smaller first.
    playhead : bool
        True where the answer depends on the playhead, ``window.now_us``: the page then asks again when it moves.
    picks : bool
        True where the panels are of the selected neurons: the page then offers to add neurons by id and to take them away.
    stimuli : bool
        True where everything it tells comes from ``presentations``, ``spikes_in``, ``states_in`` or ``counts_in_window``:
        those count only the stimuli that ``window.stimuli`` names.
    """

    compute: Compute
    params: type = NoParams
    needs: tuple[str, ...] = ()
    order: int = 100
    playhead: bool = False
    picks: bool = False
    stimuli: bool = False

    @property
    def name(self) -> str:
        """Name of the file without its ending."""
        return self.compute.__module__.rpartition(".")[2]

    @property
    def title(self) -> str:
        """First line of the file's docstring, without the full stop."""
        text = inspect.getdoc(sys.modules[self.compute.__module__]) or self.name
        return text.strip().splitlines()[0].rstrip(".")

    @property
    def file(self) -> str:
        """Where it lies."""
        return inspect.getfile(self.compute)
