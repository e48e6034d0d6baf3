"""Log lines for people: time, level, stage, message. Nothing here is read by a program."""

import logging
import sys
import time


def set_up(level: str) -> None:
    """Sends sluice's log lines to standard error; other libraries speak from WARNING up."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname).1s %(name)s  %(message)s", "%H:%M:%S"))
    logging.root.handlers[:] = [handler]
    logging.root.setLevel(logging.WARNING)
    logging.getLogger("sluice").setLevel(level.upper())


class Throttle:
    """Says `True` at most once per interval, so that long loops can report progress without flooding."""

    def __init__(self, interval_s: float) -> None:
        self._interval_s = interval_s
        self._next = time.monotonic() + interval_s

    def ready(self) -> bool:
        """Whether the interval has passed since the last time this said so."""
        now = time.monotonic()
        if now < self._next:
            return False
        self._next = now + self._interval_s
        return True
