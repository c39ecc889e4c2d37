// SPDX-License-Identifier: LGPL-2.1-or-later
// What somebody who is logged in sees.

import { ask, serverNow } from "./api.js";
import { AlarmView } from "./alarms.js";
import { LabelDialog, MuteDialog } from "./dialogs.js";
import { byId, make, say, setText, showAll } from "./dom.js";
import { Pictures } from "./pictures.js";
import { Tile } from "./tile.js";
import { Updates } from "./updates.js";
import { duration, localTime, lookOf, ruleWords } from "./words.js";

const TICK = 1000;
const ENDED_PAGE = 20;
// The API's.
const MOST_ENDED = 500;

// Judged seconds of the day beside how many it has had so far.
class CoverageRow {
  constructor(stream) {
    this.name_ = make("bdi");
    this.bar_ = make("progress", { max: 1 });
    this.text_ = make("span");
    this.element = make("tr", {}, make("th", { scope: "row" }, this.name_),
      make("td", { className: "judged" }, this.text_), make("td", { className: "share" }, this.bar_));
    this.element.dataset.stream = stream.id;
  }

  update(stream) {
    const { day, judged_seconds: judged } = stream.coverage;
    const sofar = Math.max(1, (serverNow() - Date.parse(`${day}T00:00:00Z`)) / 1000);
    const share = Math.min(1, judged / sofar);
    setText(this.name_, stream.name);
    this.bar_.value = share;
    this.bar_.setAttribute("aria-label", `Judged share of the day of ${stream.name}`);
    setText(this.text_, `${duration(judged)} of ${duration(sofar)} (${Math.floor(share * 100)} %)`);
  }
}

export class Desk {
  // `onLoggedOut` is told when the session has ended.
  constructor(user, onLoggedOut) {
    this.user_ = user;
    this.streams_ = [];
    this.tiles_ = new Map();
    this.coverage_ = new Map();
    this.open_ = new Map();
    this.ended_ = new Map();
    this.endedItems_ = [];
    // Firing ones that were told of; nothing is news before the first list.
    this.known_ = null;
    this.lost_ = false;
    this.pictures_ = new Pictures();
    this.mute_ = new MuteDialog(() => this.updates_.hurry());
    this.label_ = new LabelDialog(() => this.changed_());
    this.actions_ = {
      mute: (stream) => this.mute_.open(stream),
      label: (alarm, name) => this.label_.open(alarm, name),
      changed: () => this.changed_(),
      streamOf: (id) => this.streams_.find((stream) => stream.id === id),
    };
    this.updates_ = new Updates({
      streams: (list) => this.showStreams_(list),
      alarms: (list, more) => this.showAlarms_(list, more),
      alarmsFault: (text) => say(byId("alarms-fault"), `Alarms cannot be read: ${text}. What is below is old.`),
      loggedOut: onLoggedOut,
    });
    byId("ended").ontoggle = () => this.readEnded_();
    byId("more-ended").onclick = () => this.readEnded_(this.endedItems_.at(-1)?.id);
  }

  start() {
    byId("desk").hidden = false;
    this.pictures_.start();
    this.updates_.start();
    this.timer_ = setInterval(() => this.tick_(), TICK);
  }

  // Leaves nothing of what was shown.
  stop() {
    clearInterval(this.timer_);
    this.updates_.stop();
    this.pictures_.stop();
    this.mute_.close();
    this.label_.close();
    this.showStreams_([]);
    for (const id of ["open-alarms", "ended-alarms", "wall", "coverage"]) byId(id).replaceChildren();
    byId("ended").open = false;
    setText(byId("news"), "");
    for (const id of ["summary", "lost", "connection", "alarms-fault"]) say(byId(id), "");
    byId("desk").hidden = true;
    document.title = "deepfake-monitor";
  }

  changed_() {
    this.updates_.hurry();
    this.readEnded_();
  }

  showStreams_(list) {
    this.streams_ = list;
    this.lost_ = false;
    byId("no-streams").hidden = list.length > 0;
    showAll(byId("wall"), this.tiles_, list, (stream) => stream.id,
      (stream) => new Tile(stream, this.user_, this.actions_, this.pictures_));
    showAll(byId("coverage"), this.coverage_, list, (stream) => stream.id, (stream) => new CoverageRow(stream));
    const day = list[0]?.coverage.day;
    const zone = day ? localTime(`${day}T00:00:00Z`, serverNow()) : "";
    say(byId("coverage-day"), day ? `${day} in UTC, which began here at ${zone}. Nobody can speak for the rest.` : "");
    this.tick_();
  }

  viewOf_(alarm) {
    return new AlarmView(alarm, this.user_, this.actions_);
  }

  showAlarms_(list, more) {
    say(byId("alarms-fault"), more ? "There are more than these." : "");
    say(byId("no-alarms"), list.length === 0 ? "None. An alarm appears here as soon as there is one." : "");
    // What is firing and nobody took on comes first; within that the newest.
    const rank = (alarm) => (alarm.state === "firing" ? 0 : 1) + (alarm.acknowledged ? 2 : 0);
    const sorted = [...list].sort((a, b) => rank(a) - rank(b));
    showAll(byId("open-alarms"), this.open_, sorted, (alarm) => alarm.id, (alarm) => this.viewOf_(alarm));
    setText(byId("alarm-count"), list.length === 0 ? "" : String(list.length));
    this.announce_(list.filter((alarm) => alarm.state === "firing"));
    this.unacknowledged_ = list.filter((alarm) => alarm.state === "firing" && !alarm.acknowledged).length;
    const gone = [...(this.shown_ ?? [])].some((id) => !this.open_.has(id));
    this.shown_ = new Set(this.open_.keys());
    if (gone) this.readEnded_();
    this.tick_();
  }

  announce_(firing) {
    const fresh = this.known_ === null ? [] : firing.filter((alarm) => !this.known_.has(alarm.id));
    this.known_ = new Set(firing.map((alarm) => alarm.id));
    if (fresh.length === 0) return;
    const name = (alarm) => this.actions_.streamOf(alarm.stream)?.name ?? alarm.stream;
    setText(byId("news"), fresh.map((alarm) => `New alarm: ${ruleWords(alarm.rule)}, ${name(alarm)}.`).join(" "));
  }

  // The newest ones, or those before `before` below them.
  async readEnded_(before) {
    if (!byId("ended").open) return;
    const from = before ? `&before=${encodeURIComponent(before)}` : "";
    try {
      // Anew as many as there are, so that none goes under somebody's hands.
      const limit = before ? ENDED_PAGE : Math.min(MOST_ENDED, Math.max(ENDED_PAGE, this.endedItems_.length));
      const page = await ask("GET", `/api/v1/alarms?state=resolved&limit=${limit}${from}`);
      this.endedItems_ = before ? [...this.endedItems_, ...page.items] : page.items;
      showAll(byId("ended-alarms"), this.ended_, this.endedItems_, (alarm) => alarm.id, (alarm) => this.viewOf_(alarm));
      byId("no-ended").hidden = this.endedItems_.length > 0;
      byId("more-ended").hidden = page.next === null;
      say(byId("ended-fault"), "");
    } catch (error) {
      say(byId("ended-fault"), `They cannot be read: ${error.message}.`);
    }
  }

  tick_() {
    const lost = this.updates_.lostFor();
    if (lost > 0 && !this.lost_) {
      this.lost_ = true;
      for (const view of [...this.tiles_.values(), ...this.open_.values()]) view.lose();
    }
    for (const tile of this.tiles_.values()) tile.tick();
    if (!this.lost_) for (const view of this.open_.values()) view.tick();
    this.tellConnection_(lost);
    this.summarize_();
  }

  tellConnection_(lost) {
    const events = this.updates_.eventsLostFor();
    const place = byId("connection");
    byId("desk").dataset.lost = lost > 0;
    place.dataset.state = lost > 0 ? "lost" : events > 0 ? "slow" : "well";
    const since = serverNow() - lost * 1000;
    const fault = this.updates_.fault();
    // The age stands beside it: an alert whose text changed each second would be read out each time.
    say(byId("lost"), lost > 0
      ? `Not connected${fault ? `: ${fault}` : ""}. The last answer came at ${localTime(since, serverNow())}; nothing below is of now.` : "");
    if (lost > 0) say(place, `Not connected for ${duration(lost)}`);
    else if (events > 0) say(place, `Events: not connected for ${duration(events)}`);
    else say(place, "Connected");
  }

  summarize_() {
    const looks = new Map();
    for (const stream of this.streams_) {
      const { headline } = lookOf(stream, serverNow());
      looks.set(headline, (looks.get(headline) ?? 0) + 1);
    }
    const parts = [...looks].map(([headline, count]) => `${count} ${headline.toLowerCase()}`);
    say(byId("summary"), this.lost_ ? "State of all streams unknown" : parts.join(", "));
    const mark = this.lost_ ? "(not connected) " : this.unacknowledged_ > 0 ? `(${this.unacknowledged_}) ` : "";
    document.title = `${mark}deepfake-monitor`;
  }
}
