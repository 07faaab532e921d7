"use strict";
// Where the recording is: the video's clock translated into the times of the table, and back.

const LONGEST_WAIT_MS = 3000; // for the first frame of a video

/**
 * Follows a video frame by frame, or counts by itself where there is no video.
 *
 * A frame of the table begins at its time stamp. The clock of the browser may start elsewhere (a stream's own first
 * time stamp, in some browsers), so the time of the first frame that it shows is taken for that of the first row.
 */
class Clock {
  constructor(video, trace, startSeconds, onFrame) {
    Object.assign(this, { video, trace, startSeconds, onFrame });
    this.place = 0;
    this.offset = null; // of the browser's clock, in seconds
    this.waiting = null; // the place to go to next, while the video is on its way to another one
    this.moving = false;
    this.hasVideo = false;
    this.isFresh = false; // a video was opened, and has not yet shown its first frame
    this.playing = false; // without a video
    this.rate = 1;
    video.addEventListener("loadedmetadata", () => this._begin());
    video.addEventListener("seeked", () => this._arrive());
    video.addEventListener("timeupdate", () => this._follow());
    if (video.requestVideoFrameCallback) this._watch();
  }

  get seconds() {
    return this.trace.times[this.place];
  }

  get isPlaying() {
    return this.hasVideo ? !this.video.paused && !this.video.ended : this.playing;
  }

  _begin() {
    this.hasVideo = true;
    this.playing = this.moving = false;
    this.offset = null;
    this.isFresh = Boolean(this.video.requestVideoFrameCallback);
    if (this.isFresh) setTimeout(() => this._isReady(), LONGEST_WAIT_MS);
    else this.go(this.place);
  }

  _isReady() {
    if (!this.isFresh) return;
    this.isFresh = false;
    if (this.place) this.go(this.place);
  }

  _watch() {
    this.video.requestVideoFrameCallback((now, frame) => {
      if (this.isFresh) {
        this.offset = frame.mediaTime - this.trace.times[0];
        this._isReady();
      }
      if (!this.moving) this._show(frame.mediaTime);
      this._watch();
    });
  }

  /** Without frame callbacks, and for a video that ends after its last row. */
  _follow() {
    if (!this.video.requestVideoFrameCallback && !this.moving) this._show(this.video.currentTime);
    if (!this.video.requestVideoFrameCallback && this.isPlaying) requestAnimationFrame(() => this._follow());
  }

  _show(mediaSeconds) {
    this._set(this.trace.frameAt(mediaSeconds - this._offset()));
  }

  _offset() {
    if (this.offset !== null) return this.offset;
    const ranges = this.video.seekable;
    return ranges.length && ranges.start(0) > 0 ? this.startSeconds : 0;
  }

  _set(place) {
    this.place = place;
    this.onFrame(place);
  }

  /** Goes to a frame; while the video is still on its way, only the latest wish is kept. */
  go(place) {
    const last = this.trace.times.length - 1;
    this._set(Math.min(Math.max(0, place), last));
    if (!this.hasVideo || this.isFresh) return;
    if (this.moving) {
      this.waiting = this.place;
      return;
    }
    this.moving = true;
    const begin = this.trace.times[this.place];
    const next = this.place < last ? this.trace.times[this.place + 1] : begin + this.trace.stepSeconds;
    // Just after it begins: at its very beginning, rounding could show the frame before.
    this.video.currentTime = begin + this._offset() + Math.min((next - begin) / 4, 0.002);
  }

  _arrive() {
    this.moving = false;
    const place = this.waiting;
    this.waiting = null;
    if (place !== null) this.go(place);
  }

  goTo(seconds) {
    this.go(this.trace.frameAt(seconds));
  }

  step(frames) {
    this.pause();
    this.go(this.place + frames);
  }

  pause() {
    this.video.pause();
    this.playing = false;
  }

  toggle() {
    if (this.isPlaying) {
      this.pause();
    } else if (this.hasVideo) {
      this.video.play().catch((error) => report(`The video cannot be played: ${error.message}`));
    } else {
      if (this.place === this.trace.times.length - 1) this._set(0);
      this.playing = true;
      this._count(performance.now(), this.seconds);
    }
  }

  setRate(rate) {
    this.rate = rate;
    this.video.playbackRate = rate;
    this.video.defaultPlaybackRate = rate;
    if (this.playing) this._count(performance.now(), this.seconds);
  }

  /** Plays without a video, from `seconds` at the moment `start` on. */
  _count(start, seconds) {
    const run = (this.run = {});
    const tick = (now) => {
      if (!this.playing || this.run !== run) return;
      this._set(this.trace.frameAt(seconds + ((now - start) / 1000) * this.rate));
      if (this.place === this.trace.times.length - 1) this.playing = false;
      else requestAnimationFrame(tick);
      if (!this.playing) this.onFrame(this.place);
    };
    requestAnimationFrame(tick);
  }
}
