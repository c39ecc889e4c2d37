// SPDX-License-Identifier: LGPL-2.1-or-later
// Pictures of the streams that are on the screen, each about once a second.

import { get, streamPath } from "./api.js";

// At once. A browser has six connections to a server, and events and the operator need some.
const WORKERS = 3;
const INTERVAL = 1000;
// Where the monitor has no picture of a stream that is there.
const LONG_INTERVAL = 5000;
const IDLE = 200;

class Place {
  constructor(id, canvas, onChange) {
    this.id = id;
    this.canvas = canvas;
    this.onChange = onChange;
    this.wanted = false;
    this.visible = false;
    this.busy = false;
    this.due = 0;
    this.tag = "";
  }

  clear() {
    this.tag = "";
    if (!this.canvas.hidden) {
      this.canvas.hidden = true;
      this.onChange();
    }
  }

  async look() {
    const headers = this.tag === "" ? {} : { "If-None-Match": this.tag };
    const response = await get(`${streamPath(this.id)}/thumbnail.jpg`, { headers });
    this.due = performance.now() + (response.status === 404 ? LONG_INTERVAL : INTERVAL);
    if (response.status === 304) return;
    if (!response.ok) return this.clear();
    const picture = await createImageBitmap(await response.blob());
    // Nobody wants it any more: the stream went while it was on its way.
    if (!this.wanted) return;
    this.tag = response.headers.get("ETag") ?? "";
    this.canvas.width = picture.width;
    this.canvas.height = picture.height;
    this.canvas.getContext("2d").drawImage(picture, 0, 0);
    picture.close();
    if (this.canvas.hidden) {
      this.canvas.hidden = false;
      this.onChange();
    }
  }
}

const wait = (milliseconds) => new Promise((done) => { setTimeout(done, milliseconds); });

export class Pictures {
  constructor() {
    this.places_ = new Map();
    this.running_ = false;
    this.observer_ = new IntersectionObserver((entries) => {
      for (const entry of entries) {
        const place = this.places_.get(entry.target);
        if (place) place.visible = entry.isIntersecting;
      }
    });
  }

  // `box` is what has to be on the screen; `onChange` is told that a picture came or went.
  add(box, id, canvas, onChange) {
    this.places_.set(box, new Place(id, canvas, onChange));
    this.observer_.observe(box);
  }

  remove(box) {
    this.observer_.unobserve(box);
    this.places_.delete(box);
  }

  // An old picture would look like one of now: it goes at once.
  want(box, wanted) {
    const place = this.places_.get(box);
    if (!place) return;
    if (wanted && !place.wanted) place.due = 0;
    place.wanted = wanted;
    if (!wanted) place.clear();
  }

  start() {
    this.running_ = true;
    for (let i = 0; i < WORKERS; ++i) this.work_();
  }

  stop() {
    this.running_ = false;
  }

  next_() {
    const now = performance.now();
    let first = null;
    for (const place of this.places_.values()) {
      const ready = place.wanted && place.visible && !place.busy && place.due <= now;
      if (ready && (first === null || place.due < first.due)) first = place;
    }
    return first;
  }

  async work_() {
    while (this.running_) {
      const place = document.hidden ? null : this.next_();
      if (place === null) {
        await wait(IDLE);
        continue;
      }
      place.busy = true;
      try {
        await place.look();
      } catch {
        // No answer, or no picture.
        place.due = performance.now() + INTERVAL;
        place.clear();
      }
      place.busy = false;
    }
  }
}
