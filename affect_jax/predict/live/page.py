"""A page on this machine that shows the session: the picture with the predictions, and the numbers below it.

It works with any browser, also through an SSH tunnel, where a window of OpenCV would need a screen. Only this machine
can reach it, and only who knows its address, which holds a random word: other users of the machine do not see the
camera.
"""

import http.server
import secrets
import threading
from typing import Any

import cv2
import numpy as np
from jaxtyping import UInt8

HOST = "127.0.0.1"
BOUNDARY = "frame"
JPEG_QUALITY = 80
PAGE = b"""<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>affect_jax live</title>
<style>
  body { margin: 0; background: #10141a; color: #e4e4e4; font: 16px system-ui, sans-serif; text-align: center }
  img { max-width: 100%; max-height: 82vh }
  pre { white-space: pre-wrap; font: 15px ui-monospace, monospace }
</style>
<img src="frames" alt="The camera with faces and predictions">
<pre id="numbers"></pre>
<script>
  const numbers = document.getElementById("numbers")
  const update = async () => {
    try { numbers.textContent = await (await fetch("numbers")).text() }
    catch { numbers.textContent += "\nThe session has ended."; clearInterval(timer) }
  }
  const timer = setInterval(update, 500)
</script>
</html>
"""


class Page:
    """A server on a free port; pictures are only needed while somebody looks."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._jpeg = b""
        self._number = 0
        self._numbers = ""
        self._viewers = 0
        self._closed = False
        word = secrets.token_urlsafe(12)
        self._server = http.server.ThreadingHTTPServer((HOST, 0), _handler(self, f"/{word}/"))
        self._server.daemon_threads = True
        self.address = f"http://{HOST}:{self._server.server_address[1]}/{word}/"
        threading.Thread(target=self._server.serve_forever, name="page", daemon=True).start()

    @property
    def is_watched(self) -> bool:
        """Whether a browser shows the page."""
        return self._viewers > 0

    def show(self, image: UInt8[np.ndarray, "height width 3"]) -> None:
        """Shows the next picture."""
        _, data = cv2.imencode(".jpg", image[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])
        with self._changed:
            self._jpeg, self._number = data.tobytes(), self._number + 1
            self._changed.notify_all()

    def write(self, numbers: str) -> None:
        """Replaces the text below the picture."""
        self._numbers = numbers

    def close(self) -> None:
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        self._server.shutdown()
        self._server.server_close()

    def numbers(self) -> bytes:
        """The text below the picture."""
        return self._numbers.encode()

    def send_pictures(self, file: Any) -> None:
        """Sends pictures to one browser until it goes away; it gets the newest one when it is ready for it."""
        sent = self._number if not self._jpeg else self._number - 1
        self._viewers += 1
        try:
            while not self._closed:
                with self._changed:
                    while self._number == sent and not self._closed:
                        self._changed.wait()
                    jpeg, sent = self._jpeg, self._number
                if not self._closed:
                    head = f"--{BOUNDARY}\r\nContent-Type: image/jpeg\r\nContent-Length: {len(jpeg)}\r\n\r\n"
                    file.write(head.encode() + jpeg + b"\r\n")
        finally:
            self._viewers -= 1


def _handler(page: Page, root: str) -> type[http.server.BaseHTTPRequestHandler]:
    contents = {
        root: ("text/html; charset=utf-8", lambda: PAGE),
        f"{root}numbers": ("text/plain; charset=utf-8", page.numbers),
    }

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if self.path == f"{root}frames":
                self._begin(f"multipart/x-mixed-replace; boundary={BOUNDARY}")
                try:
                    page.send_pictures(self.wfile)
                except OSError:  # the browser has gone
                    pass
            elif self.path in contents:
                kind, content = contents[self.path]
                data = content()
                self._begin(kind, len(data))
                self.wfile.write(data)
            else:
                self.send_error(404)

        def _begin(self, kind: str, length: int | None = None) -> None:
            self.send_response(200)
            self.send_header("Content-Type", kind)
            self.send_header("Cache-Control", "no-store")
            if length is not None:
                self.send_header("Content-Length", str(length))
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            """Writes nothing: the terminal shows the numbers of the session."""

    return Handler
