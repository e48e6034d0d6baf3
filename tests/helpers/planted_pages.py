"""Pages that do to their process what their text says: for tests, in their own process and in others they start."""

import os
import re
import signal
import time

from sluice.core.errors import InputError
from sluice.core.records.docs import Document, Page, Rejection
from sluice.text.pages.page import PageProcessor


def commit_deed(payload: bytes) -> None:
    """Hangs, crashes or misbehaves as `PLANTED-…` in the page wants; does nothing for every other page."""
    planted = re.search(rb"PLANTED-(\w+)", payload)
    match planted and planted[1]:
        case b"sleep":
            time.sleep(600)
        case b"spin":
            re.match(r"(a+)+b", "a" * 60)  # holds the interpreter's lock for ages
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
    """A PageProcessor on which planted pages have their way."""

    def process(self, page: Page) -> Document | Rejection:
        commit_deed(page.payload)
        return super().process(page)


def plant() -> None:
    """Makes every PageProcessor of this process such a one; a `sitecustomize` module does this in all processes."""
    plain = PageProcessor.process

    def process(self: PageProcessor, page: Page) -> Document | Rejection:
        commit_deed(page.payload)
        return plain(self, page)

    PageProcessor.process = process  # type: ignore[method-assign]
