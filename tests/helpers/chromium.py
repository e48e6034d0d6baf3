"""Drives a headless Chromium through its DevTools protocol, over a pipe: no other package is needed."""

import base64
import contextlib
import itertools
import json
import os
import select
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from typing import Any

NAMES = ("chromium", "chromium-browser", "google-chrome")
REDIRECT = """
import os, sys
read, write = (os.dup(os.dup(os.dup(int(number)))) for number in sys.argv[1:3])  # neither is now 3 or 4
os.dup2(read, 3)
os.dup2(write, 4)
os.execv(sys.argv[3], sys.argv[3:])
"""
"""Chromium reads commands from descriptor 3 and writes answers to 4."""
MISSING = "no Chromium is on PATH; Debian and Ubuntu: apt-get install chromium"


def find_chromium() -> str | None:
    """Returns the path of a Chromium, if there is one."""
    return next((path for name in NAMES if (path := shutil.which(name))), None)


class Page:
    """One tab. JavaScript errors and messages of the console are collected in `console`."""

    def __init__(self, process: subprocess.Popen[bytes], write: int, read: int) -> None:
        self._process, self._write, self._read = process, write, read
        self._ids = itertools.count(1)
        self._buffer = b""
        self._session: str | None = None
        self.console: list[str] = []
        target = self.send("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.send("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log"):
            self.send(f"{domain}.enable")

    def send(self, method: str, /, **parameters: Any) -> dict[str, Any]:
        """Sends a command and returns its result. Raises RuntimeError if it failed, TimeoutError after a minute."""
        number = next(self._ids)
        message = {"id": number, "method": method, "params": parameters}
        if self._session:
            message["sessionId"] = self._session
        os.write(self._write, json.dumps(message).encode() + b"\0")
        while True:
            answer = self._receive()
            if answer.get("id") == number:
                if "error" in answer:
                    raise RuntimeError(f"{method}: {answer['error']['message']}")
                result: dict[str, Any] = answer["result"]
                return result
            if answer.get("method") in ("Runtime.exceptionThrown", "Runtime.consoleAPICalled", "Log.entryAdded"):
                self.console.append(json.dumps(answer["params"]))

    def _receive(self) -> dict[str, Any]:
        while b"\0" not in self._buffer:
            if not select.select([self._read], [], [], 60)[0]:
                raise TimeoutError("Chromium did not answer for a minute")
            data = os.read(self._read, 1 << 20)
            if not data:
                raise RuntimeError(f"Chromium ended with code {self._process.wait()}")
            self._buffer += data
        line, _, self._buffer = self._buffer.partition(b"\0")
        answer: dict[str, Any] = json.loads(line)
        return answer

    def run(self, script: str) -> Any:
        """Runs JavaScript, waits for its promise, and returns its value."""
        result = self.send("Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True)
        if "exceptionDetails" in result:
            raise RuntimeError(json.dumps(result["exceptionDetails"])[:2000])
        return result["result"].get("value")

    def open(self, url: str) -> None:
        """Goes to an address, without waiting for the page."""
        self.send("Page.navigate", url=url)

    def wait(self, condition: str, seconds: float = 30) -> None:
        """Waits until a JavaScript expression is true. Raises TimeoutError if it does not become so."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            with contextlib.suppress(RuntimeError):  # while a page is loading, there may be nothing to ask
                if self.run(f"Boolean({condition})"):
                    return
            time.sleep(0.02)
        raise TimeoutError(f"not true after {seconds} s: {condition}; console: {self.console}")

    def press(self, key: str) -> None:
        """Presses and releases a key that types a character."""
        for kind in ("keyDown", "keyUp"):
            text = {"text": key} if kind == "keyDown" else {}
            self.send("Input.dispatchKeyEvent", type=kind, key=key, **text)

    def screenshot(self) -> bytes:
        """Returns the visible page as PNG."""
        return base64.b64decode(self.send("Page.captureScreenshot", format="png")["data"])


@contextlib.contextmanager
def chromium(width: int = 1280, height: int = 800, *options: str) -> Iterator[Page]:
    """Starts a Chromium with a profile of its own, and ends it with the block."""
    path = find_chromium()
    assert path, MISSING
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        to_browser, write = os.pipe()
        read, from_browser = os.pipe()
        flags = ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run"]
        flags += ["--remote-debugging-pipe", f"--user-data-dir={profile}", f"--window-size={width},{height}", *options]
        process = subprocess.Popen(
            [sys.executable, "-c", REDIRECT, str(to_browser), str(from_browser), path, *flags],
            pass_fds=(to_browser, from_browser),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        os.close(to_browser)
        os.close(from_browser)
        try:
            page = Page(process, write, read)
            page.send(
                "Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False
            )
            yield page
        finally:
            process.kill()
            process.wait()
            os.close(write)
            os.close(read)
