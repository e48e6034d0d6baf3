"""Pages whose text makes their process hang, crash or misbehave; works in the test process and in its children."""

import os
import re
import signal
import time

from sluice.core.errors import InputError
from sluice.core.records.docs import Document, Page, Rejection
from sluice.text.pages.page import PageProcessor


def run_planted_fault(payload: bytes) -> None:
    """Hangs, crashes or misbehaves as `PLANTED-…` in the page requests; does nothing for other pages."""
    planted = re.search(rb"PLANTED-(\w+)", payload)
    match planted and planted[1]:
        case b"sleep":
            time.sleep(600)
        case b"spin":
            re.match(r"(a+)+b", "a" * 60)  # holds the interpreter's lock practically forever
        case b"segfault":
            os.kill(os.getpid(), signal.SIGSEGV)
        case b"exit":
            os._exit(7)
        case b"kill":
            os.kill(os.getpid(), signal.SIGKILL)
        case b"memory":
            raise MemoryError
        case b"hog":
            bytearray(4 << 30)
        case b"input":
            raise InputError("planted: no model. Set one.")
        case b"print":
            print("a library that talks")
            os.write(1, b"and a C library too\n")


class PlantedProcessor(PageProcessor):
    """A PageProcessor that misbehaves on planted pages."""

    def process(self, page: Page) -> Document | Rejection:
        run_planted_fault(page.payload)
        return super().process(page)


def plant() -> None:
    """Makes every PageProcessor of this process misbehave on planted pages; `sitecustomize` calls it everywhere."""
    plain = PageProcessor.process

    def process(self: PageProcessor, page: Page) -> Document | Rejection:
        run_planted_fault(page.payload)
        return plain(self, page)

    PageProcessor.process = process  # type: ignore[method-assign]
