"""A real S3 server (moto, in a separate process) on the loopback interface, and a proxy that injects faults.

The server runs in the environment `.venv-s3`, which scripts/test creates; the client is pyarrow, as in production.
"""

import contextlib
import http.client
import http.server
import os
import socket
import subprocess
import threading
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from sluice.data.storage import remote

ROOT = Path(__file__).parents[2]
SLOW_DOWN = (
    b"<?xml version='1.0'?><Error><Code>SlowDown</Code><Message>Please reduce your request rate.</Message></Error>"
)
HOP_BY_HOP = ("transfer-encoding", "connection", "expect", "content-length")
DENIED = b"<?xml version='1.0'?><Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>"


def server_python():
    """The interpreter with moto. Without one, the test is skipped, or fails if SLUICE_REQUIRE_S3 is set."""
    python = Path(os.environ.get("SLUICE_S3_PYTHON") or ROOT / ".venv-s3" / "bin" / "python")
    if not python.exists():
        missing = f"no S3 server in {python.parent.parent}: scripts/test installs it where a package index is in reach"
        pytest.fail(missing) if os.environ.get("SLUICE_REQUIRE_S3") else pytest.skip(missing)
    return str(python)


@contextlib.contextmanager
def moto():
    """Runs a server during the block; yields its port."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    line = [server_python(), "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    process = subprocess.Popen(line, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
    try:
        deadline = time.monotonic() + 60
        while True:
            assert process.poll() is None and time.monotonic() < deadline, "the S3 server did not start"
            with contextlib.suppress(OSError, urllib.error.URLError):
                urllib.request.urlopen(f"http://127.0.0.1:{port}/moto-api/data.json", timeout=5).close()
                break
            time.sleep(0.1)
        yield port
    finally:
        process.kill()
        process.wait()


def check_credentials(port, after):
    """Makes the server check credentials after `after` requests; "inf" means never."""
    url = f"http://127.0.0.1:{port}/moto-api/reset-auth"
    headers = {"Content-Type": "text/plain"}
    urllib.request.urlopen(urllib.request.Request(url, after.encode(), headers, method="POST"), timeout=10).close()


class Proxy(http.server.ThreadingHTTPServer):
    """Forwards requests, except where a fault applies.

    The first matching item of `faults` applies: `{"left": n, "method": m, "key": k, "status": s}` answers n requests
    with this status, `"cut": bytes` ends a body after this number of bytes, `"unsigned": True` matches only requests
    without credentials.
    """

    def __init__(self, port):
        super().__init__(("127.0.0.1", 0), _Handler)
        self.upstream, self.faults, self.seen = port, [], []
        self.handle_error = lambda *_: None  # tests close connections on purpose
        self.url = f"http://127.0.0.1:{self.server_port}"


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def _forward(self):
        server = self.server
        body = self._body()
        server.seen.append((self.command, self.path, self.headers.get("Range")))
        fault = next((f for f in server.faults if self._matches(f)), None)
        if fault:
            fault["left"] -= 1
        if fault and "status" in fault:
            return self._answer(fault["status"], [], DENIED if fault["status"] == 403 else SLOW_DOWN, None)
        upstream = http.client.HTTPConnection("127.0.0.1", server.upstream, timeout=30)
        headers = {k: v for k, v in self.headers.items() if k.lower() not in HOP_BY_HOP}
        upstream.request(self.command, self.path, body, headers | {"Content-Length": str(len(body))})
        answer = upstream.getresponse()
        headers = [(k, v) for k, v in answer.getheaders() if k.lower() not in HOP_BY_HOP[:2]]
        data = answer.read()
        upstream.close()
        self._answer(answer.status, headers, data, fault and fault.get("cut"))

    def _body(self):
        if self.headers.get("Transfer-Encoding") != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length") or 0))
        body = b""
        while size := int(self.rfile.readline().split(b";")[0], 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return body

    def _matches(self, fault):
        return (
            fault["left"] > 0
            and fault.get("method", self.command) == self.command
            and fault.get("key", "") in self.path
            and not (fault.get("unsigned") and self.headers.get("Authorization"))
        )

    def _answer(self, status, headers, data, cut):
        self.send_response(status)
        names = {name.lower() for name, _ in headers}
        for name, value in headers:
            self.send_header(name, value)
        if "content-length" not in names:
            self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data if cut is None else data[:cut])
        if cut is not None:
            self.close_connection = True

    do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = _forward


@contextlib.contextmanager
def proxy(port):
    """Runs a proxy for the server on `port` during the block; yields it."""
    with Proxy(port) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        yield server
        server.shutdown()


@contextlib.contextmanager
def bucket(url, name, folder):
    """Creates a bucket on the server at `url`, and sets the environment for it during the block; yields its URI.

    `folder`: an existing folder without AWS configuration files.
    """
    with pytest.MonkeyPatch.context() as patch:
        for variable in [variable for variable in os.environ if variable.startswith("AWS_")]:
            patch.delenv(variable)
        for variable, value in {
            "AWS_ENDPOINT_URL": url,
            "AWS_ACCESS_KEY_ID": "k",
            "AWS_SECRET_ACCESS_KEY": "s",
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_SHARED_CREDENTIALS_FILE": str(folder / "none"),
            "AWS_CONFIG_FILE": str(folder / "none"),
        }.items():
            patch.setenv(variable, value)
        remote._filesystem.cache_clear()
        from pyarrow import fs

        fs.S3FileSystem(endpoint_override=url, region="us-east-1", allow_bucket_creation=True).create_dir(name)
        yield f"s3://{name}"
    remote._filesystem.cache_clear()
