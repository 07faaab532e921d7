"""Headless Chromium, driven over pipes by its DevTools protocol."""

import contextlib
import json
import os
import shutil
import subprocess
import time

OPTIONS = ("--headless", "--no-sandbox", "--disable-gpu", "--remote-debugging-pipe", "--no-first-run")
PATIENCE_SECONDS = 60


class Page:
    """A tab."""

    def __init__(self, send, receive):
        self._send, self._receive, self._count, self._session = send, receive, 0, None
        self.requests = []  # addresses that the page asked for
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Network", "DOM"):
            self.call(f"{domain}.enable")

    def call(self, method, **params):
        """The result of one command of the protocol."""
        self._count += 1
        message = {"id": self._count, "method": method, "params": params}
        if self._session:
            message["sessionId"] = self._session
        self._send.write(json.dumps(message).encode() + b"\0")
        self._send.flush()
        while True:
            answer = self._read()
            if answer.get("method") == "Network.requestWillBeSent":
                self.requests.append(answer["params"]["request"]["url"])
            if answer.get("id") == self._count:
                assert "error" not in answer, answer
                return answer["result"]

    def _read(self):
        found = b""
        while not found.endswith(b"\0"):
            byte = self._receive.read(1)
            assert byte, "Chromium ended"
            found += byte
        return json.loads(found[:-1])

    def evaluate(self, expression):
        """The value of an expression in the page."""
        result = self.call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in result, result
        return result["result"].get("value")

    def wait_for(self, expression):
        """The value of an expression once it is true."""
        end = time.monotonic() + PATIENCE_SECONDS
        while not (value := self.evaluate(expression)):
            assert time.monotonic() < end, (
                f"{expression} did not become true; {self.evaluate('document.body?.innerText')}"
            )
            time.sleep(0.05)
        return value

    def choose_file(self, selector, path):
        """Chooses a file in an input, as a person does."""
        root = self.call("DOM.getDocument")["root"]["nodeId"]
        node = self.call("DOM.querySelector", nodeId=root, selector=selector)["nodeId"]
        self.call("DOM.setFileInputFiles", files=[str(path)], nodeId=node)


@contextlib.contextmanager
def open_page(path, folder):
    """Opens a file in a browser whose profile is in `folder`."""
    to_child, send = os.pipe()
    receive, from_child = os.pipe()
    words = " ".join((shutil.which("chromium"), *OPTIONS, f"--user-data-dir={folder}"))
    command = ["/bin/bash", "-c", f"exec {words} 3<&{to_child} 4>&{from_child}"]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    with subprocess.Popen(command, pass_fds=(to_child, from_child), **quiet) as process:
        os.close(to_child)
        os.close(from_child)
        with os.fdopen(send, "wb") as writer, os.fdopen(receive, "rb", buffering=0) as reader:
            try:
                page = Page(writer, reader)
                page.call("Page.navigate", url=path.as_uri())
                page.wait_for("location.protocol == 'file:' && document.readyState == 'complete'")
                yield page
            finally:
                process.terminate()
