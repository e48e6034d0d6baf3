"""Reads an index: what the sample contains, the documents that a filter selects, and one document with all it needs."""

import json
import sqlite3
import threading
from array import array
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from sluice.core.reasons import meaning_of
from sluice.data.sources.marks import Mark
from sluice.view.compare import Part, compare
from sluice.view.documents import MEASURES
from sluice.view.query import GRAM, Filter, term_range, to_sql
from sluice.view.stages import check_rules

ROW_COLUMNS = "doc_id, url, host, language, title, outcome, stage, reason, preview"
MAX_CACHED = 16
"""Filters whose result is kept, so that scrolling does not search again."""
FREQUENT = 100_000
"""Occurrences of a trigram, or of a shorter text, from which the texts themselves are searched."""
MAPPED_BYTES = 1 << 34

Values = dict[str, Any]


class SearchIndex:
    """An index file, opened for reading. Usable from several threads."""

    def __init__(self, path: Path) -> None:
        # one connection for all threads: it stays usable if another session replaces the file
        uri = f"{path.absolute().as_uri()}?mode=ro&immutable=1"
        self._database = sqlite3.connect(uri, uri=True, check_same_thread=False)
        self._database.row_factory = sqlite3.Row
        self._database.execute(f"PRAGMA mmap_size = {MAPPED_BYTES}")
        self._lock = threading.RLock()
        self._found: OrderedDict[Any, array[int]] = OrderedDict()
        rows = self._query("SELECT name, value FROM facts")
        self.facts: Values = {name: json.loads(value) for name, value in rows}
        """Sizes, stages, rules and values of the whole index, see `view.index`."""

    def overview(self) -> Values:
        """Returns what the page shows before anything is searched."""
        known = {name: value for name, value in self.facts.items() if name != "rules"}
        rules = self.facts["rules"]
        meanings = {reason: meaning_of(reason) for _, _, reason, _ in known["values"]["reasons"] if reason}
        return known | {"meanings": meanings | {rule["name"]: f"rule on {rule['signal']}" for rule in rules}}

    def positions(self, wanted: Filter, labels: Mapping[str, str]) -> Sequence[int]:
        """Returns the positions of all documents that a filter selects, in its order."""
        key = (wanted, tuple(labels.items()) if wanted.mark else None)
        with self._lock:
            if key in self._found:
                self._found.move_to_end(key)
                return self._found[key]
        query, parameters = to_sql(wanted, labels, is_frequent=self._is_frequent(wanted.text))
        with self._lock:
            found = array("q", (row[0] for row in self._database.execute(query, parameters)))
            self._found[key] = found
            while len(self._found) > MAX_CACHED:
                self._found.popitem(last=False)
        return found

    def _is_frequent(self, text: str) -> bool:
        """Whether both ends of a text occur so often that their occurrences should not be listed."""
        query = "SELECT count(*) FROM (SELECT 1 FROM grams WHERE term >= ? AND term < ? LIMIT ?)"
        ends = {text[:GRAM], text[-GRAM:]} if text else set()
        counts = [self._query(query, [*term_range(end), FREQUENT])[0][0] for end in ends]
        return bool(counts) and min(counts) == FREQUENT

    def rows(self, positions: Sequence[int], labels: Mapping[str, str]) -> list[Values]:
        """Returns what the list shows of some documents, in this order."""
        query = (
            f"SELECT documents.position, {ROW_COLUMNS}, n_chars, similarity FROM documents"
            " JOIN details USING (position) JOIN measures USING (position)"
            " WHERE documents.position IN (SELECT value FROM json_each(?))"
        )
        found = {row["position"]: dict(row) for row in self._query(query, [json.dumps(list(positions))])}
        return [found[position] | {"mark": labels.get(found[position]["doc_id"])} for position in positions]

    def document(self, doc_id: str) -> Values | None:
        """Returns a document with its rules and texts to compare, and the kept one that it repeats; None if unknown."""
        shown = self._read(doc_id)
        if shown is None:
            return None
        measures = {name: shown.pop(name) for name in MEASURES}
        checks = check_rules(self.facts["rules"], shown["language"], measures)
        shown |= {"measures": measures, "rules": [check._asdict() for check in checks]}
        shown["meaning"] = meaning_of(shown["reason"] or "")
        shown["edits"] = json.loads(shown["edits"]) if shown["edits"] else None
        text, remaining = shown.pop("text"), shown.pop("remaining")
        kept = self._read(shown["duplicate_of"]) if shown["duplicate_of"] and not shown["is_earlier"] else None
        if kept is not None:
            is_after = shown["stage"] == "split_check"  # the only stage that compares texts after line_dedup
            texts = ((text, remaining), (kept["text"], kept["remaining"]))
            left, right = compare(*(after if is_after and after is not None else before for before, after in texts))
            names = ("doc_id", "url", "host", "language", "variant", "title", "outcome", "n_chars")
            shown["repeats"] = {name: kept[name] for name in names} | {"parts": _plain(right)}
        elif remaining is not None:
            left, right = compare(text, remaining)
            shown["remaining"] = _plain(right)
        else:
            left = [Part(text, False)] if text else []
        return shown | {"parts": _plain(left)}

    def mark_of(self, doc_id: str, label: Any) -> Mark | None:
        """Returns a mark of a document, with its text as later stages left it; None if the document is unknown."""
        row = self._read(doc_id)
        if row is None:
            return None
        text = row["remaining"] or row["text"] or ""
        return Mark(doc_id, row["url"], row["language"], text, label, row["reason"], row["stage"])

    def _read(self, doc_id: str) -> Values | None:
        query = (
            "SELECT * FROM documents JOIN details USING (position) JOIN measures USING (position)"
            " JOIN texts USING (position) WHERE documents.doc_id = ?"
        )
        rows = self._query(query, [doc_id])
        return dict(rows[0]) if rows else None

    def _query(self, query: str, parameters: Sequence[Any] = ()) -> list[sqlite3.Row]:
        with self._lock:
            return self._database.execute(query, parameters).fetchall()


def _plain(parts: Sequence[Part]) -> list[list[Any]]:
    return [list(part) for part in parts]
