// SPDX-License-Identifier: LGPL-2.1-or-later
// What is known, in words.

const UNDECIDED = {
  "no-face": "no face in the picture",
  "warming-up": "a face was not watched for long enough yet",
  "partial": "a face was there too briefly for a full judgement",
  "too-small": "faces are too small",
  "blurred": "faces are blurred",
  "dark": "faces are too dark",
  "bright": "faces are too bright",
  "profile": "faces are turned away",
  "occluded": "faces are covered",
  "low-confidence": "it is not certain that this is a face",
  "frozen": "the picture stands still",
  "black": "the picture is black",
  "gap": "pictures are missing",
  "overload": "the machine cannot keep up",
  "error": "judging failed",
};

const NOT_LIVE = {
  "error": "the connection failed",
  "eos": "the source ended",
  "stall": "no pictures come",
  "no_first_frame": "no first picture came",
  "auth": "the source refused user and password",
  "decode": "what comes cannot be decoded",
  "stuck": "its pipeline hangs",
  "connecting": "waiting for the first picture",
  "waiting": "waiting for the next try",
  "closing": "being taken down",
};

const STATES = {
  waiting: "waiting for the next try",
  connecting: "connecting",
  playing: "playing",
  closing: "closing",
};

const RULES = {
  face: "Manipulated face",
  down: "Stream down",
  frozen: "Picture frozen",
  black: "Picture black",
};

// Each look has a sign of its own: colour is never the only one.
const SIGNS = {
  manipulated: "▲",
  suspicious: "◆",
  authentic: "✓",
  undecided: "?",
  muted: "–",
  connecting: "…",
  down: "✕",
  unknown: "?",
};

export const signOf = (look) => SIGNS[look] ?? "?";
export const ruleWords = (rule) => RULES[rule] ?? rule;
export const stateWords = (state) => STATES[state] ?? state;

// Never more certain than it is.
export function percent(probability) {
  if (probability > 0.99) return ">\u00a099\u00a0%";
  if (probability < 0.01) return "<\u00a01\u00a0%";
  return `${Math.round(probability * 100)}\u00a0%`;
}

export function duration(seconds) {
  const whole = Math.max(0, Math.floor(seconds));
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  if (whole < 86400) return `${Math.floor(whole / 3600)} h ${Math.floor((whole % 3600) / 60)} min`;
  return `${Math.floor(whole / 86400)} d ${Math.floor((whole % 86400) / 3600)} h`;
}

const two = (number) => String(number).padStart(2, "0");

// "+01:00", at that time: summer has another one.
export function offsetOf(date) {
  const minutes = -date.getTimezoneOffset();
  const size = Math.abs(minutes);
  return `${minutes < 0 ? "−" : "+"}${two(Math.floor(size / 60))}:${two(size % 60)}`;
}

const dayOf = (date) => `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;

// Local time with its offset, with the day where that is not today's. `now` in ms.
export function localTime(time, now) {
  const date = new Date(time);
  const clock = `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
  const day = dayOf(date) === dayOf(new Date(now)) ? "" : `${dayOf(date)} `;
  return `${day}${clock} ${offsetOf(date)}`;
}

const reasonOf = (words, reason) => words[reason] ?? reason ?? "nobody can say why";

function muteWords(stream, now) {
  const until = stream.muted_until ? `until ${localTime(stream.muted_until, now)}` : "off the air";
  const reason = stream.mute_reason ? `: ${stream.mute_reason}` : "";
  return until + reason + (stream.live ? "" : "; no pictures come");
}

// What may be said of a stream: `look` for its colours, a headline and the reason. Whatever nobody
// can say looks like nothing else.
export function lookOf(stream, now) {
  if (stream.muted) return { look: "muted", headline: "Muted", detail: muteWords(stream, now) };
  if (!stream.live) {
    // Late, and not given up yet.
    if (stream.state === "playing") {
      return { look: "down", headline: "No pictures", detail: reasonOf(NOT_LIVE, stream.reason) };
    }
    const fails = stream.reason in NOT_LIVE && !["connecting", "waiting"].includes(stream.reason);
    const detail = reasonOf(NOT_LIVE, stream.reason) + (stream.text ? `: ${stream.text}` : "");
    return fails ? { look: "down", headline: "Down", detail }
      : { look: "connecting", headline: "Connecting", detail };
  }
  const asProbable = stream.probability === undefined ? "" : percent(stream.probability);
  switch (stream.verdict) {
    case "manipulated":
      return { look: "manipulated", headline: "Manipulated", detail: asProbable };
    case "suspicious":
      return { look: "suspicious", headline: "Suspicious", detail: asProbable };
    case "authentic":
      return { look: "authentic", headline: "Authentic", detail: asProbable };
    case "undecided":
      return { look: "undecided", headline: "Undecided", detail: reasonOf(UNDECIDED, stream.reason) };
    default:
      return { look: "unknown", headline: "Unknown", detail: String(stream.verdict) };
  }
}
