"""Chromium without a window: it opens a page from the disk, answers JavaScript, and takes pictures.

    with Chromium() as browser:
        browser.open(Path("reports/issues.html"), width=390, dark=True)
        browser.evaluate("document.title")
        Path("page.png").write_bytes(browser.picture())

It takes orders through two pipes, in JSON (https://chromedevtools.github.io/devtools-protocol/), so nothing
else has to be installed. Debian's package is `chromium`.
"""

from __future__ import annotations

import base64
import contextlib
import json
import os
import select
import shutil
import subprocess
import tempfile
import time
from pathlib import Path
from types import TracebackType
from typing import Any, Self

NAMES = ("chromium", "chromium-browser", "google-chrome")
PATIENCE = 120.0
"""Seconds to wait for an answer: a page of 200 claims takes a second or two."""
OPTIONS = (
    "--headless=new",
    "--no-sandbox",  # root, as CI is, has no sandbox; what is opened is ours
    "--disable-gpu",
    "--hide-scrollbars",
    "--no-first-run",
    "--disable-background-networking",
    "--proxy-server=127.0.0.1:9",  # nobody listens there: a page that asks the network for something fails
    "--force-color-profile=srgb",
    "--font-render-hinting=none",
    "--remote-debugging-pipe",
)


class BrowserError(Exception):
    """Chromium said no, or nothing."""


def installed() -> str:
    """The program; '' where there is none."""
    return next((found for name in NAMES if (found := shutil.which(name))), "")


class Chromium:
    """A browser with one page; a context manager, which ends it. Raises `BrowserError`."""

    def __init__(self) -> None:
        program = installed()
        if not program:
            raise BrowserError(f"expected one of {', '.join(NAMES)}, found none: apt-get install chromium")
        self._held = contextlib.ExitStack()
        folder = self._held.enter_context(tempfile.TemporaryDirectory(ignore_cleanup_errors=True))
        read_by_it, self._to = os.pipe()
        self._from, written_by_it = os.pipe()
        # Chromium reads from descriptor 3 and writes to 4.
        command = f'exec 3<&{read_by_it} 4>&{written_by_it}; exec "$@"'
        self._process = subprocess.Popen(
            ["bash", "-c", command, "bash", program, *OPTIONS, f"--user-data-dir={folder}", "about:blank"],
            pass_fds=(read_by_it, written_by_it),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        os.close(read_by_it)
        os.close(written_by_it)
        self._unread = bytearray()
        self._number = 0
        self._session = ""
        self._loaded = 0
        target = self._ask("Target.createTarget", url="about:blank")["targetId"]
        self._session = self._ask("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        self._ask("Page.enable")
        self._ask("Page.setBypassCSP", enabled=True)
        # Each page finds the browser as on a first visit: the site keeps which scheme was chosen.
        self._ask("Page.addScriptToEvaluateOnNewDocument", source="try { localStorage.clear() } catch {}")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for descriptor in (self._to, self._from):
            os.close(descriptor)
        self._process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(10)
        self._process.kill()
        self._process.wait()
        self._held.close()

    def open(self, path: Path, *, width: int = 1280, height: int = 900, dark: bool = False) -> None:
        """Load a page and wait until it is there."""
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self._ask("Emulation.setEmulatedMedia", media="screen", features=[scheme])
        self._size(width, height)
        self._loaded = 0
        self._ask("Page.navigate", url=path.resolve().as_uri())
        while not self._loaded:
            self._receive()

    def evaluate(self, script: str) -> Any:
        """What a JavaScript expression gives, as JSON; a promise is awaited."""
        found = self._ask("Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True)
        if "exceptionDetails" in found:
            raise BrowserError(str(found["exceptionDetails"])[:2000])
        return found["result"].get("value")

    def picture(self, *, whole: bool = False) -> bytes:
        """What is seen, as PNG; `whole`: of the page down to its end."""
        clip = {}
        if whole:
            size = self._ask("Page.getLayoutMetrics")["cssContentSize"]
            clip = {"clip": {**size, "scale": 1}, "captureBeyondViewport": True}
        return base64.b64decode(self._ask("Page.captureScreenshot", format="png", **clip)["data"])

    def _size(self, width: int, height: int) -> None:
        size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
        self._ask("Emulation.setDeviceMetricsOverride", **size)

    def _ask(self, method: str, **parameters: object) -> dict[str, Any]:
        self._number += 1
        message: dict[str, object] = {"id": self._number, "method": method, "params": parameters}
        if self._session:
            message["sessionId"] = self._session
        data = json.dumps(message).encode() + b"\0"
        while data:
            data = data[os.write(self._to, data) :]
        while True:
            answer = self._receive()
            if answer.get("id") == self._number:
                if "error" in answer:
                    raise BrowserError(f"{method}: {answer['error']}")
                result: dict[str, Any] = answer["result"]
                return result

    def _receive(self) -> dict[str, Any]:
        end = time.monotonic() + PATIENCE
        while b"\0" not in self._unread:
            if not select.select([self._from], [], [], max(0.0, end - time.monotonic()))[0]:
                raise BrowserError(f"expected an answer of Chromium within {PATIENCE:g} s, found none")
            data = os.read(self._from, 2**20)
            if not data:
                raise BrowserError("Chromium has ended")
            self._unread += data
        text, _, self._unread = self._unread.partition(b"\0")
        message: dict[str, Any] = json.loads(text)
        self._loaded += message.get("method") == "Page.loadEventFired"
        return message
