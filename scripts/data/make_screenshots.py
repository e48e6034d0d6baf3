"""Takes the pictures of docs/guides/look-at-samples.md from a run on the pages of the repository, in Chromium.

    sluice run pipeline --conf conf/demo.yaml --set output=demo-out --set line_dedup.enabled=true \\
      --set line_dedup.min_documents=2
    python -m scripts.data.make_screenshots demo-out
"""

import argparse
import contextlib
import tempfile
import threading
from pathlib import Path
from urllib.parse import urlencode

from sluice.view.index import open_index
from sluice.view.marks import MarkFile
from sluice.view.search import SearchIndex
from sluice.view.server import ViewServer
from sluice.view.stages import read_stages
from tests.helpers.chromium import chromium

GUIDES = Path(__file__).parents[2] / "docs" / "guides"
SIZE = (1020, 680)
READY = "document.querySelector('#document h2') && document.querySelector('#list').ariaBusy === 'false'"

PICTURES = {
    "view-duplicate": ({"stage": "dedup", "reason": "near", "language": "zh"}, ""),
    "view-dropped": ({"outcome": "dropped", "stage": "filter", "language": "en"}, "dark"),
    "view-edited": ({"outcome": "edited", "language": "zh"}, ""),
}
"""Filters and colour scheme of each picture."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", help="output of the run")
    run = parser.parse_args().run
    index = SearchIndex(open_index(read_stages(run), 100_000, 0))
    with contextlib.ExitStack() as stack:
        marks = MarkFile(f"{stack.enter_context(tempfile.TemporaryDirectory())}/marks.jsonl")
        server = stack.enter_context(ViewServer(0, index, marks))
        page = stack.enter_context(chromium(*SIZE))
        threading.Thread(target=server.serve_forever, daemon=True).start()
        for name, (fields, scheme) in PICTURES.items():
            features = [{"name": "prefers-color-scheme", "value": scheme}]
            page.send("Emulation.setEmulatedMedia", features=features)
            page.open("about:blank")
            page.open(f"{server.url}#{urlencode(fields)}")
            page.wait(READY)
            page.run("document.activeElement.blur()")
            page.run("document.querySelector('#document').scrollTop = 0")
            path = GUIDES / f"{name}.png"
            path.write_bytes(page.screenshot())
            print(f"{path}: {path.stat().st_size:,} bytes")
        server.shutdown()


if __name__ == "__main__":
    main()
