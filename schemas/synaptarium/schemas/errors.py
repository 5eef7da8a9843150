"""Every error that Synaptarium raises on purpose, and the one shape in which users see it.

::

    SynaptariumError
      InvalidInput (400)         what was given cannot be used
        ForeignFile              not one of the formats that we read
        TruncatedFile            one of our formats, cut short
        InvalidTime              negative, not a number, outside the span
        UnknownLayer             a layer or projection that the recording does not have
        NeuronOutOfRange         a neuron or synapse id beyond its layer or projection
      Unauthorized (401)         no token, or a wrong one
      Forbidden (403)            the role, the Host or the Origin does not allow it
      NotFound (404)
        RecordingNotFound
        BuildNotFound            not precomputed yet
        ChunkNotFound
        ModuleNotFound
        SessionNotFound
        SharedSessionNotFound    it is over
      Conflict (409)
        RecordingExists
        RecordingBusy            another job holds the recording
        DataFolderInUse          another process holds the data folder
        PortInUse
      Cancelled (409)            the user stopped it
      CorruptData (500)          stored bytes that fail their checksum or their format
      MissingDependency (500)    MongoDB, Java, a package
      BrowserFailed (500)        the browser that makes a video did not start, or went away
      StoreUnavailable (503)     MongoDB does not answer

A message says what was asked and what was found; the hint says what to do.
"""

from __future__ import annotations

import msgspec


class ErrorBody(msgspec.Struct, frozen=True, kw_only=True):
    """The JSON shape of every error: over HTTP, on the socket and in ``--json`` output.

    Parameters
    ----------
    code : str
        Stable name for programs, the class name in snake case (``recording_not_found``).
    message : str
        One sentence: what was asked, what was found.
    hint : str
        What to do about it; empty where nothing helps.
    where : str
        The file, field, route or event that it concerns; may be empty.
    """

    code: str
    message: str
    hint: str = ""
    where: str = ""


class SynaptariumError(Exception):
    """Base of all expected errors.

    Parameters
    ----------
    message : str
        What was asked and what was found.
    hint, where : str
        See :class:`ErrorBody`.
    """

    code = "internal"
    http_status = 500

    def __init__(self, message: str, *, hint: str = "", where: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.where = where

    def __reduce__(self) -> tuple[object, ...]:
        # Keyword-only fields do not survive the default reduction, and Spark sends errors between processes.
        return _restore, (type(self), self.message, self.hint, self.where)


def _restore(kind: type[SynaptariumError], message: str, hint: str, where: str) -> SynaptariumError:
    return kind(message, hint=hint, where=where)


class InvalidInput(SynaptariumError):
    code, http_status = "invalid_input", 400


class ForeignFile(InvalidInput):
    code = "foreign_file"


class TruncatedFile(InvalidInput):
    code = "truncated_file"


class InvalidTime(InvalidInput):
    code = "invalid_time"


class UnknownLayer(InvalidInput):
    code = "unknown_layer"


class NeuronOutOfRange(InvalidInput):
    code = "neuron_out_of_range"


class Unauthorized(SynaptariumError):
    code, http_status = "unauthorized", 401


class Forbidden(SynaptariumError):
    code, http_status = "forbidden", 403


class NotFound(SynaptariumError):
    code, http_status = "not_found", 404


class RecordingNotFound(NotFound):
    code = "recording_not_found"


class BuildNotFound(NotFound):
    code = "build_not_found"


class ChunkNotFound(NotFound):
    code = "chunk_not_found"


class ModuleNotFound(NotFound):
    code = "module_not_found"


class SessionNotFound(NotFound):
    code = "session_not_found"


class SharedSessionNotFound(NotFound):
    code = "shared_session_not_found"


class Conflict(SynaptariumError):
    code, http_status = "conflict", 409


class RecordingExists(Conflict):
    code = "recording_exists"


class RecordingBusy(Conflict):
    code = "recording_busy"


class DataFolderInUse(Conflict):
    code = "data_folder_in_use"


class PortInUse(Conflict):
    code = "port_in_use"


class Cancelled(SynaptariumError):
    code, http_status = "cancelled", 409


class CorruptData(SynaptariumError):
    code = "corrupt_data"


class MissingDependency(SynaptariumError):
    code = "missing_dependency"


class BrowserFailed(SynaptariumError):
    code = "browser_failed"


class StoreUnavailable(SynaptariumError):
    code, http_status = "store_unavailable", 503


class Internal(SynaptariumError):
    """Our own fault: shown to the user without the traceback, which goes to the log."""


def error_body(error: BaseException) -> ErrorBody:
    """Return the JSON shape of an error; unexpected ones become ``internal`` without their text.

    Parameters
    ----------
    error : BaseException
        Any exception.

    Returns
    -------
    ErrorBody
        Fields of a :class:`SynaptariumError`, or a general sentence for anything else.
    """
    if isinstance(error, SynaptariumError):
        return ErrorBody(code=error.code, message=error.message, hint=error.hint, where=error.where)
    return ErrorBody(
        code="internal",
        message="Something went wrong inside Synaptarium.",
        hint="The server's log has the details.",
    )
