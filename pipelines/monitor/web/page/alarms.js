// SPDX-License-Identifier: LGPL-2.1-or-later
// An alarm: what is known of it, its evidence, and what operators may do.

import { alarmPath, ask, serverNow } from "./api.js";
import { copyOf, make, say, setText } from "./dom.js";
import { duration, localTime, percent, ruleWords } from "./words.js";

const STATES = { pending: "pending", firing: "firing", resolved: "ended", idle: "came to nothing" };

// What can be labelled has fired.
const canBeLabelled = (alarm) => alarm.fired_at !== undefined;

function numbersOf(alarm) {
  if (alarm.rule !== "face" || alarm.peak_probability === undefined) return "";
  const mean = alarm.mean_probability === undefined ? "" : `, mean ${percent(alarm.mean_probability)}`;
  const on = alarm.on === undefined ? "" : `, alarm from ${percent(alarm.on)}`;
  return `Highest ${percent(alarm.peak_probability)}${mean}${on}`;
}

function remarkOf(alarm) {
  const remarks = [];
  if (alarm.data_lost) remarks.push("Not all of it was seen.");
  if (!alarm.notified && alarm.fired_at) remarks.push("Kept here only: outputs were not told.");
  return remarks.join(" ");
}

function labelOf(alarm, now) {
  if (!alarm.label) return "";
  const label = alarm.label === "false" ? "False alarm" : "Confirmed";
  const note = alarm.label_note ? `: ${alarm.label_note}` : "";
  return `${label}, says ${alarm.label_by} at ${localTime(alarm.label_at, now)}${note}`;
}

const PICTURE_WORDS = { "best.jpg": "Best picture", "face.jpg": "The face that was judged", "heatmap.jpg": "Where it looks forged" };

// Files of an alarm: what browsers can show, and the others to be fetched.
class Evidence {
  constructor(place, id) {
    this.place_ = place;
    this.id_ = id;
    this.key_ = "";
  }

  update(files) {
    const key = JSON.stringify(files);
    if (key === this.key_) return;
    this.key_ = key;
    this.place_.hidden = files.length === 0;
    const names = files.map((file) => file.name);
    const views = [];
    const clip = names.find((name) => name.endsWith(".mp4"));
    const best = names.includes("best.jpg") ? this.uri_("best.jpg") : "";
    if (clip !== undefined) views.push(this.player_(clip, best));
    const pictures = names.filter((name) => name.endsWith(".jpg") && !(name === "best.jpg" && clip));
    views.push(...pictures.map((name) => make("img",
      { src: this.uri_(name), loading: "lazy", alt: PICTURE_WORDS[name] ?? name })));
    views.push(make("p", { className: "files" }, ...files.map((file) => this.link_(file))));
    this.place_.replaceChildren(...views);
  }

  uri_(name) {
    return `${alarmPath(this.id_)}/evidence/${encodeURIComponent(name)}`;
  }

  player_(clip, poster) {
    const video = make("video", { src: this.uri_(clip), controls: true, preload: "none", poster });
    video.setAttribute("aria-label", "Clip of the alarm");
    const fault = make("p", { className: "fault", hidden: true });
    fault.setAttribute("role", "alert");
    video.addEventListener("error", () => say(fault, "This browser cannot play the clip; it can be fetched below."));
    return make("div", {}, video, fault);
  }

  link_(file) {
    const size = file.bytes < 1e6 ? `${Math.ceil(file.bytes / 1e3)} kB` : `${(file.bytes / 1e6).toFixed(1)} MB`;
    return make("a", { href: this.uri_(file.name), download: `${this.id_}-${file.name}`,
      textContent: `${file.name} (${size})` });
  }
}

export class AlarmView {
  // `actions`: mute(stream), label(alarm, name), changed(), streamOf(id) (undefined where it is gone).
  constructor(alarm, user, actions) {
    this.actions_ = actions;
    this.element = copyOf("alarm");
    const find = (selector) => this.element.querySelector(selector);
    this.sign_ = find(".sign");
    this.rule_ = find(".rule");
    this.kind_ = find(".alarm-state");
    this.name_ = find(".name");
    this.times_ = find(".times");
    this.numbers_ = find(".numbers");
    this.remark_ = find(".remark");
    this.acknowledged_ = find(".acknowledged");
    this.labelled_ = find(".labelled");
    this.fault_ = find(".fault");
    this.evidence_ = new Evidence(find(".evidence"), alarm.id);
    this.element.dataset.alarm = alarm.id;
    if (user.role === "operator") this.addButtons_(find(".buttons"));
  }

  addButtons_(place) {
    const button = (className, text, act) => {
      const made = make("button", { type: "button", className, textContent: text });
      made.addEventListener("click", act);
      place.append(made);
      return made;
    };
    this.ack_ = button("ack", "Acknowledge", () => this.acknowledge_());
    this.label_ = button("label", "Label…", () => this.actions_.label(this.alarm_, this.streamName_()));
    this.mute_ = button("mute", "Mute stream…", () => {
      const stream = this.actions_.streamOf(this.alarm_.stream);
      if (stream) this.actions_.mute(stream);
    });
  }

  streamName_() {
    return this.actions_.streamOf(this.alarm_.stream)?.name ?? this.alarm_.stream;
  }

  async acknowledge_() {
    say(this.fault_, "");
    this.ack_.disabled = true;
    try {
      const alarm = await ask("POST", `${alarmPath(this.alarm_.id)}/ack`);
      if (alarm.state) this.update(alarm);
      // Its button is gone, and the keyboard goes on here.
      this.label_.focus();
    } catch (error) {
      say(this.fault_, `Not done: ${error.message}.`);
    }
    this.ack_.disabled = false;
    this.actions_.changed();
  }

  update(alarm) {
    this.alarm_ = alarm;
    const now = serverNow();
    this.element.dataset.state = alarm.state;
    this.element.dataset.rule = alarm.rule;
    this.element.dataset.acknowledged = alarm.acknowledged;
    const over = alarm.state === "resolved" || alarm.state === "idle";
    setText(this.sign_, over ? "■" : "▲");
    setText(this.rule_, ruleWords(alarm.rule));
    setText(this.kind_, STATES[alarm.state] ?? alarm.state);
    setText(this.name_, this.streamName_());
    say(this.numbers_, numbersOf(alarm));
    say(this.remark_, remarkOf(alarm));
    say(this.acknowledged_, alarm.acknowledged
      ? `Acknowledged by ${alarm.acknowledged_by} at ${localTime(alarm.acknowledged_at, now)}` : "");
    say(this.labelled_, labelOf(alarm, now));
    this.evidence_.update(alarm.evidence ?? []);
    if (this.ack_) this.updateButtons_();
    this.tick();
  }

  updateButtons_() {
    this.ack_.hidden = this.alarm_.acknowledged;
    this.label_.disabled = !canBeLabelled(this.alarm_);
    this.label_.title = this.label_.disabled ? "It has not fired." : "";
    this.mute_.hidden = this.actions_.streamOf(this.alarm_.stream) === undefined;
  }

  // Whether it goes on nobody can say.
  lose() {
    setText(this.kind_, `${STATES[this.alarm_.state] ?? this.alarm_.state}, when last heard of`);
  }

  // Ages go on.
  tick() {
    const now = serverNow();
    const begin = Date.parse(this.alarm_.started_at);
    const end = this.alarm_.ended_at ? Date.parse(this.alarm_.ended_at) : now;
    const since = `Since ${localTime(this.alarm_.started_at, now)}`;
    setText(this.times_, this.alarm_.ended_at
      ? `${localTime(this.alarm_.started_at, now)} to ${localTime(this.alarm_.ended_at, now)}, ${duration((end - begin) / 1000)}`
      : `${since}, for ${duration((end - begin) / 1000)}`);
  }
}
