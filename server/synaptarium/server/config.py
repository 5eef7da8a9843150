"""Every setting of the server in one table: flags, environment variables and docs derive from it."""

from __future__ import annotations

import argparse
import dataclasses
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from synaptarium.schemas.errors import InvalidInput


def _setting(
    default: Any, unit: str, help: str, *, low: float | None = None, high: float | None = None
) -> Any:
    return dataclasses.field(default=default, metadata={"unit": unit, "help": help, "low": low, "high": high})


@dataclasses.dataclass(frozen=True, kw_only=True)
class Config:
    """How one server runs. ``SYNAPTARIUM_<NAME>`` in the environment sets a field, a flag overrides it."""

    host: str = _setting(
        "127.0.0.1", "address", "address to listen on; anything but loopback needs the token"
    )
    port: int = _setting(8765, "port", "port to listen on; 0 takes a free one", low=0, high=65535)
    https: bool = _setting(
        False, "switch", "speak HTTPS with a certificate of our own: headsets in the network want it"
    )
    data: str = _setting("", "path", "data folder; empty for the platform's own")
    mongo_uri: str = _setting("", "uri", "a MongoDB to use instead of the private one")
    browser: str = _setting(
        "", "path", "Chromium, Chrome or Edge that makes videos; empty for the first that is found"
    )
    modules: str = _setting("", "path", "folder with further analysis modules, one file each")
    token: str = _setting("", "text", "token that clients must show; made at random where one is needed")
    viewer_token: str = _setting("", "text", "second token that may look but not change anything")
    presenter_token: str = _setting(
        "", "text", "third token that may also record sessions and lead shared ones"
    )
    allowed_hosts: str = _setting(
        "", "names", "further host names that the server answers to, with commas between"
    )
    allowed_origins: str = _setting(
        "", "origins", "further page origins that may use it, with commas between"
    )
    embed_from: str = _setting(
        "", "origins", "origins of pages that may show a view in a frame, with commas between; * for all"
    )
    window_chunks: int = _setting(
        32, "chunks", "chunks that a viewer may leave unacknowledged", low=1, high=1024
    )
    window_bytes: int = _setting(
        4 * 1024 * 1024, "bytes", "bytes that a viewer may leave unacknowledged", low=1
    )
    chunk_cache_bytes: int = _setting(
        64 * 1024 * 1024,
        "bytes",
        "chunks kept in memory for the next viewer who wants them; 0 for none",
        low=0,
    )
    look_ahead_s: float = _setting(
        2.0, "s", "how far ahead of the playhead chunks are sent", low=0.05, high=3600
    )
    stall_s: float = _setting(30.0, "s", "a viewer that acknowledges nothing for so long is let go", low=0.5)
    follow_ms: int = _setting(250, "ms", "how often an open recording is looked at", low=20)
    max_viewers: int = _setting(64, "viewers", "viewers that may be connected at once", low=1)

    def __post_init__(self) -> None:
        for field in dataclasses.fields(self):
            value, low, high = getattr(self, field.name), field.metadata["low"], field.metadata["high"]
            # Written so that what is no number fails too.
            if not ((low is None or value >= low) and (high is None or value <= high)):
                bounds = f"at least {low}" if high is None else f"{low} to {high}"
                unit = field.metadata["unit"]
                raise InvalidInput(
                    f"{field.name} is {value}.",
                    hint=f"It must be {bounds}{'' if unit == field.name else ' ' + unit}.",
                    where=field.name,
                )


_YES, _NO = ("1", "true", "yes", "on"), ("0", "false", "no", "off")


def variable(name: str) -> str:
    """Return the environment variable of a setting: ``look_ahead_s`` is ``SYNAPTARIUM_LOOK_AHEAD_S``."""
    return f"SYNAPTARIUM_{name.upper()}"


def load_config(given: Mapping[str, Any] | None = None, environ: Mapping[str, str] | None = None) -> Config:
    """Return the settings: defaults, then the environment, then what was given (None counts as not given).

    Raises
    ------
    InvalidInput
        A value that is not of the setting's type, or out of its bounds; names the variable or flag.
    """
    environ = os.environ if environ is None else environ
    values: dict[str, Any] = {}
    for field in dataclasses.fields(Config):
        kind = type(field.default)
        text = environ.get(variable(field.name), "")
        if text:
            values[field.name] = _parse(field.name, text, kind)
        wanted = None if given is None else given.get(field.name)
        if wanted is not None:
            values[field.name] = wanted
    return Config(**values)


def _parse(name: str, text: str, kind: type) -> Any:
    if kind is bool:
        word = text.strip().lower()
        if word in _YES or word in _NO:
            return word in _YES
        raise InvalidInput(
            f"{variable(name)} is {text!r}, which is neither yes nor no.",
            hint="Set it to 1 or 0, or unset it.",
            where=variable(name),
        )
    try:
        return kind(text)
    except ValueError as error:
        raise InvalidInput(
            f"{variable(name)} is {text!r}, which is no {kind.__name__}.",
            hint=f"Set it to a number such as {getattr(Config, name)}, or unset it.",
            where=variable(name),
        ) from error


def add_flags(parser: argparse.ArgumentParser, *names: str) -> None:
    """Add the flags of the named settings to a parser; defaults stay None so that the environment counts."""
    fields = {field.name: field for field in dataclasses.fields(Config)}
    for name in names:
        field = fields[name]
        if type(field.default) is bool:
            parser.add_argument(
                f"--{name.replace('_', '-')}",
                action="store_true",
                default=None,
                help=f"{field.metadata['help']} ({variable(name)})",
            )
            continue
        parser.add_argument(
            f"--{name.replace('_', '-')}",
            type=type(field.default),
            default=None,
            metavar=field.metadata["unit"].upper(),
            help=f"{field.metadata['help']} (default: {field.default or 'none'}; {variable(name)})",
        )


def data_folder(config: Config) -> Path | None:
    """Return the data folder that was asked for, or None for the library's own choice."""
    return Path(config.data).expanduser() if config.data else None
