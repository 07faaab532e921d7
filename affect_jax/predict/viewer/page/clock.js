"use strict";
// Where the recording is: the video's clock translated into the times of the table, and back.

const LONGEST_WAIT_MS = 3000; // for the first frame of a video
// Where in a frame to seek to, one after the other: soon after it begins, as rounding could show the frame before at its
// very beginning; and later, as browsers guess how long the frame before lasts in files that do not say so.
const AIMS = [(length) => Math.min(length / 4, 0.002), (length) => length / 2, (length) => 0.9 * length];

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
    this.wanted = null; // the place that the video is on its way to, or was last sent to
    this.waiting = null; // the one to go to next
    this.shown = null; // the browser's time of the frame it shows; null while that is not known
    this.tries = 0;
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
    this.hasVideo = this.video.videoWidth > 0; // of some formats, browsers play the sound only
    if (!this.hasVideo) return;
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
      this.shown = frame.mediaTime;
      if (this.isFresh) {
        this.offset = frame.mediaTime - this.trace.times[0];
        this._isReady();
      }
      this._settle();
      this._watch();
    });
  }

  /** Once the video has arrived: takes the frame that it shows for the present one, after trying for the wanted one. */
  _settle() {
    if (this.moving || this.shown === null) return;
    const place = this.trace.frameAt(this.shown - this._offset());
    const isShort = this.wanted !== null && place < this.wanted && this.tries < AIMS.length;
    if (isShort && !this.isPlaying) this._seek(this.wanted);
    else this._set(place);
  }

  /** Where browsers do not report their frames. */
  _follow() {
    if (this.video.requestVideoFrameCallback || this.moving) return;
    this._set(this.trace.frameAt(this.video.currentTime - this._offset()));
    if (this.isPlaying) requestAnimationFrame(() => this._follow());
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
    this.tries = 0;
    this._seek(this.place);
  }

  _seek(place) {
    const begin = this.trace.times[place];
    const next = this.trace.times[place + 1] ?? begin + this.trace.stepSeconds;
    [this.moving, this.wanted, this.shown] = [true, place, null];
    this.video.currentTime = begin + this._offset() + AIMS[this.tries++](next - begin);
  }

  _arrive() {
    this.moving = false;
    const place = this.waiting;
    this.waiting = null;
    if (place !== null) this.go(place);
    else this._settle();
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
    this.wanted = null;
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
