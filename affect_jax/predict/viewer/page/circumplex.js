"use strict";
// The circumplex: valence to the right, arousal up, each face as a point with the trail of the last seconds.

const TRAIL_SECONDS = 2;

class Circumplex {
  constructor(place, trace, captioned) {
    this.trace = trace;
    this.canvas = make("canvas", { role: "img" });
    this.canvas.setAttribute("aria-label", `Circumplex of ${trace.name}`);
    place.append(make("figure", {}, [this.canvas, ...(captioned ? [make("figcaption", { textContent: trace.name })] : [])]));
  }

  draw(seconds) {
    const { context, width, height } = prepare(this.canvas);
    const radius = Math.min(width, height) / 2 - 22;
    const at = (valence, arousal) => [width / 2 + valence * radius, height / 2 - arousal * radius];
    this._axes(context, width / 2, height / 2, radius);
    const place = this.trace.placeAt(seconds);
    if (place < 0) return;
    for (const face of this.trace.faces) {
      if (!face.shown) continue;
      context.strokeStyle = context.fillStyle = this.trace.color(face.number);
      const stop = lastAtMost(face.places, place);
      this._trail(context, face, stop, place, at);
      if (stop >= 0 && face.places[stop] === place) this._point(context, face, stop, at);
    }
    context.globalAlpha = 1;
  }

  _axes(context, x, y, radius) {
    context.strokeStyle = cssColor("rule");
    context.lineWidth = 1;
    context.beginPath();
    context.arc(x, y, radius, 0, 2 * Math.PI);
    context.moveTo(x - radius, y);
    context.lineTo(x + radius, y);
    context.moveTo(x, y - radius);
    context.lineTo(x, y + radius);
    context.strokeRect(x - radius, y - radius, 2 * radius, 2 * radius);
    context.stroke();
    context.font = "11px system-ui, sans-serif";
    context.textAlign = "center";
    context.fillStyle = cssColor("arousal");
    context.fillText("arousal", x, y - radius - 7);
    context.fillStyle = cssColor("valence");
    context.textAlign = "right";
    context.fillText("valence", x + radius, y + radius + 14);
  }

  _trail(context, face, stop, place, at) {
    const { valence, arousal } = face.columns;
    const now = this.trace.times[place];
    context.lineWidth = 2;
    for (let row = stop; row > 0 && now - face.times[row - 1] <= TRAIL_SECONDS; row--) {
      const isJoined = face.places[row] - face.places[row - 1] === 1;
      if (!isJoined || Number.isNaN(valence[row] + valence[row - 1])) continue;
      context.globalAlpha = Math.max(0, 0.7 * (1 - (now - face.times[row]) / TRAIL_SECONDS));
      context.beginPath();
      context.moveTo(...at(valence[row - 1], arousal[row - 1]));
      context.lineTo(...at(valence[row], arousal[row]));
      context.stroke();
    }
  }

  _point(context, face, row, at) {
    const [x, y] = at(face.columns.valence[row], face.columns.arousal[row]);
    if (Number.isNaN(x + y)) return;
    context.globalAlpha = 1;
    context.beginPath();
    context.arc(x, y, 6, 0, 2 * Math.PI);
    context.fill();
    context.strokeStyle = cssColor("paper");
    context.lineWidth = 1.5;
    context.stroke();
    context.fillStyle = cssColor("ink");
    context.textAlign = "left";
    context.font = "600 11px system-ui, sans-serif";
    context.fillText(String(face.number), x + 8, y - 6);
  }
}
