import json
import os
import signal
import socket
import subprocess
import sys
import urllib.request

import pytest

from sluice.commands.main import main
from tests.helpers.outcomes_run import write_output


@pytest.fixture
def output(tmp_path):
    return write_output(tmp_path / "out")


def test_the_command_serves_the_page_until_it_is_interrupted(output, tmp_path):
    command = [sys.executable, "-m", "sluice", "view", str(output), "--no-browser", "--sample", "4"]
    marks = tmp_path / "mine.jsonl"
    with subprocess.Popen([*command, "--marks", str(marks)], stdout=subprocess.PIPE, text=True) as process:
        lines = [process.stdout.readline().strip() for _ in range(3)]
        assert lines[:2] == ["sample: 4 of 10 documents (40 %), 0 of 2 rejected pages (0 %)", f"marks: {marks}"]
        with urllib.request.urlopen(lines[2], timeout=10) as answer:
            assert b"<title>sluice view</title>" in answer.read()
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=10) == 0


def test_the_address_is_opened_in_the_browser_unless_it_is_only_printed(output, monkeypatch, capsys):
    from sluice.commands import view

    opened = []
    monkeypatch.setattr(view.webbrowser, "open", opened.append)
    monkeypatch.setattr(view.ViewServer, "serve_forever", lambda self: None)
    assert main(["view", str(output)]) == 0
    assert opened[0] in capsys.readouterr().out and opened[0].startswith("http://127.0.0.1:")
    assert main(["view", str(output), "--no-browser"]) == 0
    assert len(opened) == 1


def test_a_port_in_use_and_wrong_numbers_are_errors(output, capsys):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        assert main(["view", str(output), "--no-browser", "--port", str(port)]) == 2
        assert (
            f"Port {port} cannot be used: Address already in use. Choose another with --port."
            in capsys.readouterr().err
        )
    for option in (["--sample", "0"], ["--sample", "500001"], ["--seed", "-1"], ["--port", "65536"]):
        assert main(["view", str(output), "--no-browser", *option]) == 2


def test_a_directory_without_documents_is_an_error(tmp_path, capsys):
    assert main(["view", str(tmp_path)]) == 3
    assert "has no documents to show" in capsys.readouterr().err


def test_damaged_marks_are_an_error_before_anything_is_built(output, capsys):
    (output / "marks.jsonl").write_text("{\n")
    assert main(["view", str(output), "--no-browser"]) == 3
    assert "marks.jsonl, line 1, is not a mark" in capsys.readouterr().err
    assert not os.path.exists(output / "view")


def test_marks_of_one_document_replace_each_other_in_the_next_session(output, monkeypatch):
    from sluice.commands import view

    fields = {"url": None, "language": "en", "text": "t", "reason": None, "stage": None}
    lines = [{"doc_id": "1", "label": label, **fields} for label in ("good", "bad")]
    (output / "marks.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    seen = []
    monkeypatch.setattr(view.ViewServer, "serve_forever", lambda self: seen.append(self.marks.labels))
    assert main(["view", str(output), "--no-browser"]) == 0
    assert seen == [{"1": "bad"}]
