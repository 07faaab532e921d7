"use strict";
// The faces over the video: box, landmarks and emotion of each, in the color of its number.

class Stage {
  constructor(stage, video, canvas, trace, film) {
    Object.assign(this, { stage, video, canvas, trace, film });
    this.shows = { box: true, landmarks: true, emotion: true };
    video.addEventListener("loadedmetadata", () => this.fit());
    this.fit();
  }

  /** Gives the stage the shape of the video as the browser shows it. */
  fit() {
    const width = this.video.videoWidth || this.film.width || 640;
    const height = this.video.videoHeight || this.film.height || 360;
    this.stage.style.aspectRatio = `${width} / ${height}`;
    this.stage.style.width = `min(100%, ${Math.round((Math.max(240, window.innerHeight * 0.62) * width) / height)}px)`;
  }

  draw(place) {
    const { context, width, height } = prepare(this.canvas);
    const x = width / (this.film.width || this.video.videoWidth || 1); // of the pixels that the table counts in
    const y = height / (this.film.height || this.video.videoHeight || 1);
    if (!this.film.width && !this.video.videoWidth) return;
    let line = 0; // of faces without a box
    for (const row of this.trace.rowsAt(place)) {
      const color = faceColor(this.trace.face[row], true);
      const box = this.trace.boxOf(row);
      if (this.shows.landmarks) this._points(context, this.trace.pointsOf(row), x, y, color);
      if (box && this.shows.box) this._box(context, [box[0] * x, box[1] * y, box[2] * x, box[3] * y], color);
      if (!this.shows.emotion) continue;
      const left = box ? box[0] * x : 6;
      const top = box ? box[1] * y - 22 : 6 + 24 * line++;
      this._label(context, row, left, top, width, height, color);
    }
  }

  _box(context, [left, top, width, height], color) {
    const arm = 0.18 * Math.min(width, height);
    for (const [style, wide] of [["#000a", 4], [color, 2]]) {
      context.strokeStyle = style;
      context.lineWidth = wide;
      context.beginPath();
      for (const [x, inward] of [[left, arm], [left + width, -arm]]) {
        for (const [y, down] of [[top, arm], [top + height, -arm]]) {
          context.moveTo(x + inward, y);
          context.lineTo(x, y);
          context.lineTo(x, y + down);
        }
      }
      context.stroke();
    }
  }

  _points(context, points, x, y, color) {
    if (!points) return;
    for (const [style, radius] of [["#000a", 2.2], [color, 1.4]]) {
      context.fillStyle = style;
      context.beginPath();
      for (let place = 0; place < points.length; place += 2) {
        const [left, top] = [points[place] * x, points[place + 1] * y];
        context.moveTo(left + radius, top);
        context.arc(left, top, radius, 0, 2 * Math.PI);
      }
      context.fill();
    }
  }

  _label(context, row, left, top, width, height, color) {
    const text = `${this.trace.face[row]}  ${this.trace.wordsOf(row)}`.trim();
    context.font = "600 13px system-ui, sans-serif";
    const wide = context.measureText(text).width + 12;
    const x = Math.max(2, Math.min(left, width - wide - 2));
    const y = Math.max(2, Math.min(top, height - 22));
    context.fillStyle = "#10141acc";
    context.beginPath();
    context.roundRect(x, y, wide, 19, 4);
    context.fill();
    context.fillStyle = color;
    context.textBaseline = "middle";
    context.fillText(text, x + 6, y + 10);
  }
}
