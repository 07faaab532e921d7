"use strict";
// What stands behind the curves: scales, names of the quantities, times, and where there is no face.

const GUTTER = { left: 34, right: 8, bottom: 20, between: 10 };
const TICKS = [0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1800, 3600]; // seconds

class Axes {
  constructor(curves, trace) {
    this.curves = curves;
    this.absences = absencesOf(trace);
  }

  drawFrame(context, area, curve, isCaptioned) {
    context.fillStyle = cssColor("raised");
    context.fillRect(area.left, area.top, area.wide, area.high);
    this._absences(context, area);
    context.font = "11px system-ui, sans-serif";
    context.textAlign = "right";
    context.textBaseline = "middle";
    for (const value of ticksOf(curve)) {
      const y = area.top + this.curves.y(value, area.high, curve);
      context.fillStyle = cssColor(value ? "grid" : "rule");
      context.fillRect(area.left, Math.round(y), area.wide, 1);
      context.fillStyle = cssColor("faint");
      const inside = Math.min(area.top + area.high - 6, Math.max(area.top + 6, y));
      const isMain = value === curve.low || value === curve.high || value === (curve.low + curve.high) / 2;
      if (!isMain && area.high < 90) continue;
      context.fillText(value < 0 ? `−${-value}` : String(value), area.left - 5, inside);
    }
    context.textAlign = "left";
    context.font = "600 12px system-ui, sans-serif";
    context.fillStyle = cssColor(curve.color);
    context.fillText(curve.title, area.left + 6, area.top + 10);
    if (!isCaptioned) return;
    const left = area.left + 12 + context.measureText(curve.title).width;
    context.font = "11px system-ui, sans-serif";
    context.fillStyle = cssColor("faint");
    context.fillText(curve.caption, left, area.top + 10);
  }

  /** Shades the stretches in which no frame has a face. */
  _absences(context, area) {
    context.fillStyle = cssColor("no-face");
    for (const [from, to] of this.absences) {
      if (to < this.curves.view.from || from > this.curves.view.to) continue;
      const left = Math.max(0, this.curves.x(from, area.wide));
      const right = Math.min(area.wide, this.curves.x(to, area.wide));
      context.fillRect(area.left + left, area.top, Math.max(1, right - left), area.high);
    }
  }

  drawTimes(context, wide, height) {
    const length = this.curves.view.to - this.curves.view.from;
    const step = TICKS.find((each) => (each / length) * wide >= 64) ?? 7200;
    context.font = "11px system-ui, sans-serif";
    context.textAlign = "center";
    context.textBaseline = "alphabetic";
    for (let tick = Math.ceil(this.curves.view.from / step - 1e-9); tick * step <= this.curves.view.to + 1e-9; tick++) {
      const x = GUTTER.left + this.curves.x(tick * step, wide);
      context.fillStyle = cssColor("rule");
      context.fillRect(Math.round(x), height - GUTTER.bottom, 1, 4);
      context.fillStyle = cssColor("faint");
      const text = clockText(tick * step, step < 0.1 ? 2 : step < 1 ? 1 : 0);
      context.fillText(text, Math.min(GUTTER.left + wide - 8, Math.max(GUTTER.left + 8, x)), height - 4);
    }
  }
}

/** Where lines stand behind a curve: at quarters of its limits. */
function ticksOf(curve) {
  return [0, 1, 2, 3, 4].map((part) => curve.low + (part / 4) * (curve.high - curve.low));
}

/** The stretches [from, to] in which no frame has a face. */
function absencesOf(trace) {
  const found = [];
  for (let place = 0; place < trace.times.length; place++) {
    if (trace.face[trace.starts[place]] !== NO_FACE) continue;
    const to = trace.times[place + 1] ?? trace.endSeconds;
    const last = found[found.length - 1];
    if (last && last[1] === trace.times[place]) last[1] = to;
    else found.push([trace.times[place], to]);
  }
  return found;
}
