"""Counts table rows and code blocks of real pages that are whole in the main text, against the document tree.

    python -m scripts.bench.structure                     # every page in html-truth, html-pages and warc
    python -m scripts.bench.structure --show 20           # also 20 altered rows and codes

A table is compared if the main text has at least half of its rows or parts of them; a row is altered if no line of the
text has exactly its cells, in order. A code is compared if the text has at least half of its lines. The tree is
resiliparse's (lexbor), without hidden elements. SLUICE_SHARED_DATA is the folder of the pages.
"""

import argparse
import io
import re
import unicodedata
from collections import Counter
from collections.abc import Iterator

from resiliparse.parse.html import HTMLTree

from scripts.bench.main_text_data import data_root
from sluice.data.archives.reader import ArchiveRecord, read_archive
from sluice.text.charset.decode import decode
from sluice.text.html.extract import extract_text

HIDDEN = (
    "script, style, template, noscript, .sr-only, .visually-hidden, .screen-reader-text, [aria-hidden=true], rt, rp, "
    ".mw-editsection, annotation, .lineno, .linenos, .gutter, button, [hidden]"
)
HIDDEN_STYLE = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden", re.IGNORECASE)
NOT_COMPARED = re.compile(r"[\s|•\u00ad\u200b\u2060\ufeff“”¶^_()]+|(?<![\d.])\d+\.(?=\D)")
BLOCKS = "p, div, li, br, ul, ol"


def pages() -> Iterator[tuple[str, str]]:
    """Address and HTML of every page of the collection."""
    for path in sorted(
        p for folder in ("html-truth", "html-pages", "warc") for p in data_root().glob(f"{folder}/**/*.warc*")
    ):
        data = path.read_bytes()
        items = read_archive(
            io.BytesIO(data),
            len(data),
            is_wanted=lambda kind, media: kind == "response" and "html" in (media or ""),
            max_bytes=1 << 23,
        )
        for item in items:
            if isinstance(item, ArchiveRecord) and item.payload:
                yield item.url or "", decode(item.payload, None).text


def plain(text: str) -> str:
    """Returns the compared characters: without white space and the marks that the text format adds."""
    return NOT_COMPARED.sub("", unicodedata.normalize("NFKC", text))


def visible_tree(html: str) -> HTMLTree:
    """The tree of a page without hidden elements."""
    tree = HTMLTree.parse(html)
    gone = list(tree.document.query_selector_all(HIDDEN))
    gone += [e for e in tree.document.query_selector_all("[style]") if HIDDEN_STYLE.search(e["style"])]
    for element in gone:
        if element.parent is not None:
            element.parent.remove_child(element)
    return tree


def rows_of(table) -> list[list[str]]:
    """The compared text of the cells of each row; empty for a table for layout."""
    if table.query_selector("table, pre, form, input, select"):
        return []
    rows = [[plain(cell.text) for cell in row.query_selector_all("td, th")] for row in table.query_selector_all("tr")]
    cells = [cell for row in rows for cell in row]
    if len(rows) < 2 or max(map(len, rows)) < 2 or sum(len(cell) > 150 for cell in cells) > 0.05 * len(cells):
        return []
    return [row for row in rows if any(row)]


def is_whole(row: list[str], lines: Counter[str]) -> bool:
    """Whether a line of the text has exactly the cells of a row, in order; a cell from above may precede them."""
    joined = "".join(row)
    return joined in lines or any(line.endswith(joined) for line in lines)


def is_there(row: list[str], lines: Counter[str]) -> bool:
    """Whether a line of the text has at least two cells of a row, or is one of its longer cells."""
    cells = [cell for cell in row if len(cell) > 1]
    longer = [cell for cell in cells if len(cell) > 12]
    return any(cell in lines for cell in longer) or any(sum(cell in line for cell in cells) > 1 for line in lines)


def code_lines(text: str) -> list[str]:
    lines = [line.rstrip() for line in text.replace("\u00a0", " ").replace("\r", "").split("\n")]
    while lines and not lines[0]:
        lines.pop(0)
    while lines and not lines[-1]:
        lines.pop()
    return lines


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--show", type=int, default=0, metavar="N", help="print the first N altered rows and codes")
    options = parser.parse_args()
    counts: Counter[str] = Counter()
    shown = 0
    for url, html in pages():
        if "<table" not in html.lower() and "<pre" not in html.lower():
            continue
        text = extract_text(html)
        found = Counter(plain(line) for line in text.split("\n"))
        tree = visible_tree(html)
        for table in tree.document.query_selector_all("table"):
            rows = rows_of(table)
            whole = [is_whole(row, found) for row in rows]
            traces = [is_same or is_there(row, found) for row, is_same in zip(rows, whole, strict=True)]
            if 2 * sum(traces) < len(rows):
                continue  # left out whole
            counts["tables"] += bool(rows)
            counts["rows"] += len(rows)
            counts["altered rows"] += whole.count(False)
            for row in [row for row, is_same in zip(rows, whole, strict=True) if not is_same][: options.show - shown]:
                shown += 1
                print(f"{url}\n  row   {' | '.join(row)[:150]}")
        ours = [code_lines(code) for code in re.findall(r"(?ms)^(`{3,})\n(.*?)\n\1$", text) for code in code[1:]]
        for pre in tree.document.query_selector_all("pre"):
            for br in pre.query_selector_all("br"):
                br.parent.replace_child(tree.create_text_node("\n"), br)
            wanted = code_lines(pre.text)
            if len(wanted) < 2 or re.fullmatch(r"[\d\s]*", pre.text):
                continue
            lines = [line.strip() for line in wanted if line.strip()]
            if sum(line in text for line in lines) * 2 < len(lines):
                continue
            counts["codes"] += 1
            if wanted not in ours:
                counts["altered codes"] += 1
                if shown < options.show:
                    shown += 1
                    print(f"{url}\n  code  {wanted[:6]}")
    print(", ".join(f"{count:,} {name}" for name, count in sorted(counts.items())))
    print(
        f"altered: {counts['altered rows'] / max(counts['rows'], 1):.2%} of rows, "
        f"{counts['altered codes'] / max(counts['codes'], 1):.2%} of codes"
    )


if __name__ == "__main__":
    main()
