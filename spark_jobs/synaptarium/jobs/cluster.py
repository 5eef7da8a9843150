"""A Spark that is a cluster: what its site says of it, whether its executors come, and what its failures mean."""

from __future__ import annotations

import importlib.metadata
import os
import re
import time
from collections.abc import Callable, Mapping
from itertools import takewhile
from pathlib import Path

from pyspark import SparkContext

from synaptarium.schemas.errors import Internal, InvalidInput, MissingDependency, SynaptariumError
from synaptarium.store.database import without_password

#: How long a job without any executor waits: a standalone master gives them at once, a queue may take its time.
STANDALONE_WAIT_S = 60.0
QUEUE_WAIT_S = 900.0
#: Executors of a standalone master register within this long of each other.
GATHER_S = 0.5
#: What decides the bytes of a chunk: executors that have others would write other chunks.
PACKAGES = ("synaptarium", "pyarrow", "zstandard", "numpy")

_GONE = re.compile(
    r"All masters are unresponsive|Master removed our application|SparkContext was shut down|"
    r"cancelled because SparkContext|stopped SparkContext|ApplicationMaster .*exited"
)
_PYTHON_HINT = (
    "Install the same synaptarium for the Python of every worker and name that Python in PYSPARK_PYTHON, or ship an "
    "environment with spark.archives; docs/cluster.md shows both."
)


def site_settings() -> dict[str, str]:
    """Return what the spark-defaults.conf of SPARK_CONF_DIR (or of SPARK_HOME) says: it wins over what we work out."""
    folder = os.environ.get("SPARK_CONF_DIR")
    if not folder and os.environ.get("SPARK_HOME"):
        folder = os.path.join(os.environ["SPARK_HOME"], "conf")  # noqa: PTH118
    path = Path(folder or "") / "spark-defaults.conf"
    if not folder or not path.is_file():
        return {}
    lines = (line.strip() for line in path.read_text().splitlines())
    pairs = (re.split(r"[\s=:]+", line, maxsplit=1) for line in lines if line and not line.startswith("#"))
    return {pair[0]: pair[1].strip() for pair in pairs if len(pair) == 2}


def check_reachable(master: str, uri: str) -> None:
    """Raise InvalidInput where executors on other machines cannot reach a MongoDB that only this one sees.

    Parameters
    ----------
    master : str
        Spark master.
    uri : str
        Address of the MongoDB.
    """
    if is_here(master):
        return
    hosts = re.sub(r"^[^/]*//([^/@]*@)?", "", uri).split("/")[0].split(",")
    if not all(_is_loopback(place.rsplit(":", 1)[0]) or place.lower().startswith("%2f") for place in hosts):
        return
    raise InvalidInput(
        f"The recordings are in a MongoDB that only this machine sees ({without_password(uri)}); the executors of "
        f"{master} run on others.",
        hint="Keep recordings that a cluster works on in a MongoDB of the network, named in SYNAPTARIUM_MONGO_URI.",
        where="master",
    )


def is_here(master: str) -> bool:
    """Return whether a master and its workers can be reached by this machine's loopback address alone."""
    host = re.match(r"spark://([^:,]+)", master)
    return master.startswith("local") or (host is not None and _is_loopback(host[1]))


def _is_loopback(host: str) -> bool:
    return host.strip("[]") in ("localhost", "::1") or host.startswith("127.")


class Watch:
    """Notices that a cluster has no executor for us.

    Parameters
    ----------
    context : SparkContext
        Running.
    master : str
        Its address.
    task_mb : int
        Memory of a task, told to the user.
    """

    def __init__(self, context: SparkContext, master: str, task_mb: int) -> None:
        self._context, self._master, self._task_mb = context, master, task_mb
        self._patience_s = STANDALONE_WAIT_S if master.startswith("spark://") else QUEUE_WAIT_S
        self._local = master.startswith("local")
        self._missing_since: float | None = None

    def check(self) -> None:
        """Raise MissingDependency where there has been no executor for long; asked now and then while a job runs."""
        if self._local or self.executors():
            self._missing_since = None
            return
        now = time.monotonic()
        self._missing_since = self._missing_since or now
        waited_s = now - self._missing_since
        if waited_s < self._patience_s:
            return
        settings = self._context.getConf()
        asked = f"{settings.get('spark.executor.memory')} and {settings.get('spark.executor.cores') or 'its'} cores"
        raise MissingDependency(
            f"{self._master} has had no executor for this job for {waited_s:.0f} s (asked for: {asked} each, and "
            f"{self._task_mb} MB a core for Python).",
            hint="Its own page shows whether workers are alive and have room. What is done is kept: start again.",
            where="master",
        )

    def gather(self, tick: Callable[[], None]) -> None:
        """Return when a cluster's executors are there: only then is it known how many tasks run at a time.

        Parameters
        ----------
        tick : callable
            Told about twice a second; may raise to stop. No task could run before, so nothing is lost by waiting.
        """
        while not self._local and not self.executors():
            tick()
            self.check()
            time.sleep(GATHER_S)
        if not self._local:
            time.sleep(GATHER_S)

    def executors(self) -> int:
        """Return how many executors work for us."""
        try:
            # The driver is counted among them. py4j hands the numbers of a stopped context out as an error.
            return int(self._context._jsc.sc().getExecutorMemoryStatus().size()) - 1  # pyright: ignore
        except Exception:
            return 0


def versions() -> dict[str, str]:
    """Return the versions of the packages that decide the bytes of a chunk, as far as they are installed here."""
    found: dict[str, str] = {}
    for name in PACKAGES:
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue  # shipped as a zip
    return found


def check_versions(driver: Mapping[str, str]) -> None:
    """Raise MissingDependency where this executor has other packages than the driver.

    Parameters
    ----------
    driver : mapping of str to str
        The driver's :func:`versions`.
    """
    here = versions()
    others = [name for name in driver if name in here and here[name] != driver[name]]
    if others:
        listed = ", ".join(f"{name} {here[name]} in place of {driver[name]}" for name in others)
        raise MissingDependency(
            f"The Python of the Spark executor on {os.uname().nodename} has {listed}: it would write other bytes.",
            hint=_PYTHON_HINT,
            where="spark",
        )


def explained(error: BaseException, master: str) -> SynaptariumError:
    """Return the error of ours that tells a failed Spark job to the user.

    Parameters
    ----------
    error : BaseException
        As py4j raises it: a sentence, then pages of Java and Python.
    master : str
        Where it ran.
    """
    text = words_of(error)
    module = re.search(r"No module named '([\w.]+)'", text)
    if module:
        name = module[1].split(".")[0]
        return MissingDependency(
            f"The Python of the Spark executors has no {name}.", hint=_PYTHON_HINT, where="spark"
        )
    program = re.search(r'Cannot run program "([^"]+)"', text)
    if program:
        return MissingDependency(
            f"The Spark executors cannot start the Python {program[1]}: there is none on their machine.",
            hint=_PYTHON_HINT,
            where="spark",
        )
    if "PYTHON_VERSION_MISMATCH" in text:
        found = re.search(r"PYTHON_VERSION_MISMATCH\]\s*([^\n]+)", text)
        return MissingDependency(
            f"The Spark executors run another Python: {found[1] if found else 'its version differs'}",
            hint=_PYTHON_HINT,
            where="spark",
        )
    gone = _GONE.search(text)
    if gone:
        return MissingDependency(
            f"The Spark at {master} went away: {gone[0]}.",
            hint="Check that it runs. What is done is kept: start again, and only the rest is made.",
            where="master",
        )
    return Internal(
        f"Spark failed: {first_line(error)}", hint="What is done is kept. --engine local needs no Spark."
    )


def is_gone(words: str) -> bool:
    """Return whether Spark's words say that its cluster went away."""
    return _GONE.search(words) is not None


def words_of(error: BaseException) -> str:
    """Return an error's text: py4j asks Java for it, which may be gone."""
    try:
        return str(error)
    except Exception:
        return "the Java process of Spark ended: SparkContext was shut down"


#: Lines of a traceback that are not its error; Spark writes the SQLSTATE below it.
_NO_ERROR = ("File ", "^", "~", "SQLSTATE")


def first_line(error: BaseException) -> str:
    """Return the line that says most of an error of py4j: the Python error of a task, else what Java threw."""
    lines = [line.strip() for line in words_of(error).splitlines() if line.strip()]
    # py4j says which call failed, then what Java threw, and Java how it came to that.
    thrown = next((at for at, line in enumerate(lines) if line.startswith(": ")), 0)
    said = list(takewhile(lambda line: not line.startswith("at "), lines[thrown:])) or [type(error).__name__]
    if "Traceback (most recent call last)" in said[0]:
        return [line for line in said if not line.startswith(_NO_ERROR)][-1]
    return said[0].removeprefix(": ")
