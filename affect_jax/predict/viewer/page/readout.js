"use strict";
// The numbers of this moment: of each face in each table, and the emotions of the first face.

class Readout {
  constructor(body, bars, traces) {
    Object.assign(this, { body, bars, traces });
  }

  draw(seconds) {
    const rows = [];
    for (const trace of this.traces) {
      const place = trace.placeAt(seconds);
      if (this.traces.length > 1) rows.push(heading(trace.name));
      const found = place < 0 ? [] : trace.rowsAt(place);
      rows.push(...found.map((row) => this._row(trace, row)));
      if (!found.length) rows.push(make("tr", {}, [make("td", { colSpan: 4, textContent: "no face" })]));
    }
    this.body.replaceChildren(...rows);
    this._drawBars(seconds);
  }

  _row(trace, row) {
    const chip = make("span", { className: "chip" });
    chip.style.background = trace.color(trace.face[row]);
    return make("tr", {}, [
      make("td", {}, [chip, String(trace.face[row])]),
      ...QUANTITIES.map((quantity) => this._cell(trace, row, quantity)),
      make("td", { textContent: trace.emotionOf(row) }),
    ]);
  }

  _cell(trace, row, quantity) {
    const cell = make("td", { textContent: signed(trace.affect[quantity][row]) });
    const [lower, upper] = ["_lo", "_hi"].map((end) => trace.affect[quantity + end]?.[row] ?? NaN);
    if (!Number.isNaN(lower + upper)) cell.append(make("small", { textContent: `${signed(lower)} to ${signed(upper)}` }));
    return cell;
  }

  _drawBars(seconds) {
    const trace = this.traces[0];
    const rows = trace.rowsAt(trace.frameAt(seconds));
    const row = rows.find((each) => trace.probabilities && trace.expression[each] >= 0);
    this.bars.hidden = row === undefined;
    if (row === undefined) return;
    const count = trace.emotions.length;
    const children = rows.length > 1 ? [make("h3", { textContent: `Emotions of face ${trace.face[row]}` })] : [];
    trace.emotions.forEach((emotion, index) => {
      const share = trace.probabilities[count * row + index];
      const bar = make("div", { className: "bar" }, [make("div")]);
      bar.firstChild.style.width = `${100 * share}%`;
      const name = make("span", { textContent: emotion, className: index === trace.expression[row] ? "best" : "" });
      children.push(name, bar, make("span", { textContent: `${Math.round(100 * share)} %` }));
    });
    this.bars.replaceChildren(...children);
  }
}

function heading(text) {
  return make("tr", {}, [make("th", { colSpan: 4, scope: "rowgroup", textContent: text })]);
}
