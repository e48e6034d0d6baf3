import http.client
import json
import threading
from urllib.parse import urlsplit

import pytest

from sluice.view.marks import MarkFile
from sluice.view.server import ViewServer


@pytest.fixture
def server(index, output):
    with ViewServer(0, index, MarkFile(str(output / "marks.jsonl"))) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


@pytest.fixture
def ask(server):
    """`ask(path, body=None, **headers)` returns status, headers and body; None removes a header."""

    def ask(path, body=None, **headers):
        sent = {"Host": server.hosts[0], "X-Sluice-Token": server.token}
        if body is not None:
            sent |= {"Content-Type": "application/json", "Content-Length": str(len(body))}
        sent |= {name.replace("_", "-"): value for name, value in headers.items()}
        connection = http.client.HTTPConnection("127.0.0.1", server.server_port, timeout=10)
        connection.putrequest("GET" if body is None else "POST", path, skip_host=True)
        for name, value in sent.items():
            if value is not None:
                connection.putheader(name, value)
        connection.endheaders(None if body is None else body.encode())
        answer = connection.getresponse()
        data = answer.read().decode()
        connection.close()
        return answer.status, answer.headers, data

    return ask


def test_the_page_has_a_policy_that_allows_only_its_own_script(server, ask):
    assert urlsplit(server.url).hostname == "127.0.0.1" == server.server_address[0]
    status, headers, page = ask(f"/?token={server.token}", X_Sluice_Token=None)
    assert status == 200
    policy = dict(part.strip().split(" ", 1) for part in headers["Content-Security-Policy"].split(";"))
    nonce = policy["script-src"].removeprefix("'nonce-").removesuffix("'")
    assert policy["default-src"] == "'none'" and len(nonce) > 20
    assert page.count("<script") == page.count(f'<script nonce="{nonce}">') == 1
    assert f"'nonce-{nonce}'" not in ask(f"/?token={server.token}")[1]["Content-Security-Policy"]
    assert (headers["Referrer-Policy"], headers["Cache-Control"]) == ("no-referrer", "no-store")


def test_the_page_uses_nothing_from_elsewhere_and_never_html_of_a_string(server):
    assert "http:" not in server.page and "https:" not in server.page
    for name in ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval("):
        assert name not in server.page


@pytest.mark.parametrize(
    "path", ["/", "/?token=wrong", "/api/overview", "/api/search?start=0&count=1", "/api/document?id=1"]
)
def test_nothing_is_given_without_the_token(ask, path):
    status, _, body = ask(path, X_Sluice_Token=None)
    assert status == 403 and "token" in json.loads(body)["error"]
    assert "bridge" not in body


def test_the_token_in_the_address_is_not_enough_for_data(server, ask):
    # a page of another origin could send it in a link, but not in a header
    assert ask(f"/api/overview?token={server.token}", X_Sluice_Token=None)[0] == 403


@pytest.mark.parametrize("host", ["evil.example", "evil.example:{port}", "127.0.0.1", "127.0.0.1:1", None])
def test_another_host_is_refused_as_after_dns_rebinding(server, ask, host):
    host = host and host.format(port=server.server_port)
    assert ask(f"/?token={server.token}", Host=host)[0] == 403
    assert ask("/api/overview", Host=host)[0] == 403
    assert ask("/api/overview", Host=f"localhost:{server.server_port}")[0] == 200


def test_a_mark_is_saved_counted_and_shown(server, ask, output):
    status, _, body = ask("/api/mark", json.dumps({"doc_id": "2", "label": "bad"}), Origin=f"http://{server.hosts[0]}")
    assert (status, json.loads(body)["marks"]["bad"]) == (200, 1)
    (line,) = (output / "marks.jsonl").read_text().splitlines()
    assert json.loads(line) == {
        "doc_id": "2", "url": "https://a.example/2", "language": "en", "text": "Too short.", "label": "bad",
        "reason": "words", "stage": "filter",
    }  # fmt: skip
    assert json.loads(ask("/api/document?id=2")[2])["mark"] == "bad"
    found = json.loads(ask("/api/search?mark=bad&start=0&count=9")[2])
    assert (found["total"], found["rows"][0]["mark"]) == (1, "bad")
    ask("/api/mark", json.dumps({"doc_id": "2", "label": None}))
    assert json.loads(ask("/api/overview")[2])["marks"]["bad"] == 0


def test_the_mark_of_an_edited_document_has_the_remaining_text(ask, output):
    ask("/api/mark", json.dumps({"doc_id": "6", "label": "good"}))
    assert json.loads((output / "marks.jsonl").read_text())["text"] == "A text."


@pytest.mark.parametrize(
    ("status", "change"),
    [
        (403, {"Origin": "http://evil.example"}),
        (403, {"Origin": "null"}),
        (403, {"X_Sluice_Token": None}),
        (415, {"Content_Type": "text/plain"}),
        (413, {"Content_Length": None}),
        (413, {"Content_Length": "10001"}),
    ],
)
def test_a_mark_from_another_page_or_of_another_form_is_refused(ask, output, status, change):
    assert ask("/api/mark", json.dumps({"doc_id": "2", "label": "bad"}), **change)[0] == status
    assert not (output / "marks.jsonl").exists()


@pytest.mark.parametrize(
    "body", ["", "[]", "{", '{"doc_id": "2"}', '{"doc_id": 2, "label": "bad"}', '{"doc_id": "2", "label": "best"}',
             '{"doc_id": "77", "label": "good"}', '{"doc_id": "2", "label": []}']
)  # fmt: skip
def test_a_wrong_mark_is_an_error(ask, output, body):
    status, _, answer = ask("/api/mark", body)
    assert status == 400 and "Expected" in json.loads(answer)["error"]
    assert not (output / "marks.jsonl").exists()


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/api/search?start=0&count=x", 400),
        ("/api/search?start=-1&count=1", 400),
        ("/api/search?start=0&count=1&outcome=lost", 400),
        ("/api/document?id=77", 404),
        ("/../etc/passwd", 404),
        ("/page.html", 404),
    ],
)
def test_a_wrong_request_is_an_error_in_json(ask, path, status):
    found, headers, body = ask(path)
    assert (found, headers["Content-Type"]) == (status, "application/json")
    assert json.loads(body)["error"]


def test_rows_are_given_in_parts(ask):
    whole = json.loads(ask("/api/search?start=0&count=500")[2])
    assert whole["total"] == len(whole["rows"]) == 12
    part = json.loads(ask("/api/search?start=5&count=3")[2])
    assert part["rows"] == whole["rows"][5:8]
    assert json.loads(ask("/api/search?start=99999&count=3")[2])["rows"] == []


def test_a_damaged_index_is_an_error_with_advice(server, ask):
    server.index._database.close()
    status, _, body = ask("/api/search?start=0&count=1")
    assert status == 500 and "Remove the directory `view`" in json.loads(body)["error"]
