"use strict";
// Marks with names: moments and stretches of the recording. Kept by this browser, exported and imported as CSV.

const HEADER = ["source", "name", "start_seconds", "end_seconds", "start_frame", "end_frame", "note"];

class Marks {
  constructor(key, source, trace, onChange) {
    Object.assign(this, { source, trace, onChange });
    this.key = `affect_jax marks ${key}`;
    this.isKept = true; // by the browser
    this.list = [];
    this.open = Object.create(null); // where stretches that are not ended yet began, by name
    this.before = []; // earlier lists, to go back to
    this.load();
  }

  load() {
    try {
      const { list = [], open = {} } = JSON.parse(localStorage.getItem(this.key) ?? "{}");
      this.list = list.filter((each) => isMark(each));
      this.open = Object.assign(Object.create(null), open);
    } catch {
      this.isKept = false;
    }
  }

  save() {
    try {
      localStorage.setItem(this.key, JSON.stringify({ list: this.list, open: this.open }));
      this.isKept = true;
    } catch {
      this.isKept = false; // private windows, full storage
    }
  }

  _replace(list) {
    this.before.push(this.list);
    if (this.before.length > 200) this.before.shift();
    this.list = [...list].sort((one, other) => one.start - other.start || one.end - other.end);
    this.save();
    this.onChange();
  }

  add(name, start, end, note = "") {
    const mark = { name, start: Math.min(start, end), end: Math.max(start, end), note };
    this._replace([...this.list, mark]);
    return mark;
  }

  begin(name, seconds) {
    this.open[name] = seconds;
    this.save();
    this.onChange();
  }

  end(name, seconds) {
    const start = this.open[name];
    delete this.open[name];
    return this.add(name, start, seconds);
  }

  change(mark, fields) {
    const changed = { ...mark, ...fields };
    if (changed.start > changed.end) [changed.start, changed.end] = [changed.end, changed.start];
    this._replace(this.list.map((each) => (each === mark ? changed : each)));
    return changed;
  }

  remove(mark) {
    this._replace(this.list.filter((each) => each !== mark));
  }

  undo() {
    if (!this.before.length) return;
    this.list = this.before.pop();
    this.save();
    this.onChange();
  }

  toCsv() {
    const lines = this.list.map((mark) => {
      const frames = [mark.start, mark.end].map((seconds) => this.trace.frameNumber(this.trace.frameAt(seconds)));
      return [this.source, mark.name, mark.start.toFixed(3), mark.end.toFixed(3), ...frames, mark.note];
    });
    return [HEADER, ...lines].map((cells) => cells.map(quoted).join(",") + "\n").join("");
  }

  /** Adds the marks of a file that are not there yet, and returns their number; an Error says what is wrong. */
  addCsv(text) {
    const [header, ...lines] = parseCsv(text.replace(/^\ufeff/, ""));
    const columns = ["name", "start_seconds", "end_seconds"].map((name) => (header ?? []).indexOf(name));
    if (columns.includes(-1)) {
      throw new Error(`its first line is "${(header ?? []).join(",").slice(0, 80)}"; expected ${HEADER.join(",")}`);
    }
    const note = header.indexOf("note");
    const found = lines.map((cells, place) => {
      const [name, start, end] = columns.map((column) => cells[column] ?? "");
      const mark = { name, start: toSeconds(start), end: toSeconds(end), note: cells[note] ?? "" };
      if (!isMark(mark)) throw new Error(`mark ${place + 1} is "${cells.join(",").slice(0, 80)}"`);
      return mark;
    });
    const isNew = (mark) => !this.list.some((each) => quotedLine(each) === quotedLine(mark));
    const added = found.filter(isNew);
    if (added.length) this._replace([...this.list, ...added]);
    return added.length;
  }
}

function toSeconds(cell) {
  return cell.trim() ? Number(cell) : NaN;
}

function isMark(mark) {
  const isText = typeof mark.name === "string" && mark.name.trim() !== "" && typeof mark.note === "string";
  return isText && Number.isFinite(mark.start) && Number.isFinite(mark.end) && mark.start <= mark.end;
}

function quotedLine(mark) {
  return [mark.name, mark.start.toFixed(3), mark.end.toFixed(3), mark.note].map(quoted).join(",");
}

function quoted(cell) {
  const text = String(cell);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** The cells of each line that is not empty, as in RFC 4180. */
function parseCsv(text) {
  const lines = [];
  let cells = [];
  let cell = "";
  let isQuoted = false;
  const endLine = () => {
    cells.push(cell);
    if (cells.length > 1 || cells[0].trim()) lines.push(cells);
    [cells, cell] = [[], ""];
  };
  for (let place = 0; place < text.length; place++) {
    const character = text[place];
    if (isQuoted) {
      if (character !== '"') cell += character;
      else if (text[place + 1] === '"') cell += text[++place];
      else isQuoted = false;
    } else if (character === '"') isQuoted = true;
    else if (character === ",") cell = (cells.push(cell), "");
    else if (character === "\n") endLine();
    else if (character !== "\r") cell += character;
  }
  if (cell || cells.length) endLine();
  return lines;
}
