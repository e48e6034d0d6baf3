"""Protection against pages that hang or crash the interpreter: such pages are found and rejected with their location.

There are two guards with the interface of a PageProcessor, both context managers:
* `WatchedProcessor` works in this process and costs about 2 µs per page. A page over the time limit ends the process,
  so that the task fails and is retried.
* `GuardedProcessor` works in a child process. A page that ends it is rejected as `page_crash`, one over the time limit
  as `page_timeout`, and the next page gets a new child. It costs copying each page and its result through pipes.
Other pages give the same results in both. The time limit is a last resort, far above what size and depth limits allow.
"""

import contextlib
import faulthandler
import os
import pickle
import select
import signal
import struct
import subprocess
import sys
import time
from collections.abc import Callable
from types import FunctionType
from typing import IO, Any, Self

from sluice.core.errors import SluiceError, StageError
from sluice.core.reasons import Reason
from sluice.core.records.docs import Document, Page, Rejection
from sluice.text.pages.page import LOCATED, PageProcessor

CRASH, TIMEOUT = Reason.PAGE_CRASH, Reason.PAGE_TIMEOUT

START_S = 300.0
"""Seconds after which a child that has not imported its libraries and compiled its kernels is considered dead."""

FRAME = struct.Struct("<Q")  # length of the following pickle
CHUNK_BYTES = 1 << 20

Judged = Document | Rejection


class ProcessGuard(PageProcessor):
    """A PageProcessor that wraps another one and forwards every method that processes a page."""

    def __init__(self, inner: PageProcessor) -> None:
        self.__dict__.update(vars(inner))
        self.inner = inner

    def process(self, page: Page) -> Judged:
        """Like `PageProcessor.process`."""
        return self.call("process", page)

    def process_text(self, page: Page) -> Judged:
        """Like `PageProcessor.process_text`, for processors that have it."""
        return self.call("process_text", page)

    def call(self, method: str, page: Page) -> Judged:
        """Calls the inner processor's method of this name and returns its result."""
        raise NotImplementedError

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass


class WatchedProcessor(ProcessGuard):
    """Processes pages in this process, which SIGALRM ends if a page takes longer than `extract.page_timeout_s`.

    The signal comes from the kernel and its handler is C code, so that code holding the interpreter's lock is ended
    too. The traceback, which names the page, is written where Spark looks for those of dead workers, else to standard
    error.
    """

    _log: IO[str] | None = None

    def __enter__(self) -> Self:
        directory = os.environ.get("PYTHON_FAULTHANDLER_DIR")
        with contextlib.suppress(OSError):
            self._log = open(os.path.join(directory, str(os.getpid())), "a") if directory else None
        # chained to the default action, which ends the process; dump_traceback_later needs a thread, 50 µs per page
        faulthandler.register(signal.SIGALRM, self._log or 2, all_threads=False, chain=True)
        return self

    def __exit__(self, *_: object) -> None:
        signal.setitimer(signal.ITIMER_REAL, 0)
        faulthandler.unregister(signal.SIGALRM)
        if self._log:
            self._log.close()

    def call(self, method: str, page: Page) -> Judged:
        """Returns the result. The timer does not run between two pages, while the archive is read."""
        signal.setitimer(signal.ITIMER_REAL, self.extract.page_timeout_s)
        try:
            return call_named(getattr(self.inner, method), page)
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)


class GuardedProcessor(ProcessGuard):
    """Processes pages in a child process, which is started with the first page.

    Raises deliberate errors of the inner processor (SluiceError), and StageError if no child can be started.
    """

    _child: "_Child | None" = None

    def __exit__(self, *_: object) -> None:
        if self._child:
            self._child.stop()
            self._child = None

    def call(self, method: str, page: Page) -> Judged:
        """Returns the result, or a rejection if the child died or timed out."""
        request = pickle.dumps((method, page), pickle.HIGHEST_PROTOCOL)
        if self._child is None or not self._child.is_alive():  # it may also have died between two pages
            self._child = _Child(self.inner)
        try:
            self._child.send(request)
            answer = pickle.loads(self._child.receive(self.extract.page_timeout_s))
        except TimeoutError:
            return self._lost(page, TIMEOUT, f"over {self.extract.page_timeout_s:g} s")
        except (EOFError, BrokenPipeError):
            return self._lost(page, CRASH)
        if isinstance(answer, MemoryError):
            return self._lost(page, CRASH, "MemoryError")
        if isinstance(answer, SluiceError):
            raise answer
        judged: Judged = answer
        return judged

    def _lost(self, page: Page, reason: str, detail: str | None = None) -> Rejection:
        assert self._child is not None
        end = self._child.kill()
        self._child = None
        located = {name: getattr(page, name) for name in LOCATED}
        return Rejection(**located, reason=reason, detail=detail or end)


class _Child:
    """A separate Python process with a processor; it inherits no lock or socket from this process."""

    def __init__(self, processor: PageProcessor) -> None:
        code = "from sluice.text.pages.guard import serve; serve()"
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-X", "faulthandler", "-c", code],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},  # Spark adds to the path of a worker
        )
        assert self._process.stdin and self._process.stdout
        self._input, self._output = self._process.stdin, self._process.stdout
        try:
            self.send(pickle.dumps(processor))
            self.receive(START_S)
        except (TimeoutError, EOFError, BrokenPipeError) as e:
            raise StageError(
                f"The child process for pages did not start: {self.kill()}. Its messages are on standard error of "
                "this process. It must be able to import sluice and to load the language model."
            ) from e

    def is_alive(self) -> bool:
        return self._process.poll() is None

    def send(self, message: bytes) -> None:
        self._input.write(FRAME.pack(len(message)))
        self._input.write(message)
        self._input.flush()

    def receive(self, seconds: float) -> bytes:
        """Returns the next message. Raises TimeoutError after `seconds`, EOFError if the child has ended."""
        deadline = time.monotonic() + seconds
        (length,) = FRAME.unpack(self._read(FRAME.size, deadline))
        return self._read(length, deadline)

    def _read(self, length: int, deadline: float) -> bytes:
        descriptor = self._output.fileno()
        poll = select.poll()
        poll.register(descriptor, select.POLLIN | select.POLLHUP)
        data = bytearray()
        while len(data) < length:
            left = deadline - time.monotonic()
            if left <= 0 or not poll.poll(1000 * left):
                raise TimeoutError
            chunk = os.read(descriptor, min(length - len(data), CHUNK_BYTES))
            if not chunk:
                raise EOFError
            data += chunk
        return bytes(data)

    def kill(self) -> str:
        """Ends the child if it is still running. Returns how it ended: the name of a signal, or an exit code."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(0.5)  # a child that closed the pipe is about to end by itself; report that end
        self._process.kill()
        self.stop()
        code = self._process.returncode
        if code >= 0:
            return f"exit code {code}"
        return signal.Signals(-code).name if -code in list(signal.Signals) else f"signal {-code}"

    def stop(self) -> None:
        with contextlib.suppress(BrokenPipeError):
            self._input.close()  # the child's request to end
        try:
            self._process.wait(5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._output.close()


def serve() -> None:
    """Main function of the child: receives a processor, then pages, until its input is closed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent; when it ends, our input is closed
    output = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # keep output of libraries out of the results
    _volunteer()
    processor: PageProcessor = pickle.loads(_next(sys.stdin.buffer) or b"")
    processor.warm_up()
    _limit_memory(processor.extract.page_memory_bytes)
    _answer(output, None)
    while request := _next(sys.stdin.buffer):
        method, page = pickle.loads(request)
        # if the parent is killed while a page hangs, only this timer ends the process
        signal.setitimer(signal.ITIMER_REAL, 2 * processor.extract.page_timeout_s + 1)
        answer: Judged | SluiceError | MemoryError
        try:
            answer = call_named(getattr(processor, method), page)
        except (SluiceError, MemoryError) as e:
            answer = e
        signal.setitimer(signal.ITIMER_REAL, 0)
        _answer(output, answer)


def _next(stream: IO[bytes]) -> bytes | None:
    head = stream.read(FRAME.size)
    return stream.read(FRAME.unpack(head)[0]) if len(head) == FRAME.size else None


def _answer(stream: IO[bytes], answer: object) -> None:
    message = pickle.dumps(answer, pickle.HIGHEST_PROTOCOL)
    stream.write(FRAME.pack(len(message)) + message)
    stream.flush()


def _volunteer() -> None:
    """Makes this process the kernel's first choice if memory runs out: losing a page is better than losing the task."""
    with contextlib.suppress(OSError), open("/proc/self/oom_score_adj", "w") as file:
        file.write("1000")


def _limit_memory(n_bytes: int | None) -> None:
    if n_bytes is not None:
        import resource  # Unix only

        resource.setrlimit(resource.RLIMIT_AS, (n_bytes, n_bytes))


def _judge(judge: Callable[[Page], Judged], page: Page) -> Judged:
    return judge(page)


def call_named(judge: Callable[[Page], Judged], page: Page) -> Judged:
    """Calls `judge(page)` through a stack frame that is named after the page.

    A traceback that C code dumps while the process dies contains only frame names; so it shows which page it was. Costs
    0.7 µs.
    """
    name = f"page at {page.rec_offset} of {page.warc_name}: {page.url}"
    named: Any = FunctionType(_judge.__code__.replace(co_name=name[:200]), {})
    judged: Judged = named(judge, page)
    return judged
