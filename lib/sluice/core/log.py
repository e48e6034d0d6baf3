"""Log lines for people: time, level, stage, message. No program parses them."""

import logging
import sys


class _StandardError(logging.Handler):
    """Writes to the current `sys.stderr`, which a progress bar replaces while it is shown."""

    def emit(self, record: logging.LogRecord) -> None:
        try:
            print(self.format(record), file=sys.stderr, flush=True)
        except Exception:
            self.handleError(record)


def set_up(level: str) -> None:
    """Sends sluice's log lines to standard error. Other libraries log at WARNING and above."""
    handler = _StandardError()
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname).1s %(name)s  %(message)s", "%H:%M:%S"))
    logging.root.handlers[:] = [handler]
    logging.root.setLevel(logging.WARNING)
    logging.getLogger("sluice").setLevel(level.upper())
