// SPDX-License-Identifier: LGPL-2.1-or-later
// A stream on the wall.

import { ask, serverNow, streamPath } from "./api.js";
import { Chart } from "./chart.js";
import { copyOf, make, say, setText } from "./dom.js";
import { duration, localTime, lookOf, signOf, stateWords } from "./words.js";

const NOBODY_LOOKS = { look: "unknown", headline: "Unknown", detail: "the monitor does not answer" };

export class Tile {
  // `actions`: mute(stream), changed(); `pictures` outlives it.
  constructor(stream, user, actions, pictures) {
    this.pictures_ = pictures;
    this.actions_ = actions;
    this.element = copyOf("tile");
    const find = (selector) => this.element.querySelector(selector);
    this.picture_ = find(".picture");
    this.canvas_ = find("canvas");
    this.placeholder_ = find(".placeholder");
    this.name_ = find(".name");
    this.group_ = find(".group");
    this.sign_ = find(".sign");
    this.headline_ = find(".headline");
    this.detail_ = find(".detail");
    this.state_ = find(".state");
    this.fault_ = find(".fault");
    this.chart_ = new Chart(find(".chart"));
    this.element.dataset.stream = stream.id;
    if (user.role === "operator") this.addButtons_(find(".buttons"));
    pictures.add(this.picture_, stream.id, this.canvas_, () => this.showPlaceholder_());
  }

  addButtons_(place) {
    this.mute_ = make("button", { type: "button", className: "mute", textContent: "Mute…" });
    this.unmute_ = make("button", { type: "button", className: "unmute", textContent: "End mute", hidden: true });
    this.mute_.addEventListener("click", () => this.actions_.mute(this.stream_));
    this.unmute_.addEventListener("click", () => this.endMute_());
    place.append(this.mute_, this.unmute_);
  }

  async endMute_() {
    say(this.fault_, "");
    this.unmute_.disabled = true;
    try {
      await ask("POST", `${streamPath(this.stream_.id)}/unmute`);
    } catch (error) {
      say(this.fault_, `Not done: ${error.message}.`);
    }
    this.unmute_.disabled = false;
    this.mute_.focus();
    this.actions_.changed();
  }

  drop() {
    this.pictures_.remove(this.picture_);
  }

  update(stream) {
    this.stream_ = stream;
    this.lost_ = false;
    setText(this.name_, stream.name);
    setText(this.group_, stream.group ?? "");
    this.canvas_.setAttribute("aria-label", `Newest picture of ${stream.name}`);
    this.chart_.update(stream.history, stream.probability, stream.on);
    if (this.mute_) {
      setText(this.mute_, stream.muted_until ? "Mute longer…" : "Mute…");
      this.mute_.setAttribute("aria-label", `Mute ${stream.name}`);
      this.unmute_.setAttribute("aria-label", `End the mute of ${stream.name}`);
      this.unmute_.hidden = !stream.muted_until;
    }
    this.pictures_.want(this.picture_, stream.live);
    this.tick();
  }

  // Nothing that was said before is true any more.
  lose() {
    this.lost_ = true;
    this.chart_.lose();
    this.pictures_.want(this.picture_, false);
    this.tick();
  }

  // Ages go on.
  tick() {
    const now = serverNow();
    const { look, headline, detail } = this.lost_ ? NOBODY_LOOKS : lookOf(this.stream_, now);
    this.element.dataset.look = look;
    setText(this.sign_, signOf(look));
    setText(this.headline_, headline);
    setText(this.detail_, detail);
    this.state_.title = `since ${localTime(this.stream_.since, now)}`;
    setText(this.state_, this.stateText_(now));
    this.showPlaceholder_();
  }

  stateText_(now) {
    const stream = this.stream_;
    const age = (time) => duration((now - Date.parse(time)) / 1000);
    const last = stream.last_frame ? `last picture ${localTime(stream.last_frame, now)}` : "no picture yet";
    if (this.lost_) return last;
    const state = `${stateWords(stream.state)} for ${age(stream.since)}`;
    const picture = stream.live ? "" : `, ${last}${stream.last_frame ? ` (${age(stream.last_frame)} ago)` : ""}`;
    return state + picture + (stream.mode === "observe" ? ", observed only" : "");
  }

  showPlaceholder_() {
    const live = this.stream_?.live && !this.lost_;
    this.placeholder_.hidden = !this.canvas_.hidden;
    setText(this.placeholder_, live ? "Picture not available" : "No picture");
  }
}
