// SPDX-License-Identifier: LGPL-2.1-or-later
// Asks the monitor; docs/monitor-api.md.

export class ApiError extends Error {
  constructor(status, message) {
    super(message);
    // Of HTTP; 0 where no answer came.
    this.status = status;
  }
}

// The monitor's clock against this device's, in ms: a wall's may be wrong for years.
let clockOffset = 0;

// The monitor's time in ms since 1970, to a second or so.
export const serverNow = () => Date.now() + clockOffset;

function noteClock(response) {
  const date = Date.parse(response.headers.get("Date") ?? "");
  // The header has whole seconds: smaller differences mean nothing.
  const offset = date + 500 - Date.now();
  if (Number.isFinite(offset)) clockOffset = Math.abs(offset) > 2000 ? offset : 0;
}

// fetch() that says in words why nothing came. Nothing is taken from a cache.
export async function get(path, options = {}) {
  // A monitor that hangs is one that does not answer.
  const longest = 5000;
  try {
    return await fetch(path, { cache: "no-store", signal: AbortSignal.timeout(longest), ...options });
  } catch {
    throw new ApiError(0, "the monitor does not answer");
  }
}

// What the API answers, as an object. Throws ApiError.
export async function ask(method, path, body) {
  const options = { method };
  if (body !== undefined) {
    options.headers = { "Content-Type": "application/json" };
    options.body = JSON.stringify(body);
  }
  const response = await get(path, options);
  noteClock(response);
  let answer = null;
  try {
    answer = await response.json();
  } catch {
    // A proxy's page, or an answer that was cut.
  }
  if (!response.ok || answer === null) {
    const text = answer?.error?.message ?? `the answer cannot be read (HTTP ${response.status})`;
    throw new ApiError(response.ok ? 0 : response.status, text);
  }
  return answer;
}

export const alarmPath = (id) => `/api/v1/alarms/${encodeURIComponent(id)}`;
export const streamPath = (id) => `/api/v1/streams/${encodeURIComponent(id)}`;
