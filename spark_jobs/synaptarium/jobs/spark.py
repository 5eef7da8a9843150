"""The Spark engine: executors take planned ranges and read and write MongoDB themselves; no event passes the JVM."""

from __future__ import annotations

import functools
import os
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import msgspec
from py4j.protocol import Py4JError
from pyspark import SparkConf, SparkContext
from pyspark.java_gateway import launch_gateway

from synaptarium.jobs import cluster, ranges
from synaptarium.jobs.java import Java, find_java
from synaptarium.jobs.master import no_answer
from synaptarium.jobs.plan import Plan
from synaptarium.jobs.resources import resources_of
from synaptarium.kernels.processor import DISABLE, keep_memory
from synaptarium.schemas.errors import MissingDependency, SynaptariumError
from synaptarium.store import jobs
from synaptarium.store.database import Store, connect

DEFAULT_MASTER = "local[*]"
POLL_S = 0.5
#: Executors outlive a restart of the database.
PATIENCE_S = 60.0
_LOG_LINES = 12
# A JVM that only hands out tasks gains nothing from its second compiler, and starts half a second sooner without.
_QUICK_JVM = "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC"
_LOG4J = """\
rootLogger.level = error
rootLogger.appenderRef.stderr.ref = stderr
appender.stderr.type = Console
appender.stderr.name = stderr
appender.stderr.target = SYSTEM_ERR
appender.stderr.layout.type = PatternLayout
appender.stderr.layout.pattern = %d{HH:mm:ss} %p %c{1}: %m%n
"""


@contextmanager
def run_spark(
    store: Store,
    plan: Plan,
    todo: list[int],
    *,
    master: str | None,
    check: Callable[[], None],
    tick: Callable[[], None],
) -> Iterator[None]:
    """Build ranges on Spark executors; what the block does is done while Spark stops, which takes a second.

    Parameters
    ----------
    store, plan : Store, Plan
        Where and what; executors connect by the store's address.
    todo : list of int
        Ranges; a task takes some neighbours.
    master : str or None
        ``local[*]`` where None: as many tasks at a time as this machine's cores and free memory carry.
    check : callable
        Raises to stop.
    tick : callable
        Told about twice a second.

    Raises
    ------
    MissingDependency
        There is no Java, or Spark does not start on it; a cluster has no executor for us, or none that can work.
    InvalidInput
        The executors of a cluster cannot reach the store.
    """
    needed = resources_of(store, plan, len(todo))
    if master in (None, DEFAULT_MASTER):
        master = f"local[{needed.local_cores()}]"
    cluster.check_reachable(master, store.uri)
    with ExitStack() as stack:
        context = stack.enter_context(
            spark_context(f"synaptarium {plan.recording}", master, needed.settings(master))
        )
        watch = cluster.Watch(context, master, needed.task_mb)
        work = functools.partial(
            build_ranges, store.uri, store.name, msgspec.json.encode(plan), cluster.versions()
        )

        def told() -> None:
            check()
            tick()

        watch.gather(told)
        try:
            groups = ranges.groups_of(todo, needed.workers(master, context.defaultParallelism))
            tasks = context.parallelize(groups, len(groups)).mapPartitions(work)
        except Py4JError as error:
            raise cluster.explained(error, master) from error
        with ThreadPoolExecutor(1, thread_name_prefix="spark") as pool:
            running = pool.submit(tasks.collect)
            try:
                while wait([running], timeout=POLL_S).not_done:
                    check()
                    tick()
                    watch.check()
            except BaseException:
                context.cancelAllJobs()
                raise
            try:
                results = running.result()
            except SynaptariumError:
                raise
            except Exception as error:
                raise cluster.explained(error, master) from error
        spark = stack.pop_all()
    with ThreadPoolExecutor(1, thread_name_prefix="spark") as pool:
        stopping = pool.submit(spark.close)
        for result in results:
            if isinstance(result, SynaptariumError):
                raise result
        tick()
        yield
        stopping.result()


def build_ranges(
    uri: str, name: str, plan_json: bytes, versions: Mapping[str, str], groups: Iterable[list[int]]
) -> Iterator[int | SynaptariumError]:
    """Build ranges in an executor; yields each range's index, or the error that ended it.

    A task that is tried again leaves out what is done.

    Parameters
    ----------
    uri, name : str
        The store's address.
    plan_json : bytes
        The plan.
    versions : mapping of str to str
        The driver's packages; this executor has to have the same.
    groups : iterable of list of int
        Ranges of this task.
    """
    try:
        cluster.check_versions(versions)
        keep_memory()
        store = _connected(uri, name)
        plan = msgspec.json.decode(plan_json, type=Plan)
        for group in groups:
            done = jobs.done_parts(store, plan.num, plan.build)
            todo = [index for index in group if index not in done]
            stop = functools.partial(jobs.cancelled, store, plan.num, plan.build)
            for part in ranges.build_ranges(store, plan, todo, engine="spark", stop=stop):
                yield part.range_index
    except SynaptariumError as error:
        yield error  # raised anew by the driver, without the JVM's two pages around it


@functools.lru_cache(maxsize=2)
def _connected(uri: str, name: str) -> Store:
    # Spark reuses its Python workers: one connection each.
    return connect(uri, name, patience_s=PATIENCE_S)


@contextmanager
def spark_context(
    app: str, master: str | None = None, settings: Mapping[str, str] | None = None
) -> Iterator[SparkContext]:
    """Start Spark quietly, and leave no JVM behind.

    Parameters
    ----------
    app : str
        Name shown by a cluster.
    master : str or None
        ``local[*]`` where None.
    settings : mapping of str to str or None
        Spark's settings, as far as the site's spark-defaults.conf says nothing else.

    Raises
    ------
    MissingDependency
        There is no Java, or Spark does not start; its last words are in the message.
    """
    java = find_java()
    master = master or DEFAULT_MASTER
    local = master.startswith("local")
    with tempfile.TemporaryDirectory(prefix="synaptarium-spark-") as folder, _environment(java, local):
        log = Path(folder) / "spark.log"
        logging = Path(folder) / "log4j2.properties"
        logging.write_text(_LOG4J)
        conf = SparkConf(loadDefaults=False).setMaster(master).setAppName(app)
        conf.set("spark.ui.enabled", "false").set("spark.ui.showConsoleProgress", "false")
        conf.set("spark.driver.extraJavaOptions", f"{_QUICK_JVM} -Dlog4j2.configurationFile=file:{logging}")
        conf.set("spark.executor.extraJavaOptions", _QUICK_JVM)
        if local or cluster.is_here(master):
            conf.set("spark.driver.host", "127.0.0.1").set("spark.driver.bindAddress", "127.0.0.1")
            conf.set("spark.local.dir", folder)
        if DISABLE in os.environ:
            conf.set(f"spark.executorEnv.{DISABLE}", os.environ[DISABLE])
        if local:
            conf.set("spark.python.daemon.module", "synaptarium.jobs.daemon")
        site = {} if local else cluster.site_settings()
        for name, value in {**(settings or {}), **site}.items():
            conf.set(name, value)
        with log.open("wb") as errors:
            gateway = None
            try:
                gateway = launch_gateway(conf, {"stderr": errors, "stdout": errors})
                context = SparkContext(conf=conf, gateway=gateway)
                if context._jsc.sc().isStopped():  # pyright: ignore  # where no master answers, after a minute
                    raise RuntimeError("SparkContext was shut down")
            except Exception as error:
                _stop(gateway)
                words = " ".join(log.read_text(errors="replace").split("\n")[-_LOG_LINES:]).strip()
                said = f"{words} {cluster.words_of(error)}"
                if cluster.is_gone(said):
                    raise no_answer(master, "what listens there takes no application") from error
                raise MissingDependency(
                    f"Spark does not start on Java {java.version} ({java.source}): {words or cluster.first_line(error)}",
                    hint="synaptarium doctor checks Java; --engine local needs neither Java nor Spark.",
                    where="spark",
                ) from error
            try:
                yield context
            finally:
                context.stop()
                _stop(gateway)


def _stop(gateway: Any) -> None:
    """End the JVM: Spark itself keeps it until Python exits, with all its memory."""
    if gateway is None:
        return
    SparkContext._gateway = SparkContext._jvm = None  # pyright: ignore[reportPrivateUsage]
    gateway.shutdown()
    process = getattr(gateway, "proc", None)
    if process is not None:
        if process.stdin:
            process.stdin.close()
        process.wait(timeout=30)


@contextmanager
def _environment(java: Java, local: bool) -> Iterator[None]:
    wanted: dict[str, str | None] = {"JAVA_HOME": str(java.home)}
    if local or "PYSPARK_PYTHON" not in os.environ:
        wanted["PYSPARK_PYTHON"] = sys.executable  # else workers take whatever python3 is on PATH
    if local:
        wanted |= {
            "SPARK_HOME": None,
            "SPARK_CONF_DIR": None,
            "PYSPARK_SUBMIT_ARGS": None,
        }  # of another Spark
    before = {name: os.environ.get(name) for name in wanted}
    _set(wanted)
    try:
        yield
    finally:
        _set(before)


def _set(variables: dict[str, str | None]) -> None:
    for name, value in variables.items():
        if value is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = value
