"use strict";
// The numbers of this moment: of each face in each table, and its emotions and their intensities as bars.

class Readout {
  constructor(table, bars, curves, traces) {
    Object.assign(this, { body: table.tBodies[0], bars, traces });
    this.numbers = curves.filter((curve) => curve.low < 0); // which no bar can show
    this.strengths = curves.filter((curve) => curve.low === 0);
    const isNamed = traces.some((trace) => trace.emotions.length);
    const heads = ["Face", ...this.numbers.map((curve) => upper(curve.title)), isNamed ? "Emotion" : "Strongest"].map(
      (title) => make("th", { scope: "col", textContent: title }),
    );
    this.numbers.forEach((curve, index) => (heads[index + 1].style.color = `var(--${curve.color})`));
    table.tHead.rows[0].replaceChildren(...heads);
    this.columns = heads.length;
  }

  draw(seconds) {
    const rows = [];
    for (const trace of this.traces) {
      const place = trace.placeAt(seconds);
      if (this.traces.length > 1) rows.push(this._across("th", trace.name));
      const found = place < 0 ? [] : trace.rowsAt(place);
      rows.push(...found.map((row) => this._row(trace, row)));
      if (!found.length) rows.push(this._across("td", "no face"));
    }
    this.body.replaceChildren(...rows);
    const bars = [...this._emotions(seconds), ...this._strengths(seconds)];
    this.bars.hidden = !bars.length;
    this.bars.replaceChildren(...bars);
  }

  _across(tag, text) {
    const properties = { colSpan: this.columns, textContent: text, ...(tag === "th" ? { scope: "rowgroup" } : {}) };
    return make("tr", {}, [make(tag, properties)]);
  }

  _row(trace, row) {
    const chip = make("span", { className: "chip" });
    chip.style.background = trace.color(trace.face[row]);
    return make("tr", {}, [
      make("td", {}, [chip, String(trace.face[row])]),
      ...this.numbers.map((curve) => this._number(trace, row, curve)),
      make("td", { textContent: trace.wordsOf(row) }),
    ]);
  }

  _number(trace, row, curve) {
    const cell = make("td", { className: "number", textContent: numberText(trace.valueOf(curve.column, row), curve) });
    cell.style.color = `var(--${curve.color})`;
    const interval = intervalText(trace, row, curve);
    if (interval) cell.append(make("small", { textContent: interval }));
    return cell;
  }

  /** The probabilities of the first face. */
  _emotions(seconds) {
    const trace = this.traces[0];
    const rows = trace.rowsAt(trace.frameAt(seconds));
    const row = rows.find((each) => trace.probabilities && trace.expression[each] >= 0);
    if (row === undefined) return [];
    const count = trace.emotions.length;
    const children = rows.length > 1 ? [make("h3", { textContent: `Emotions of face ${trace.face[row]}` })] : [];
    trace.emotions.forEach((emotion, index) => {
      const share = trace.probabilities[count * row + index];
      children.push(...bar(emotion, share, `${Math.round(100 * share)} %`, index === trace.expression[row] ? "best" : ""));
    });
    return children;
  }

  /** The intensities of every face in every table. */
  _strengths(seconds) {
    const children = [];
    for (const trace of this.traces) {
      const place = trace.placeAt(seconds);
      for (const row of place < 0 ? [] : trace.rowsAt(place)) {
        const curves = this.strengths.filter((curve) => !Number.isNaN(trace.valueOf(curve.column, row)));
        if (!curves.length) continue;
        const whose = this.traces.length > 1 ? `, ${trace.name}` : "";
        children.push(make("h3", { textContent: `Face ${trace.face[row]}${whose}: ${curves[0].caption}` }));
        for (const curve of curves) {
          const value = trace.valueOf(curve.column, row);
          const made = bar(curve.title, value / curve.high, numberText(value, curve), "strength");
          const interval = intervalText(trace, row, curve);
          if (interval) made[2].title = interval;
          children.push(...made);
        }
      }
    }
    return children;
  }
}

/** The name, the bar and the number of a value. */
function bar(title, share, text, className) {
  const track = make("div", { className: "bar" }, [make("div")]);
  track.firstChild.style.width = `${100 * Math.min(1, share)}%`;
  const name = make("span", { textContent: title, className });
  return [name, track, make("span", { textContent: text })];
}

function intervalText(trace, row, curve) {
  const [lower, higher] = ["_lo", "_hi"].map((end) => trace.valueOf(curve.column + end, row));
  return Number.isNaN(lower + higher) ? "" : `${numberText(lower, curve)} to ${numberText(higher, curve)}`;
}

function upper(text) {
  return text[0].toUpperCase() + text.slice(1);
}
