"""Look at samples of a run: a local page to search, read and mark kept, dropped, edited and duplicate documents.

DIR is the `output` of a run, also of one in which some stages have not finished, or of `sluice run dedup`,
`decontaminate` or `line_dedup` on a table. The page shows a sample, which is the same for the same DIR and seed. Its
index is stored in DIR/view (or a temporary directory, if DIR is remote or cannot be written) and built once.

In the page: j and k go to the next and previous document, g marks it good, b bad, u takes the last mark back.
Marks are appended to DIR/marks.jsonl, which the settings train_quality.positive, train_quality.negative and
thresholds.marks accept.

The page is served on 127.0.0.1 only. From another machine: ssh -L 8470:127.0.0.1:8470 HOST, and there
`sluice view DIR --port 8470 --no-browser`; then open the printed address here. Ctrl-C ends the server.
Exit codes: 0 ended, 2 wrong command line or port in use, 3 nothing to show.

example: sluice view out
example: sluice view out --sample 20000 --seed 1 --marks mine.jsonl
"""

import argparse
import contextlib
import webbrowser

from sluice.core.errors import ConfigError
from sluice.data import storage
from sluice.view.index import open_index
from sluice.view.marks import MarkFile
from sluice.view.search import SearchIndex
from sluice.view.server import ViewServer
from sluice.view.stages import read_stages

MARKS = "marks.jsonl"
MAX_SAMPLE = 500_000
"""A browser cannot scroll a longer list."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the directory and options."""
    parser.add_argument("directory", metavar="DIR", help="the output directory of a run")
    parser.add_argument("--port", type=int, default=0, metavar="N", help="port of the page; 0, the default: a free one")
    parser.add_argument("--no-browser", action="store_true", help="only print the address")
    parser.add_argument("--sample", type=int, default=100_000, metavar="N", help="documents to show (default 100000)")
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="another seed gives another sample")
    parser.add_argument("--marks", metavar="FILE", help=f"where to append marks (default DIR/{MARKS})")


def run(options: argparse.Namespace) -> int:
    """Builds the index if necessary, and serves the page until interrupted. Raises ConfigError, InputError."""
    if not 1 <= options.sample <= MAX_SAMPLE or options.seed < 0 or not 0 <= options.port < 1 << 16:
        raise ConfigError(
            f"Expected --sample between 1 and {MAX_SAMPLE:,}, --seed of at least 0 and --port between 0 and 65535."
        )
    stages = read_stages(options.directory)
    marks = MarkFile(options.marks or storage.join(options.directory, MARKS))
    index = SearchIndex(open_index(stages, options.sample, options.seed))
    try:
        server = ViewServer(options.port, index, marks)
    except OSError as e:
        raise ConfigError(f"Port {options.port} cannot be used: {e.strerror}. Choose another with --port.") from e
    with server, contextlib.suppress(KeyboardInterrupt):
        print(f"{told(index)}\nmarks: {marks.path}\n{server.url}\nCtrl-C ends the server.", flush=True)
        if not options.no_browser:
            webbrowser.open(server.url)
        server.serve_forever()
    return 0


def told(index: SearchIndex) -> str:
    """Says which share of the run the sample is."""
    facts = index.facts
    parts = []
    for what, name in (("documents", "documents"), ("rejected pages", "rejected")):
        taken, total = facts[f"sampled_{name}"], facts[f"num_{name}"]
        if total:
            parts.append(f"{taken:,} of {total:,} {what} ({100 * taken / total:.3g} %)")
    return f"sample: {', '.join(parts) or 'no documents'}"
