"""Kills an executor, or the driver, of jobs/dedup.py during every table that it writes, and compares the results.

    python -m scripts.bench.dedup.check_kills WORKDIR      # all tables, executor and driver: six minutes
    python -m scripts.bench.dedup.check_kills WORKDIR --who driver --tables _work/pairs,removals

Writes a small table to WORKDIR with copies, edits, chains and a template family, in Chinese and English. `executor` is
one run on a standalone cluster of this machine, with a kill for each table. `driver` is a run with `local[2]` for each
table: the whole job is killed, and the next run resumes. A process is writing a table if it has a file of it open below
`_temporary`; it is stopped before that is checked, so that it cannot finish meanwhile. Results are compared to those of
a run without kills. Needs /proc, so Linux.

exit code: 0 if all results are equal, 4 if one is not or no process was killed in a table
"""

import argparse
import contextlib
import ctypes
import gzip
import json
import os
import random
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow.parquet as pq
import pyspark

from sluice.spark.engine.java import ensure_java

ROOT = Path(__file__).parents[3]
HOME = str(Path(pyspark.__file__).parent)
FAILED = 4
PR_SET_PDEATHSIG = 1
PUBLISHED = ("removals", "copies", "clusters", "edges", "index/documents", "index/bands", "index/sets", "quarantine")
"""Tables in the order in which they are written; `kept`, which contains lines, follows them."""
THOROUGH = {"dedup.write_index": "true", "dedup.edges_per_task": "40"}
"""Settings that write every table: those of an index, and of components in distributed rounds."""

SPARK = (
    "spark.executor.memory=600m",
    "spark.ui.enabled=false",
    "spark.shuffle.io.maxRetries=1",  # a killed executor is gone; by default Spark retries for 15 seconds
    "spark.shuffle.io.retryWait=100ms",
    "spark.driver.extraJavaOptions=-XX:TieredStopAtLevel=1",  # these runs are too short for better code
    "spark.executor.extraJavaOptions=-XX:TieredStopAtLevel=1",
)


# the table


def rows(count: int, seed: int = 1) -> list[dict[str, Any]]:
    """Documents of two scripts, `id` and `text`. The id states what was planted: a copy, an edit, a chain, a family.

    A third are new, the others mostly copies. Chains of six differ by one unit from link to link. The documents of a
    family share only their frame.
    """
    rng = random.Random(seed)
    found: list[dict[str, Any]] = [{"id": "null", "text": None}, {"id": "empty", "text": " "}, {"id": "", "text": "x"}]
    for family, (sep, units) in enumerate(SCRIPTS.items()):
        frame = sep.join(rng.choices(units, k=30))
        for i in range(12):
            found.append({"id": f"family-{family}-{i}", "text": frame + sep + sep.join(rng.choices(units, k=60))})
        link = rng.choices(units, k=70)
        for i in range(6):
            found.append({"id": f"chain-{family}-{i}", "text": sep.join(link)})
            link = [*link]
            link[10 * i + 5] = rng.choice(units)
    while len(found) < count:
        n, sep = len(found), rng.choice(list(SCRIPTS))
        text = rng.choices(SCRIPTS[sep], k=rng.randint(60, 120))
        found.append({"id": f"new-{n}", "text": sep.join(text)})
        if rng.random() < 0.5:
            found.append({"id": f"copy-of-new-{n}", "text": sep.join(text).upper()})
        for i in range(rng.choice((0, 0, 1, 3))):
            edited = [rng.choice(SCRIPTS[sep]) if rng.random() < 0.02 else unit for unit in text]
            found.append({"id": f"edit-{i}-of-new-{n}", "text": sep.join(edited)})
    rng.shuffle(found)
    return found


SCRIPTS = {" ": [f"w{i}" for i in range(2000)], "": [chr(code) for code in range(0x4E00, 0x4E00 + 2000)]}
"""Separator of the units of a script, and the units."""


def write_table(directory: Path, count: int, files: int = 6) -> Path:
    """`rows` as JSON lines in `files` files, each with an invalid line."""
    directory.mkdir(parents=True)
    found = rows(count)
    for number in range(files):
        lines = [json.dumps(row, ensure_ascii=False) for row in found[number::files]]
        (directory / f"{number}.jsonl").write_text("\n".join([*lines, "{broken"]) + "\n")
    return directory


# the job


def command(table: Path, output: Path, master: str, **settings: str) -> list[str]:
    """The spark-submit line of jobs/dedup.py."""
    submit = f"{HOME}/bin/spark-submit"
    values = {"source.inputs": f"[{table}]", "output": str(output), "source.max_unreadable_share": "0.02", **settings}
    pairs = [part for key, value in values.items() for part in ("--set", f"{key}={value}")]
    options = ["--master", master, "--driver-memory", "1g"]
    options += [part for setting in SPARK for part in ("--conf", setting)]
    return [submit, *options, str(ROOT / "jobs" / "dedup.py"), *pairs]


def environment(**more: str) -> dict[str, str]:
    """Spark on the loopback interface, with this Python and this sluice on the executors."""
    ensure_java()
    path = os.pathsep.join([str(ROOT / "lib"), *filter(None, [os.environ.get("PYTHONPATH")])])
    own = {"SPARK_HOME": HOME, "SPARK_LOCAL_IP": "127.0.0.1", "PYSPARK_PYTHON": sys.executable}
    return {**os.environ, **own, "PYTHONPATH": path, **more}


@contextlib.contextmanager
def standalone() -> Iterator[tuple[str, list[int]]]:
    """A Spark master and two workers with one core and an address each: its URL, their processes."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    url = f"spark://127.0.0.1:{port}"
    started: list[subprocess.Popen[bytes]] = []

    def start(host: str, kind: str, *arguments: str) -> None:
        line = [f"{HOME}/bin/spark-class", f"org.apache.spark.deploy.{kind}", "--host", host]
        env = environment(SPARK_LOCAL_IP=host, SPARK_DAEMON_MEMORY="256m")
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        line += ["--webui-port", "0", *arguments]
        started.append(subprocess.Popen(line, env=env, start_new_session=True, preexec_fn=die_with_us, **quiet))

    try:
        start("127.0.0.1", "master.Master", "--port", port)
        for host in ("127.0.0.2", "127.0.0.3"):
            start(host, "worker.Worker", "--cores", "1", "--memory", "1g", url)
        yield url, [process.pid for process in started[1:]]
    finally:
        for process in started:
            os.killpg(process.pid, signal.SIGKILL)  # executors are in the process group of their worker
            process.wait()


def die_with_us() -> None:
    """Runs in a new process: makes Linux kill it when its parent ends for any reason."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def executors(workers: Sequence[int]) -> list[int]:
    """The executor processes that these workers have started."""
    found = []
    for entry in Path("/proc").iterdir():
        with contextlib.suppress(OSError):
            is_ours = entry.name.isdigit() and os.getsid(int(entry.name)) in workers
            if is_ours and b"CoarseGrainedExecutorBackend" in (entry / "cmdline").read_bytes():
                found.append(int(entry.name))
    return found


# kills


def is_writing(pid: int, table: Path) -> bool:
    """Whether a process has a file of an unfinished table open."""
    unfinished = f"{table}/_temporary/"
    with contextlib.suppress(OSError):
        for entry in os.scandir(f"/proc/{pid}/fd"):
            with contextlib.suppress(OSError):
                if os.readlink(entry.path).startswith(unfinished):
                    return True
    return False


def stop_in_the_middle(processes: Callable[[], list[int]], table: Path, is_running: Callable[[], bool]) -> int | None:
    """Waits until one of the processes writes a table and stops it there; None if the job ended before."""
    pids, looked = processes(), time.monotonic()
    while is_running():
        if (table / "_temporary").exists():  # poll quickly: small tables are written in milliseconds
            send(signal.SIGSTOP, pids)
            writer = next((pid for pid in pids if is_writing(pid, table)), None)
            if writer is not None:
                time.sleep(0.01)  # for a late signal
                writer = writer if is_writing(writer, table) else None
            send(signal.SIGCONT, [pid for pid in pids if pid != writer])
            if writer is not None:
                return writer
        if time.monotonic() - looked > 0.1:
            pids, looked = processes(), time.monotonic()
        time.sleep(0.001)
    return None


def send(what: signal.Signals, pids: Sequence[int]) -> None:
    """Sends a signal to all of the processes that still exist."""
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, what)


class Done(NamedTuple):
    """A finished job: its exit code, its output, and the tables during which a process was killed."""

    code: int
    log: str
    killed_at: list[str]


def run_and_kill(line: list[str], tables: Sequence[str], output: Path, workers: Sequence[int] | None = None) -> Done:
    """Runs the job; kills an executor of the workers in each table, or without workers the whole job in the first.

    The tables are paths below OUTPUT/dedup, in the order in which they are written.
    """
    log = output.with_name(output.name + ".log")
    with log.open("wb") as stream:
        job = subprocess.Popen(
            line, env=environment(), stdout=stream, stderr=stream, start_new_session=True, preexec_fn=die_with_us
        )
    killed_at = []
    try:
        for name in tables:
            pid = stop_in_the_middle(
                lambda: [job.pid] if workers is None else executors(workers),
                output / "dedup" / name,
                lambda: job.poll() is None,
            )
            if pid is None:
                break
            killed_at.append(name)
            if workers is None:
                break
            os.kill(pid, signal.SIGKILL)
        else:
            job.wait(600)
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(job.pid, signal.SIGKILL)
        job.wait()
    return Done(job.returncode, log.read_text(), killed_at)


def written(log: str) -> list[str]:
    """The intermediate tables that a job logs as written, in order."""
    return [f"_work/{name}" for name in re.findall(r"table (\S+) written in", log)]


# results


def results(output: Path) -> dict[str, Any]:
    """Every published table as sorted rows, and the counts."""
    dedup = output / "dedup"
    found: dict[str, Any] = {
        name: sorted(pq.read_table(dedup / name).to_pylist(), key=str) for name in PUBLISHED if (dedup / name).exists()
    }
    kept = (dedup / "kept").glob("*.gz")
    found["kept"] = sorted(line for path in kept for line in gzip.decompress(path.read_bytes()).splitlines())
    summary = json.loads((dedup / "_summary.json").read_text())
    found["summary"] = {name: value for name, value in summary.items() if name != "seconds"}
    return found


# the whole sweep


class Verdict(NamedTuple):
    """Whether a process was killed while writing a table, and the outcome; None if unknown."""

    who: str
    table: str
    was_killed: bool
    resumes: bool | None
    """No complete table was written again."""
    is_equal: bool | None
    """The results of the final run equal those of the run without kills."""

    def fails(self) -> bool:
        return not self.was_killed or self.resumes is False or not self.is_equal


def run_calm(table: Path, output: Path, master: str = "local[2]", **settings: str) -> Done:
    """A run without a kill. Raises SystemExit if it fails."""
    done = run_and_kill(command(table, output, master, **settings), [], output)
    if done.code:
        raise SystemExit(f"{done.log[-4000:]}\n{output}: the job failed")
    return done


def kill_executors(
    table: Path, output: Path, tables: Sequence[str], expected: object, **settings: str
) -> list[Verdict]:
    """Runs on a standalone cluster and kills an executor in each of the tables."""
    with standalone() as (url, workers):
        done = run_and_kill(command(table, output, url, **settings), tables, output, workers)
    is_equal = done.code == 0 and results(output) == expected
    return [Verdict("executor", name, name in done.killed_at, None, is_equal) for name in tables]


def kill_drivers(table: Path, output: Path, tables: Sequence[str], expected: object, **settings: str) -> list[Verdict]:
    """Repeats the same command, killed in each of the tables, and finally runs it to its end."""
    line = command(table, output, "local[2]", **settings)
    found: list[tuple[str, bool, bool]] = []
    for name in tables:
        before = whole(output)
        done = run_and_kill(line, [name], output)
        found.append((name, done.killed_at == [name], not before & set(written(done.log)) and before <= whole(output)))
    before = whole(output)
    done = run_and_kill(line, [], output)
    is_equal = done.code == 0 and not before & set(written(done.log)) and results(output) == expected
    return [Verdict("driver", *verdict, is_equal) for verdict in found]


def whole(output: Path) -> set[str]:
    """The intermediate tables that are complete."""
    return {f"_work/{path.parent.name}" for path in (output / "dedup" / "_work").glob("*/_SUCCESS")}


def show(verdicts: Sequence[Verdict]) -> None:
    print("| process | while writing | killed | complete tables are kept | results equal |\n|---|---|---|---|---|")
    words = {True: "yes", False: "**NO**", None: "–"}
    for verdict in verdicts:
        print(f"| {verdict.who} | {verdict.table} | {' | '.join(words[value] for value in verdict[2:])} |")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("work", type=Path, help="a directory that does not exist yet")
    parser.add_argument("--documents", type=int, default=1000)
    parser.add_argument("--who", choices=("executor", "driver"), nargs="+", default=["executor", "driver"])
    parser.add_argument("--tables", help="paths below dedup, separated by commas (default: all that a run writes)")
    options = parser.parse_args()
    table = write_table(options.work / "table", options.documents)
    calm = options.work / "calm"
    log = run_calm(table, calm, **THOROUGH).log
    expected = results(calm)
    tables = options.tables.split(",") if options.tables else [*written(log), *PUBLISHED, "kept"]
    print(f"{options.documents:,} documents, {len(expected['removals']):,} removals\n", flush=True)
    verdicts: list[Verdict] = []
    if "executor" in options.who:
        verdicts += kill_executors(table, options.work / "executor", tables, expected, **THOROUGH)
    if "driver" in options.who:
        verdicts += kill_drivers(table, options.work / "driver", tables, expected, **THOROUGH)
    show(verdicts)
    return FAILED if any(verdict.fails() for verdict in verdicts) else 0


if __name__ == "__main__":
    raise SystemExit(main())
