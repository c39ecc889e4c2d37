// SPDX-License-Identifier: LGPL-2.1-or-later
// What operators are asked before something is muted or labelled.

import { alarmPath, ask, serverNow, streamPath } from "./api.js";
import { byId, say, setText } from "./dom.js";
import { offsetOf } from "./words.js";

const MINUTE = 60000;

// A form that sends something, and says in words why that was not done.
class Dialog {
  // `send` returns a promise.
  constructor(id, send, onDone) {
    this.element_ = byId(id);
    this.form_ = this.element_.querySelector("form");
    this.subject_ = this.element_.querySelector(".subject");
    this.fault_ = this.element_.querySelector(".fault");
    // In the place of those of whoever was logged in before: the element is the same.
    this.element_.querySelector(".cancel").onclick = () => this.element_.close();
    this.form_.onsubmit = (event) => {
      event.preventDefault();
      this.submit_(send, onDone);
    };
  }

  open(subject) {
    this.form_.reset();
    say(this.fault_, "");
    setText(this.subject_, subject);
    this.element_.showModal();
  }

  close() {
    this.element_.close();
  }

  async submit_(send, onDone) {
    const button = this.form_.querySelector("[type=submit]");
    button.disabled = true;
    say(this.fault_, "");
    try {
      await send();
      this.element_.close();
    } catch (error) {
      say(this.fault_, `Not done: ${error.message}.`);
    }
    button.disabled = false;
    onDone();
  }
}

// As a field of local time has it.
function fieldTime(time) {
  const date = new Date(time);
  return new Date(time - date.getTimezoneOffset() * MINUTE).toISOString().slice(0, 16);
}

export class MuteDialog {
  constructor(onDone) {
    this.for_ = byId("mute-for");
    this.until_ = byId("mute-until");
    this.reason_ = byId("mute-reason");
    this.dialog_ = new Dialog("mute", () => this.send_(), onDone);
    this.for_.onchange = () => this.showTime_();
  }

  open(stream) {
    this.stream_ = stream;
    this.dialog_.open(stream.name);
    this.until_.value = fieldTime(serverNow() + 60 * MINUTE);
    setText(byId("mute-zone"), `(${offsetOf(new Date())})`);
    this.showTime_();
  }

  close() {
    this.dialog_.close();
  }

  showTime_() {
    const shown = this.for_.value === "";
    byId("mute-time").hidden = !shown;
    this.until_.required = shown;
  }

  send_() {
    const minutes = Number(this.for_.value);
    const until = this.for_.value === "" ? new Date(this.until_.value) : new Date(serverNow() + minutes * MINUTE);
    return ask("POST", `${streamPath(this.stream_.id)}/mute`,
      { until: until.toISOString(), reason: this.reason_.value });
  }
}

export class LabelDialog {
  constructor(onDone) {
    this.note_ = byId("label-note");
    this.choices_ = [...byId("label").querySelectorAll("[name=label]")];
    this.dialog_ = new Dialog("label", () => this.send_(), onDone);
  }

  open(alarm, name) {
    this.alarm_ = alarm;
    this.dialog_.open(name);
    const isFace = alarm.rule === "face";
    setText(byId("false-words"), isFace ? "a false alarm: nothing was forged" : "a false alarm");
    setText(byId("confirmed-words"), isFace ? "confirmed: it was forged" : "confirmed");
    for (const choice of this.choices_) choice.checked = choice.value === alarm.label;
    this.note_.value = alarm.label_note ?? "";
  }

  close() {
    this.dialog_.close();
  }

  send_() {
    const label = this.choices_.find((choice) => choice.checked).value;
    return ask("POST", `${alarmPath(this.alarm_.id)}/label`, { label, note: this.note_.value });
  }
}
