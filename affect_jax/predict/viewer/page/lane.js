"use strict";
// Marks on the screen: the lane below the curves, and the table in which they are changed.

class Lane {
  constructor(place, table, marks, curves, clock) {
    Object.assign(this, { place, table, marks, curves, clock });
    this.chosen = null;
    this.needle = make("div", { className: "needle" });
    place.addEventListener("pointerdown", (event) => this._press(event));
    place.addEventListener("pointermove", (event) => this._drag(event));
    place.addEventListener("pointerup", (event) => this._release(event));
    place.addEventListener("pointercancel", () => (this.pressed = null));
  }

  word() {
    return byId("word").value.trim() || byId("word").placeholder;
  }

  markMoment(name) {
    this._select(this.marks.add(name, this.clock.seconds, this.clock.seconds));
    report(`${name} at ${clockText(this.clock.seconds, 3)}`);
  }

  /** Begins a stretch at this moment, or ends the one of this name. */
  toggle(name) {
    const start = this.marks.open[name];
    if (start === undefined) {
      this.marks.begin(name, this.clock.seconds);
      report(`${name} begins at ${clockText(this.clock.seconds, 3)}; the same key or button ends it`);
      return;
    }
    this._select(this.marks.end(name, this.clock.seconds));
    report(`${name} from ${clockText(start, 3)} to ${clockText(this.clock.seconds, 3)}`);
  }

  remove(mark = this.chosen) {
    if (!mark) return;
    if (mark === this.chosen) this.chosen = null;
    this.marks.remove(mark);
    report(`${mark.name} removed; Undo brings it back`);
  }

  /** Moves an end of the chosen mark to this moment. */
  moveEnd(field) {
    if (this.chosen) this._select(this.marks.change(this.chosen, { [field]: this.clock.seconds }));
  }

  /** Goes to the next mark, or to the one before. */
  jump(direction) {
    const now = this.clock.seconds;
    const later = this.marks.list.filter((mark) => (mark.start - now) * direction > TOLERANCE_SECONDS);
    const mark = direction > 0 ? later[0] : later[later.length - 1];
    if (!mark) return;
    this.clock.goTo(mark.start);
    this._select(mark);
  }

  _select(mark) {
    this.chosen = mark;
    this.draw();
  }

  _press(event) {
    if (event.button || event.target !== this.place) return;
    this.place.setPointerCapture(event.pointerId);
    this.pressed = { x: event.clientX, seconds: this.curves.secondsAt(event.clientX) };
    this.clock.goTo(this.pressed.seconds);
  }

  _drag(event) {
    if (this.pressed) this.clock.goTo(this.curves.secondsAt(event.clientX));
  }

  _release(event) {
    if (!this.pressed) return;
    const { x, seconds } = this.pressed;
    this.pressed = null;
    if (Math.abs(event.clientX - x) < 5) return;
    const start = this.clock.trace.times[this.clock.trace.frameAt(seconds)];
    this._select(this.marks.add(this.word(), start, this.clock.seconds));
    report(`${this.word()} from ${clockText(Math.min(start, this.clock.seconds), 3)} on`);
  }

  draw() {
    if (!this.marks.list.includes(this.chosen)) this.chosen = null;
    this.drawMarks();
    this._drawTable();
    byId("mark-exclude").setAttribute("aria-pressed", "exclude" in this.marks.open);
    byId("mark-word").setAttribute("aria-pressed", this.word() in this.marks.open);
    byId("mark-word").firstChild.textContent = this.word() in this.marks.open ? "End " : "Begin ";
    byId("undo").disabled = !this.marks.before.length;
    byId("no-marks").hidden = this.marks.list.length > 0;
    const names = [...new Set(this.marks.list.map((mark) => mark.name))].filter((name) => name !== "event" && name !== "exclude");
    byId("words").replaceChildren(...names.map((name) => make("option", { value: name })));
  }

  _share(seconds) {
    const { from, to } = this.curves.view;
    return (100 * (seconds - from)) / (to - from);
  }

  /** The marks that are in sight, in the lane. */
  drawMarks() {
    const { from, to } = this.curves.view;
    const seen = this.marks.list.filter((mark) => mark.end >= from && mark.start <= to);
    this.place.replaceChildren(...seen.map((mark) => this._bar(mark)));
    for (const [name, start] of Object.entries(this.marks.open)) this.place.append(this._openBar(name, start));
    this.place.append(this.needle);
    this.moveNeedle();
  }

  _bar(mark) {
    const text = `${mark.name}, ${clockText(mark.start, 3)} to ${clockText(mark.end, 3)}`;
    const bar = make("button", { type: "button", className: "mark", textContent: mark.name, title: text });
    bar.dataset.name = mark.name;
    bar.setAttribute("aria-label", text);
    bar.classList.toggle("chosen", mark === this.chosen);
    bar.classList.toggle("moment", mark.start === mark.end);
    bar.style.left = `${Math.max(0, this._share(mark.start))}%`;
    bar.style.width = `${Math.min(100, this._share(mark.end)) - Math.max(0, this._share(mark.start))}%`;
    bar.addEventListener("click", () => {
      this.clock.goTo(mark.start);
      this._select(mark);
    });
    return bar;
  }

  _openBar(name, start) {
    const bar = make("div", { className: "mark open", textContent: name });
    bar.dataset.name = name;
    bar.dataset.start = start;
    return bar;
  }

  moveNeedle() {
    this.needle.style.left = `calc(${this._share(this.clock.seconds)}% - 1px)`;
    for (const bar of this.place.querySelectorAll(".open")) {
      const ends = [Number(bar.dataset.start), this.clock.seconds].sort((one, other) => one - other);
      const left = Math.max(0, this._share(ends[0]));
      bar.style.left = `${left}%`;
      bar.style.width = `${Math.max(0, Math.min(100, this._share(ends[1])) - left)}%`;
    }
  }

  _drawTable() {
    const focus = document.activeElement?.dataset?.cell;
    this.table.replaceChildren(...this.marks.list.map((mark, row) => this._row(mark, row)));
    if (focus) this.table.querySelector(`[data-cell="${focus}"]`)?.focus();
  }

  _row(mark, row) {
    const cell = (field, label, text, read) => {
      const input = make("input", { type: "text", value: text });
      input.setAttribute("aria-label", `${label} of mark ${row + 1}`);
      input.dataset.cell = `${field}-${row}`;
      if (field === "note") input.placeholder = "note";
      if (field === "start" || field === "end") input.inputMode = "decimal";
      input.addEventListener("change", () => {
        const value = read(input.value);
        if (value === null) {
          report(`"${input.value}" is not a ${field === "name" ? "name" : "time in seconds"}`);
          input.value = text;
        } else this._select(this.marks.change(mark, { [field]: value }));
      });
      return make("td", {}, [input]);
    };
    const seconds = (text) => (text.trim() && Number(text) >= 0 ? Number(text) : null);
    const remove = make("button", { type: "button", textContent: "Remove" });
    remove.setAttribute("aria-label", `Remove mark ${row + 1}, ${mark.name}`);
    remove.addEventListener("click", () => this.remove(mark));
    const go = make("button", { type: "button", textContent: "Go" });
    go.setAttribute("aria-label", `Go to mark ${row + 1}, ${mark.name}`);
    go.addEventListener("click", () => {
      this.clock.goTo(mark.start);
      this._select(mark);
    });
    return make("tr", { className: mark === this.chosen ? "chosen" : "" }, [
      cell("name", "Name", mark.name, (text) => text.trim() || null),
      cell("start", "Start", mark.start.toFixed(3), seconds),
      cell("end", "End", mark.end.toFixed(3), seconds),
      cell("note", "Note", mark.note, (text) => text),
      make("td", {}, [go, " ", remove]),
    ]);
  }
}
