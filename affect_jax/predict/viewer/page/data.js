"use strict";
// The tables of the recording: unpacked, searched by time, and reduced to what a screen can show.

const NO_FACE = -1;
const TOLERANCE_SECONDS = 0.0005; // between the clocks of the table and of the browser
const KINDS = { f4: Float32Array, f8: Float64Array, i4: Int32Array, i2: Int16Array };

function unpack(packed) {
  const text = atob(packed.data);
  const bytes = new Uint8Array(text.length);
  for (let place = 0; place < text.length; place++) bytes[place] = text.charCodeAt(place);
  return new KINDS[packed.kind](bytes.buffer);
}

/** The place of the last of increasing times that is at most `seconds`; -1 if all are later. */
function lastAtMost(times, seconds) {
  let low = 0;
  let high = times.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (times[middle] <= seconds) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

/**
 * The least and greatest value, and the first and last, in each of `count` equal parts of a stretch of time; NaN where
 * there is none. The rows are those of one face, in order of time.
 */
function decimate(times, values, from, to, count) {
  const parts = { low: [], high: [], first: [], last: [] };
  for (const name in parts) parts[name] = new Float32Array(count).fill(NaN);
  const scale = count / (to - from);
  for (let row = Math.max(0, lastAtMost(times, from)); row < times.length; row++) {
    const value = values[row];
    const part = Math.floor((times[row] - from) * scale);
    if (part >= count) break;
    if (part < 0 || Number.isNaN(value)) continue;
    if (!(parts.low[part] <= value)) parts.low[part] = value;
    if (!(parts.high[part] >= value)) parts.high[part] = value;
    if (Number.isNaN(parts.first[part])) parts.first[part] = value;
    parts.last[part] = value;
  }
  return parts;
}

/** One face of a trace: its rows in order of time, with columns of their own. */
class Face {
  constructor(trace, number, rows) {
    this.number = number;
    this.shown = true;
    this.rows = Int32Array.from(rows);
    this.times = Float64Array.from(rows, (row) => trace.time[row]);
    this.places = Int32Array.from(rows, (row) => trace.frameAt(trace.time[row])); // consecutive unless it was away
    this.columns = {};
    for (const name in trace.affect) this.columns[name] = Float32Array.from(rows, (row) => trace.affect[name][row]);
  }

  /** The row at a time, if the face is in the frame of that time. */
  rowAt(place) {
    const found = lastAtMost(this.places, place);
    return found >= 0 && this.places[found] === place ? this.rows[found] : -1;
  }
}

/** The rows of a table: of a prediction, or of labels. */
class Trace {
  constructor(packed, order, curves) {
    this.strengths = curves.filter((curve) => curve.low === 0);
    this.name = packed.name;
    this.isLabel = packed.is_label;
    this.order = order; // 0 for what the page is about
    this.emotions = packed.emotions;
    for (const name of ["time", "frame", "face", "expression"]) this[name] = unpack(packed[name]);
    for (const name of ["box", "landmarks", "probabilities"]) this[name] = packed[name] ? unpack(packed[name]) : null;
    this.landmarkStep = packed.landmark_step;
    this.affect = {};
    for (const name in packed.affect) this.affect[name] = unpack(packed.affect[name]);
    this._findFrames();
    this._findFaces();
  }

  _findFrames() {
    const starts = [];
    for (let row = 0; row < this.time.length; row++) {
      if (!row || this.time[row] > this.time[row - 1]) starts.push(row);
    }
    this.starts = Int32Array.from(starts); // first row of each frame
    this.times = Float64Array.from(starts, (row) => this.time[row]);
    const count = this.times.length;
    this.stepSeconds = count > 1 ? (this.times[count - 1] - this.times[0]) / (count - 1) : 0.04;
    this.endSeconds = this.times[count - 1] + this.stepSeconds;
  }

  _findFaces() {
    const found = new Map();
    for (let row = 0; row < this.face.length; row++) {
      const number = this.face[row];
      if (number === NO_FACE) continue;
      if (!found.has(number)) found.set(number, []);
      found.get(number).push(row);
    }
    const numbers = [...found.keys()].sort((one, other) => one - other);
    this.faces = numbers.map((number) => new Face(this, number, found.get(number)));
  }

  /** The place of the frame that is shown at a time, from 0; the first or last one outside the recording. */
  frameAt(seconds) {
    return Math.max(0, lastAtMost(this.times, seconds + TOLERANCE_SECONDS));
  }

  /** The same, or -1 outside the recording. */
  placeAt(seconds) {
    const isInside = seconds > this.times[0] - TOLERANCE_SECONDS && seconds < this.endSeconds + TOLERANCE_SECONDS;
    return isInside ? this.frameAt(seconds) : -1;
  }

  frameNumber(place) {
    return this.frame[this.starts[place]];
  }

  /** The rows of all faces that are in a frame and not hidden. */
  rowsAt(place) {
    return this.faces.filter((face) => face.shown).map((face) => face.rowAt(place)).filter((row) => row >= 0);
  }

  /** The color of a face; labels of a single face have the color of labels. */
  color(number) {
    return this.isLabel && this.faces.length === 1 ? cssColor("label") : faceColor(number);
  }

  boxOf(row) {
    const box = this.box ? this.box.subarray(4 * row, 4 * row + 4) : null;
    return box && !Number.isNaN(box[0]) ? box : null;
  }

  /** The 68 points of a row as [x, y, x, y, ...] in pixels; null if they are unknown. */
  pointsOf(row) {
    if (!this.landmarks) return null;
    const whole = this.landmarks.subarray(136 * row, 136 * row + 136);
    return whole.some((number) => number) ? Array.from(whole, (number) => number * this.landmarkStep) : null;
  }

  /** The value of a column in a row; NaN where it is unknown. */
  valueOf(column, row) {
    return this.affect[column]?.[row] ?? NaN;
  }

  /** The emotion of a row, with its probability where that is known, or the strongest with its intensity. */
  wordsOf(row) {
    const index = this.expression[row];
    if (index < 0) return this._strongest(row);
    const name = this.emotions[index];
    if (!this.probabilities) return name;
    return `${name} ${Math.round(100 * this.probabilities[this.emotions.length * row + index])} %`;
  }

  _strongest(row) {
    let best = null;
    for (const curve of this.strengths) {
      if (this.valueOf(curve.column, row) > (best ? this.valueOf(best.column, row) : -1)) best = curve;
    }
    return best ? `${best.title} ${numberText(this.valueOf(best.column, row), best)}` : "";
  }
}
