// SPDX-License-Identifier: LGPL-2.1-or-later
// Keeps asking what is, and knows how old the answer is. Events only say that there is news: what
// is shown is always what the API's lists say.

import { ApiError, ask } from "./api.js";

// A span of the chart.
const INTERVAL = 2000;
// Where nobody looks at the page its title has to be right only.
const HIDDEN_INTERVAL = 10000;
// Numbers of open alarms are kept each 10 s.
const ALARMS_INTERVAL = 10000;
// Beyond it what is shown is no more than history: some answers were missed.
const STALE = 6000;
// The monitor has browsers come back 2 s after a break.
const EVENTS_BREAK = 3000;
// Before events are asked for anew where the browser gave up.
const RECONNECT = 5000;
// Further events that come within it are one piece of news.
const GATHER = 150;

export class Updates {
  // `told`: streams(list), alarms(list), alarmsFault(text), loggedOut().
  constructor(told) {
    this.told_ = told;
    this.running_ = false;
    this.onVisible_ = () => this.onVisibility_();
  }

  start() {
    const now = performance.now();
    this.running_ = true;
    // When the newest answer came and was shown, and since when events do not come; both by
    // performance.now().
    this.answered_ = now;
    this.eventsLost_ = now;
    this.alarmsDue_ = 0;
    this.fault_ = "";
    document.addEventListener("visibilitychange", this.onVisible_);
    this.openEvents_();
    this.loop_();
  }

  stop() {
    this.running_ = false;
    document.removeEventListener("visibilitychange", this.onVisible_);
    this.closeEvents_();
    this.wake_?.();
  }

  // There is news: asks at once.
  hurry() {
    this.alarmsDue_ = 0;
    this.hurried_ = true;
    this.wake_?.();
  }

  // Seconds since the newest answer where that is too long ago, else 0.
  lostFor() {
    const age = performance.now() - this.answered_;
    const limit = document.hidden ? HIDDEN_INTERVAL + STALE : STALE;
    return age > limit ? age / 1000 : 0;
  }

  // Seconds without events, 0 where they come, or have just gone: browsers come back by themselves.
  eventsLostFor() {
    const age = this.eventsLost_ === null ? 0 : performance.now() - this.eventsLost_;
    return age > EVENTS_BREAK ? age / 1000 : 0;
  }

  // Why the newest try failed, empty where it did not.
  fault() {
    return this.fault_;
  }

  async loop_() {
    while (this.running_) {
      this.hurried_ = false;
      await this.ask_();
      if (!this.running_) return;
      if (!this.hurried_) await this.pause_(document.hidden ? HIDDEN_INTERVAL : INTERVAL);
      if (this.hurried_) await this.pause_(GATHER);
    }
  }

  pause_(milliseconds) {
    return new Promise((done) => {
      const timer = setTimeout(done, milliseconds);
      this.wake_ = () => {
        // News gathers for as long as it takes.
        if (milliseconds === GATHER && this.running_) return;
        clearTimeout(timer);
        done();
      };
    });
  }

  async ask_() {
    try {
      const streams = await ask("GET", "/api/v1/streams?history=true");
      if (!this.running_) return;
      this.told_.streams(streams.items);
      this.answered_ = performance.now();
      this.fault_ = "";
    } catch (error) {
      return this.failed_(error);
    }
    if (this.eventsLost_ === null && performance.now() < this.alarmsDue_) return;
    await this.askAlarms_();
  }

  async askAlarms_() {
    this.alarmsDue_ = performance.now() + ALARMS_INTERVAL;
    try {
      const alarms = await ask("GET", "/api/v1/alarms?state=open&limit=500");
      if (this.running_) this.told_.alarms(alarms.items, alarms.next !== null);
    } catch (error) {
      this.alarmsDue_ = 0;
      if (this.running_ && error.status !== 401) this.told_.alarmsFault(error.message);
      this.failed_(error);
    }
  }

  failed_(error) {
    if (!this.running_) return;
    // A mistake of this page; the next answer may go well.
    if (!(error instanceof ApiError)) console.error(error);
    this.fault_ = error.message;
    if (error.status === 401) this.told_.loggedOut();
  }

  openEvents_() {
    if (!this.running_ || document.hidden) return;
    // It comes back by itself, behind the last event that it has seen.
    const events = new EventSource("/api/v1/events");
    this.events_ = events;
    events.onopen = () => {
      this.eventsLost_ = null;
      this.hurry();
    };
    events.onmessage = () => this.hurry();
    events.addEventListener("reset", () => this.hurry());
    events.onerror = () => {
      this.eventsLost_ ??= performance.now();
      if (events.readyState !== EventSource.CLOSED) return;
      this.closeEvents_();
      this.reopening_ = setTimeout(() => this.openEvents_(), RECONNECT);
    };
  }

  closeEvents_() {
    clearTimeout(this.reopening_);
    this.events_?.close();
    this.events_ = null;
    this.eventsLost_ ??= performance.now();
  }

  // Six pages that wait for events would leave a browser no connection for anything else, so those
  // that nobody sees do without.
  onVisibility_() {
    this.closeEvents_();
    this.openEvents_();
    this.hurry();
  }
}
