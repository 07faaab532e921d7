"""Writes the page: the template with its style, its scripts and the recording in it."""

import base64
import dataclasses
import hashlib
import html
import json
import pathlib
import string
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from affect_jax.draw import colors
from affect_jax.files.atomic import open_atomically
from affect_jax.files.kinds import printable
from affect_jax.predict.viewer.film import Film
from affect_jax.predict.viewer.trace import Trace
from affect_jax.quantities.registry import ANY_SET, charted

FOLDER = pathlib.Path(__file__).parent / "page"
SCRIPTS = (
    *("elements", "data", "clock", "stage", "circumplex", "axes", "curves", "marks", "lane", "readout", "keys"),
    *("main", "controls"),  # which use all others
)
# Of what a page may load: itself, and the video beside it or chosen by the user. Nothing from a network.
POLICY = "default-src 'none'; media-src 'self' file: blob:; img-src data:; style-src {style}; script-src {scripts}"


@dataclasses.dataclass(frozen=True)
class Recording:
    """All that a page shows.

    Attributes:
        source: the name of the recording in its table.
        film: its video.
        start_seconds: the video's own time stamp of time 0.
        traces: of the prediction first, and then what it is compared with.
        facts: sentences and names that a reader should know, such as the network.
    """

    source: str
    film: Film
    start_seconds: float
    traces: Sequence[Trace]
    facts: Sequence[str] = ()


def write_page(recording: Recording, path: pathlib.Path) -> None:
    """Writes a page that needs no other file than the video."""
    style = (FOLDER / "style.css").read_text(encoding="utf-8").replace("/* colors */", _color_rules())
    scripts = [(FOLDER / f"{name}.js").read_text(encoding="utf-8") for name in SCRIPTS]
    policy = POLICY.format(style=_hashed(style), scripts=" ".join(map(_hashed, scripts)))
    page = string.Template((FOLDER / "page.html").read_text(encoding="utf-8")).substitute(
        policy=html.escape(policy),
        title=html.escape(printable(recording.film.name or recording.traces[0].name)),
        style=style,
        recording=_safe_json(_content(recording)),
        scripts="\n".join(f"<script>{script}</script>" for script in scripts),
    )
    with open_atomically(path) as file:
        file.write(page)


def _content(recording: Recording) -> dict[str, Any]:
    times = np.unique(recording.traces[0].time_seconds)
    return {
        "source": printable(recording.source),
        # Marks are kept by this, so that they belong to the recording and not to one of its predictions.
        "key": hashlib.sha256(recording.source.encode("utf-8", "surrogateescape") + times.tobytes()).hexdigest()[:16],
        "film": dataclasses.asdict(recording.film),
        "start_seconds": recording.start_seconds,
        "facts": list(recording.facts),
        "curves": _curves(recording.traces),
        "traces": [_packed_trace(trace) for trace in recording.traces],
    }


def _curves(traces: Sequence[Trace]) -> list[dict[str, Any]]:
    """How the page shows each column that one of the traces has: its title, color, limits and the format of numbers."""
    found = []
    for each in charted({name for trace in traces for name in trace.affect}):
        low, high = each.limits
        shown = {"low": low, "high": high, "digits": each.digits, "caption": each.caption}
        for column, title in zip(each.columns(ANY_SET), each.component_names(ANY_SET), strict=True):
            found.append({"column": column, "title": title, "color": each.color or column, **shown})
    return found


def _packed_trace(trace: Trace) -> dict[str, Any]:
    packed: dict[str, Any] = {
        "name": trace.name,
        "is_label": trace.is_label,
        "emotions": trace.emotions,
        "time": _pack(trace.time_seconds, "f8"),
        "frame": _pack(trace.frame, "i4"),
        "face": _pack(trace.face, "i4"),
        "expression": _pack(trace.expression, "i2"),
        "affect": {name: _pack(values, "f4") for name, values in trace.affect.items()},
    }
    if trace.probabilities is not None:
        packed["probabilities"] = _pack(trace.probabilities, "f4")
    if trace.box is not None:
        packed["box"] = _pack(trace.box, "f4")
    if trace.landmarks is not None:
        packed |= _pack_landmarks(trace.landmarks)
    return packed


def _pack_landmarks(landmarks: np.ndarray) -> dict[str, Any]:
    """As whole multiples of a step, about 0.02 px in a frame of 640 px: half the size of floats."""
    known = np.isfinite(landmarks).all((-2, -1))
    step = max(float(np.abs(landmarks[known]).max(initial=0)) / 32767, 1e-6)
    whole = np.where(known[:, None, None], np.round(landmarks / step), 0)
    return {"landmarks": _pack(whole, "i2"), "landmark_step": step}


def _pack(values: np.ndarray, kind: str) -> dict[str, str]:
    """Numbers as base64 of their little-endian bytes; `kind` is as in NumPy."""
    data = np.ascontiguousarray(values, f"<{kind}").tobytes()
    return {"kind": kind, "data": base64.b64encode(data).decode("ascii")}


def _safe_json(content: Mapping[str, Any]) -> str:
    """JSON that can stand in a script element, whatever texts it holds."""
    text = json.dumps(content, separators=(",", ":"), allow_nan=False)
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _hashed(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode('ascii')}'"


def _color_rules() -> str:
    """Colors of both themes as variables of CSS."""
    fixed = {"valence": colors.VALENCE, "arousal": colors.AROUSAL, "emotion": colors.EMOTION, "label": colors.LABEL}
    all_colors = fixed | {f"face-{number}": color for number, color in enumerate(colors.FACES)}
    light = "".join(f"--{name}: {color.on_white};" for name, color in all_colors.items())
    dark = "".join(f"--{name}: {colors.rgb_to_hex(color.on_image)};" for name, color in all_colors.items())
    images = "".join(
        f"--on-image-face-{number}: {colors.rgb_to_hex(color.on_image)};" for number, color in enumerate(colors.FACES)
    )
    return f":root {{ {light} {images} --faces: {len(colors.FACES)}; }} :root[data-theme=dark] {{ {dark} }}"
