"""A page that runs the ONNX file on a picture in the browser: one file, which needs neither a server nor a network."""

import base64
import datetime
import gzip
import html
import json
import pathlib
import tempfile
from typing import Any, NoReturn

from affect_jax.experiment.config.errors import UsageError
from affect_jax.experiment.export import onnx, onnx_web
from affect_jax.experiment.export.onnx_child import ONE_FACE
from affect_jax.experiment.export.sidecar import describe
from affect_jax.experiment.export.source import Source
from affect_jax.files.checksum import sha256
from affect_jax.nn.network import names

PAGE = "index.html"
TEMPLATE = pathlib.Path(__file__).with_name("page.html")
MOST_BYTES = 15_000_000


def require_possible(source: Source) -> None:
    """UsageError for a network that takes more than one picture, or is too large for a page."""
    if source.run.contract.over_time:
        raise UsageError(
            f"{source.workdir} holds a clip network; --format=web is a page for one picture, so it needs a static one"
        )
    weights = sum(array.nbytes for array in names(source.variables).values())
    if weights > MOST_BYTES:  # they hardly shrink, and grow by a third as text
        _refuse_size(f"the weights of {source.workdir} alone have {weights / 1e6:.1f} MB")


def write(source: Source, folder: pathlib.Path) -> dict[str, Any]:
    """Writes the page; returns what export.json says of it. UsageError if it would be too large."""
    require_possible(source)
    runtime = onnx_web.files()
    if (folder / ONE_FACE).is_file():  # --format=onnx,web
        page = render(source, (folder / ONE_FACE).read_bytes(), runtime)
    else:
        with tempfile.TemporaryDirectory() as temporary:
            onnx.write(source, pathlib.Path(temporary))
            page = render(source, (pathlib.Path(temporary) / ONE_FACE).read_bytes(), runtime)
    if len(page) > MOST_BYTES:
        _refuse_size(f"the page would have {len(page) / 1e6:.1f} MB")
    (folder / PAGE).write_bytes(page)
    return {PAGE: {"onnxruntime-web": onnx_web.VERSION, "sha256": sha256(folder / PAGE)}}


def _refuse_size(problem: str) -> NoReturn:
    raise UsageError(
        f"--format=web: {problem}; pages of at most {MOST_BYTES / 1e6:.0f} MB are written. --format=onnx exports the "
        "network alone"
    )


def render(source: Source, model: bytes, runtime: dict[str, pathlib.Path]) -> bytes:
    """The page with everything that it runs inside."""
    content = describe(source, datetime.date.today())
    values = {
        "network": html.escape(content["network"]),
        "px": str(source.run.contract.input_px),
        "license": onnx_web.LICENSE,
        "sidecar": _packed(json.dumps(content).encode()),
        "model": _packed(model),
        "runtime": _packed(runtime[onnx_web.RUNTIME].read_bytes()),
        "wasm": _packed(runtime[onnx_web.WASM].read_bytes()),
    }
    page = TEMPLATE.read_text(encoding="utf-8")
    for name, value in values.items():
        page = page.replace("{{" + name + "}}", value)
    return page.encode()


def _packed(data: bytes) -> str:
    return base64.b64encode(gzip.compress(data, mtime=0)).decode()
