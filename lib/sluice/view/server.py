"""The server of the page, on the loopback interface of this machine only.

Other pages in the same browser must not read or mark documents. So each request needs the token of this session, which
they cannot know; a request with another Host, as after DNS rebinding, is refused; and so is a POST from another origin.
The page runs only its own script: texts from the web are never inserted as HTML.
"""

import http.server
import json
import secrets
import sqlite3
from collections.abc import Mapping
from importlib import resources
from typing import Any
from urllib.parse import parse_qs, urlsplit

from sluice.core.errors import SluiceError
from sluice.view.marks import MarkFile
from sluice.view.query import parse_filter
from sluice.view.search import SearchIndex

ADDRESS = "127.0.0.1"
TOKEN_HEADER = "X-Sluice-Token"
MAX_BODY_BYTES = 10_000
MAX_ROWS = 500
LABELS = ("good", "bad", None)

Values = dict[str, Any]


class ViewServer(http.server.ThreadingHTTPServer):
    """Serves one index and one file of marks."""

    daemon_threads = True

    def __init__(self, port: int, index: SearchIndex, marks: MarkFile) -> None:
        """Binds the port; 0 chooses a free one. Raises OSError if it is in use."""
        super().__init__((ADDRESS, port), _Handler)
        self.index, self.marks = index, marks
        self.token = secrets.token_urlsafe(32)
        self.page = read_page()

    @property
    def hosts(self) -> tuple[str, str]:
        """The values of the header Host that are accepted."""
        return f"{ADDRESS}:{self.server_port}", f"localhost:{self.server_port}"

    @property
    def url(self) -> str:
        """The address of the page, with the token."""
        return f"http://{self.hosts[0]}/?token={self.token}"


def read_page() -> str:
    """Returns the page with its style and script. NONCE takes the place of the nonce of an answer."""
    page, style, script = (
        (resources.files("sluice.view") / f"page.{kind}").read_text(encoding="utf-8") for kind in ("html", "css", "js")
    )
    return page.replace("/* page.css */", style).replace("/* page.js */", script)


class _Refusal(Exception):
    """An answer other than 200."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


class _Handler(http.server.BaseHTTPRequestHandler):
    server: ViewServer
    protocol_version = "HTTP/1.1"
    server_version, sys_version = "sluice", ""

    def do_GET(self) -> None:
        """Answers with the page or with data."""
        self._answer(self._get)

    def do_POST(self) -> None:
        """Marks a document."""
        self._answer(self._post)

    def log_message(self, format: str, *args: Any) -> None:
        """Logs nothing: the address has the token."""

    def _answer(self, respond: Any) -> None:
        try:
            respond()
        except _Refusal as e:
            self.close_connection = True  # the body, if any, was not read
            self._send(e.status, json.dumps({"error": str(e)}), "application/json")
        except SluiceError as e:
            self._send(400, json.dumps({"error": str(e)}), "application/json")
        except sqlite3.Error as e:
            message = f"The index cannot be read: {e}. Remove the directory `view` in the output, and start again."
            self._send(500, json.dumps({"error": message}), "application/json")

    def _get(self) -> None:
        path, fields = self._checked()
        index, labels = self.server.index, dict(self.server.marks.labels)
        if path == "/":
            self._send_page()
        elif path == "/api/overview":
            self._send_json(index.overview() | {"marks": self._marks()})
        elif path == "/api/search":
            found = index.positions(parse_filter(fields), labels)
            start, count = (_number(fields, name, most) for name, most in (("start", len(found)), ("count", MAX_ROWS)))
            self._send_json({"total": len(found), "rows": index.rows(found[start : start + count], labels)})
        elif path == "/api/document":
            document = index.document(_last(fields, "id"))
            if document is None:
                raise _Refusal(404, "The document is not in the index. Reload the page.")
            self._send_json(document | {"mark": labels.get(document["doc_id"])})
        else:
            raise _Refusal(404, f"There is nothing at {path}.")

    def _post(self) -> None:
        path, _ = self._checked()
        origin = self.headers.get("Origin")
        if origin is not None and origin not in [f"http://{host}" for host in self.server.hosts]:
            raise _Refusal(403, "This request came from another page.")
        if path != "/api/mark":
            raise _Refusal(404, f"There is nothing at {path}.")
        if self.headers.get_content_type() != "application/json":
            raise _Refusal(415, "Expected application/json.")
        length = self.headers.get("Content-Length", "")
        if not length.isdecimal() or int(length) > MAX_BODY_BYTES:
            raise _Refusal(413, f"Expected at most {MAX_BODY_BYTES} bytes, with their number in Content-Length.")
        try:
            body = json.loads(self.rfile.read(int(length)))
            doc_id, label = body["doc_id"], body["label"]
        except (ValueError, TypeError, KeyError):
            raise _Refusal(400, "Expected a JSON object with doc_id and label.") from None
        mark = self.server.index.mark_of(doc_id, label) if isinstance(doc_id, str) and label in LABELS else None
        if mark is None:
            raise _Refusal(400, "Expected the doc_id of a document and the label good, bad or null.")
        self.server.marks.add(mark)
        self._send_json({"marks": self._marks()})

    def _checked(self) -> tuple[str, Mapping[str, list[str]]]:
        """Returns path and fields of a request that may be answered. Raises _Refusal for any other."""
        if self.headers.get("Host") not in self.server.hosts:
            raise _Refusal(403, f"Expected the host {self.server.hosts[0]}. Open the address that sluice printed.")
        url = urlsplit(self.path)
        fields = parse_qs(url.query)
        token = _last(fields, "token") if url.path == "/" else self.headers.get(TOKEN_HEADER, "")
        if not secrets.compare_digest(token.encode(), self.server.token.encode()):
            raise _Refusal(403, "The token is missing or old. Open the address that sluice printed.")
        return url.path, fields

    def _marks(self) -> Values:
        labels = list(self.server.marks.labels.values())
        return {"path": str(self.server.marks.path), "good": labels.count("good"), "bad": labels.count("bad")}

    def _send_page(self) -> None:
        nonce = secrets.token_urlsafe(16)
        policy = (
            f"default-src 'none'; script-src 'nonce-{nonce}'; style-src 'nonce-{nonce}'; connect-src 'self'; "
            "img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
        )
        page = self.server.page.replace("NONCE", nonce)
        self._send(200, page, "text/html; charset=utf-8", {"Content-Security-Policy": policy})

    def _send_json(self, value: Values) -> None:
        self._send(200, json.dumps(value, ensure_ascii=False, allow_nan=False), "application/json")

    def _send(self, status: int, text: str, kind: str, headers: Mapping[str, str] | None = None) -> None:
        data = text.encode("utf-8", "replace")
        self.send_response(status)
        safe = {
            "Content-Type": kind,
            "Content-Length": str(len(data)),
            "Cache-Control": "no-store",
            "Referrer-Policy": "no-referrer",
            "X-Content-Type-Options": "nosniff",
            "X-Frame-Options": "DENY",
            "Cross-Origin-Resource-Policy": "same-origin",
        }
        for name, value in (safe | dict(headers or {})).items():
            self.send_header(name, value)
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(data)


def _last(fields: Mapping[str, list[str]], name: str) -> str:
    return fields.get(name, [""])[-1]


def _number(fields: Mapping[str, list[str]], name: str, most: int) -> int:
    """Returns a count from a field, at most `most`. Raises _Refusal for anything else."""
    text = _last(fields, name)
    if not text.isascii() or not text.isdecimal() or len(text) > 9:
        raise _Refusal(400, f"Expected a number as {name}.")
    return min(int(text), most)
