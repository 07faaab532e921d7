"use strict";
// The quantities over time, with intervals, for all faces of all tables; a cursor that can be dragged.

class Curves {
  constructor(place, lines, cursor, shown, traces, onSeek) {
    Object.assign(this, { place, lines, cursor, shown, traces, onSeek });
    place.style.setProperty("--curves", shown.length);
    this.whole = { from: traces[0].times[0], to: traces[0].endSeconds };
    this.view = { ...this.whole };
    this.axes = new Axes(this, traces[0]);
    place.addEventListener("pointerdown", (event) => this._press(event));
    place.addEventListener("pointermove", (event) => this._drag(event));
    place.addEventListener("pointerup", () => (this.dragging = false));
    place.addEventListener("pointercancel", () => (this.dragging = false));
    place.addEventListener("wheel", (event) => this._wheel(event), { passive: false });
  }

  get isWhole() {
    return this.view.from <= this.whole.from && this.view.to >= this.whole.to;
  }

  _press(event) {
    if (event.button) return;
    this.place.setPointerCapture(event.pointerId);
    this.dragging = true;
    this.onSeek(this.secondsAt(event.clientX));
  }

  _drag(event) {
    if (this.dragging) this.onSeek(this.secondsAt(event.clientX));
  }

  _wheel(event) {
    if (!event.ctrlKey && !event.metaKey) return; // the page scrolls
    event.preventDefault();
    this.zoom(event.deltaY > 0 ? 1.25 : 0.8, this.secondsAt(event.clientX));
  }

  secondsAt(clientX) {
    const area = this.place.getBoundingClientRect();
    const share = (clientX - area.left - GUTTER.left) / (area.width - GUTTER.left - GUTTER.right);
    return this.view.from + Math.min(1, Math.max(0, share)) * (this.view.to - this.view.from);
  }

  zoom(factor, around) {
    const whole = this.whole.to - this.whole.from;
    const length = Math.min(whole, Math.max(10 * this.traces[0].stepSeconds, (this.view.to - this.view.from) * factor));
    const share = (around - this.view.from) / (this.view.to - this.view.from);
    this.show(around - share * length, length);
  }

  /** Shows a stretch of the recording, moved inside it. */
  show(from, length) {
    const begin = Math.max(this.whole.from, Math.min(from, this.whole.to - length));
    this.view = { from: begin, to: begin + length };
    this.draw();
    if (this.onView) this.onView();
  }

  showAll() {
    this.show(this.whole.from, this.whole.to - this.whole.from);
  }

  /** Turns to the page of a time that is out of sight. */
  follow(seconds) {
    const length = this.view.to - this.view.from;
    if (!this.dragging && (seconds < this.view.from || seconds > this.view.to)) this.show(seconds - 0.05 * length, length);
  }

  draw() {
    const { context, width, height } = prepare(this.lines);
    const count = this.shown.length;
    const high = (height - GUTTER.bottom - GUTTER.between * (count - 1)) / count;
    const wide = width - GUTTER.left - GUTTER.right;
    this.axes.drawTimes(context, wide, height);
    for (const [index, curve] of this.shown.entries()) {
      const area = { left: GUTTER.left, top: index * (high + GUTTER.between), wide, high };
      this.axes.drawFrame(context, area, curve, curve.caption !== this.shown[index - 1]?.caption);
      context.save();
      context.beginPath();
      context.rect(area.left, area.top, wide, high);
      context.clip();
      for (const trace of [...this.traces].reverse()) {
        for (const face of trace.faces) if (face.shown) this._face(context, area, trace, face, curve);
      }
      context.restore();
    }
    this.drawCursor(this.seconds ?? this.whole.from);
  }

  /** Pixels from the left edge of a plot. */
  x(seconds, wide) {
    return ((seconds - this.view.from) / (this.view.to - this.view.from)) * wide;
  }

  /** Pixels from its upper edge. */
  y(value, high, { low, high: most }) {
    return 3 + ((most - value) / (most - low)) * (high - 6);
  }

  _face(context, area, trace, face, curve) {
    const values = face.columns[curve.column];
    if (!values) return; // this table does not have it
    const color = trace.color(face.number);
    const lower = face.columns[`${curve.column}_lo`];
    const upper = face.columns[`${curve.column}_hi`];
    const y = (value) => area.top + this.y(value, area.high, curve);
    if (lower && upper) this._band(context, area, face, lower, upper, color, y);
    context.strokeStyle = color;
    context.lineWidth = trace.order ? 1.4 : 1.8;
    context.setLineDash(trace.order && !trace.isLabel ? [6, 3] : []);
    context.lineJoin = "round";
    context.beginPath();
    for (const stretch of this._stretches(face, values, area.wide)) {
      stretch.forEach(([x, value], place) => {
        if (place) context.lineTo(area.left + x, y(value));
        else context.moveTo(area.left + x, y(value));
      });
      if (stretch.length === 1) context.lineTo(area.left + stretch[0][0] + 1, y(stretch[0][1]));
    }
    context.stroke();
    context.setLineDash([]);
  }

  _band(context, area, face, lower, upper, color, y) {
    context.fillStyle = color;
    context.globalAlpha = 0.22;
    const below = this._stretches(face, lower, area.wide, "low");
    const above = this._stretches(face, upper, area.wide, "high");
    for (let number = 0; number < Math.min(below.length, above.length); number++) {
      context.beginPath();
      for (const [x, value] of above[number]) context.lineTo(area.left + x, y(value));
      for (const [x, value] of below[number].reverse()) context.lineTo(area.left + x, y(value));
      context.fill();
    }
    context.globalAlpha = 1;
  }

  /**
   * The points [x, value] of a curve that are in sight, in stretches without a gap. Where a pixel has several frames, a
   * curve passes through its least and greatest value, and an edge of a band ("low" or "high") through its own.
   */
  _stretches(face, values, wide, edge = "") {
    const { from, to } = this.view;
    const first = Math.max(0, lastAtMost(face.times, from) - 1);
    const last = Math.min(face.times.length - 1, lastAtMost(face.times, to) + 1);
    const columns = Math.max(1, Math.round(wide));
    if (last - first > 2 * columns) return this._crowded(face, values, columns, wide, edge);
    const stretches = [];
    let current = null;
    for (let row = first; row <= last; row++) {
      if (Number.isNaN(values[row])) current = null;
      else {
        if (!current || face.places[row] - face.places[row - 1] > 1) stretches.push((current = []));
        current.push([this.x(face.times[row], wide), values[row]]);
      }
    }
    return stretches;
  }

  _crowded(face, values, columns, wide, edge) {
    const parts = decimate(face.times, values, this.view.from, this.view.to, columns);
    const pixel = wide / columns;
    const stretches = [];
    let before = -9;
    for (let part = 0; part < columns; part++) {
      if (Number.isNaN(parts.low[part])) continue;
      if (part - before > 2) stretches.push([]);
      before = part;
      const x = (part + 0.5) * pixel;
      const passed = edge ? [edge] : ["first", "low", "high", "last"];
      for (const name of passed) stretches[stretches.length - 1].push([x, parts[name][part]]);
    }
    return stretches;
  }

  drawCursor(seconds) {
    this.seconds = seconds;
    const { context, width, height } = prepare(this.cursor);
    const wide = width - GUTTER.left - GUTTER.right;
    const x = GUTTER.left + this.x(seconds, wide);
    if (x < GUTTER.left - 1 || x > GUTTER.left + wide + 1) return;
    context.fillStyle = cssColor("ink");
    context.fillRect(Math.round(x) - 1, 0, 2, height - GUTTER.bottom + 4);
    context.beginPath();
    context.arc(Math.round(x), height - GUTTER.bottom + 5, 5, 0, 2 * Math.PI);
    context.fill();
  }
}
