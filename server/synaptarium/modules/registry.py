"""Finds the modules: in this package, behind the entry points ``synaptarium.modules``, and in a folder of the user."""

from __future__ import annotations

import importlib
import importlib.metadata
import importlib.util
import logging
import pkgutil
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import msgspec

import synaptarium.modules as package
from synaptarium.modules.base import Module, Selection
from synaptarium.modules.reader import RecordingReader
from synaptarium.schemas.errors import InvalidInput, ModuleNotFound, StoreUnavailable, error_body
from synaptarium.schemas.messages import ModuleInfo, TimeWindow
from synaptarium.schemas.panels import AnyPanel, Column, Failure, PanelAnswer
from synaptarium.schemas.view_state import Neurons

log = logging.getLogger("synaptarium.modules")

ENTRY_POINTS = "synaptarium.modules"


class Registry:
    """All modules by name.

    Parameters
    ----------
    folder : Path or None
        Further modules of the user, one file each.

    Raises
    ------
    InvalidInput
        Two modules have the same name; both files are named.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self._modules: dict[str, tuple[Module, str]] = {}
        self._broken: dict[str, Exception] = {}
        for info in pkgutil.iter_modules(package.__path__):
            self._take(importlib.import_module(f"{package.__name__}.{info.name}"), "built in")
        for point in importlib.metadata.entry_points(group=ENTRY_POINTS):
            self._try(point.name, point.load, f"package {point.dist.name if point.dist else point.value}")
        if folder is not None:
            self._folder(folder)

    def infos(self) -> list[ModuleInfo]:
        """Return what the page needs to know of every module, in the order of the dock."""
        ordered = sorted(self._modules.values(), key=lambda found: (found[0].order, found[0].title))
        infos = [
            ModuleInfo(
                name=module.name,
                title=module.title,
                source=source,
                params=_schema(module),
                playhead=module.playhead,
                picks=module.picks,
                stimuli=module.stimuli,
            )
            for module, source in ordered
        ]
        return infos + [
            ModuleInfo(name=name, title=f"{name} (failed)", source=str(error), params={})
            for name, error in self._broken.items()
        ]

    def get(self, name: str) -> Module:
        """Return a module; raises ModuleNotFound."""
        if name in self._broken:
            raise InvalidInput(
                f"The module {name!r} cannot be loaded: {self._broken[name]}.",
                hint="Mend its file, then restart.",
            )
        if name not in self._modules:
            raise ModuleNotFound(
                f"There is no module {name[:80]!r}.",
                hint="Modules: " + ", ".join(sorted(self._modules)),
                where="name",
            )
        return self._modules[name][0]

    def __iter__(self) -> Iterator[Module]:
        return (module for module, _ in self._modules.values())

    def _folder(self, folder: Path) -> None:
        if not folder.is_dir():
            raise InvalidInput(
                f"There is no folder {folder}.", hint="--modules names a folder of Python files."
            )
        for file in sorted(folder.glob("*.py")):
            if not file.stem.startswith("_"):
                self._try(file.stem, lambda file=file: _load(file), str(file))

    def _try(self, name: str, load: Any, source: str) -> None:
        try:
            found = load()
        except Exception as error:
            # Somebody else's module; ours go on.
            log.exception("the module %s cannot be loaded", name)
            self._broken[name] = error
            return
        self._take(found, source)

    def _take(self, found: ModuleType | Module, source: str) -> None:
        modules = (
            [found]
            if isinstance(found, Module)
            else [v for v in vars(found).values() if isinstance(v, Module)]
        )
        for module in modules:
            known = self._modules.get(module.name)
            if known:
                raise InvalidInput(
                    f"Two modules are named {module.name!r}: {known[0].file} and {module.file}.",
                    hint="Rename one of the files.",
                )
            self._modules[module.name] = (module, source)


def _load(file: Path) -> ModuleType:
    name = f"synaptarium_user_modules.{file.stem}"
    spec = importlib.util.spec_from_file_location(name, file)
    if spec is None or spec.loader is None:
        raise ImportError(f"{file} is no Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


def _schema(module: Module) -> dict[str, Any]:
    schema = msgspec.json.schema(module.params)
    # One flat object: the page makes a form of it.
    return schema["$defs"][module.params.__name__] if "$defs" in schema else schema


def answer_of(
    module: Module, reader: RecordingReader, window: TimeWindow, selection: Neurons, params: dict[str, Any]
) -> tuple[PanelAnswer, dict[str, Column]]:
    """Return a module's answer; whatever goes wrong in it becomes its error card.

    Raises
    ------
    StoreUnavailable
        That is nobody's module's fault: the page shows it once, not in every panel.
    """
    try:
        selected = Selection.read(selection, reader.recording)
        found = module.compute(reader, window, selected, _params(module, params))
        panels, columns = tuple(_told(panel, reader.subset.words) for panel in found.panels), found.columns
    except StoreUnavailable:
        raise
    except Exception as error:
        log.info("the module %s failed", module.name, exc_info=error)
        body = error_body(error)
        if body.code == "internal":
            body = msgspec.structs.replace(
                body, message=f"{type(error).__name__}: {error}", where=module.file
            )
        panels, columns = (Failure(id="failure", title=module.title, error=body),), {}
    answer = PanelAnswer(
        module=module.name, t_start_us=window.t_start_us, t_stop_us=window.t_stop_us, panels=panels
    )
    return answer, columns


def _told(panel: AnyPanel, words: str) -> AnyPanel:
    """Say in the subtitle which stimuli were counted, where not all were."""
    if not words:
        return panel
    return msgspec.structs.replace(panel, subtitle=f"{panel.subtitle}; {words}" if panel.subtitle else words)


def _params(module: Module, given: dict[str, Any]) -> Any:
    known = set(
        msgspec.json.schema(module.params)
        .get("$defs", {})
        .get(module.params.__name__, {})
        .get("properties", {})
    )
    foreign = set(given) - known
    if foreign:
        raise InvalidInput(
            f"The module {module.name!r} has no parameter {sorted(foreign)[0]!r}.",
            hint="Its parameters: " + (", ".join(sorted(known)) or "none"),
            where="params",
        )
    try:
        return msgspec.convert(given, module.params)
    except msgspec.ValidationError as error:
        raise InvalidInput(
            f"{error}.", hint="GET /api/modules describes the parameters.", where="params"
        ) from error
