// SPDX-License-Identifier: LGPL-2.1-or-later
// The page of deepfake-monitor: logs in, and shows the desk.

import { ask, serverNow } from "./api.js";
import { Desk } from "./desk.js";
import { byId, say, setText } from "./dom.js";
import { localTime } from "./words.js";

// Before a monitor that does not answer is asked again.
const RETRY = 2000;

let desk = null;

function showLogIn(fault) {
  desk?.stop();
  desk = null;
  byId("log-in").hidden = false;
  byId("log-out").hidden = true;
  say(byId("who"), "");
  say(byId("log-in").querySelector(".fault"), fault);
  byId("token").focus();
}

function showDesk(user) {
  byId("log-in").hidden = true;
  // Without tokens nobody has a name, or anything to log out of.
  byId("log-out").hidden = user.name === "";
  say(byId("who"), user.name === "" ? "Read only: no token is configured" : `${user.name} (${user.role})`);
  desk = new Desk(user, () => showLogIn("The session has ended: log in again."));
  desk.start();
}

async function begin() {
  try {
    const user = await ask("GET", "/api/v1/session");
    say(byId("lost"), "");
    showDesk(user);
  } catch (error) {
    if (error.status === 401) {
      say(byId("lost"), "");
      showLogIn("");
    } else {
      say(byId("lost"), `Not connected: ${error.message}.`);
      setTimeout(begin, RETRY);
    }
  }
}

byId("log-in").querySelector("form").addEventListener("submit", async (event) => {
  event.preventDefault();
  const field = byId("token");
  const button = event.target.querySelector("button");
  button.disabled = true;
  try {
    const user = await ask("POST", "/login", { token: field.value });
    field.value = "";
    showDesk(user);
  } catch (error) {
    say(byId("log-in").querySelector(".fault"), `Not logged in: ${error.message}.`);
    field.select();
  }
  button.disabled = false;
});

byId("log-out").addEventListener("click", async () => {
  try {
    await ask("POST", "/logout");
    showLogIn("");
  } catch (error) {
    say(byId("lost"), `Not logged out: ${error.message}.`);
  }
});

function tellTime() {
  const now = serverNow();
  setText(byId("clock"), localTime(now, now));
}

tellTime();
setInterval(tellTime, 1000);
begin();
