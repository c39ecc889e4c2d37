# SPDX-License-Identifier: LGPL-2.1-or-later
"""What was told beside what was kept."""

import json
import time

# Longer than an event needs from the database to a receiver that is there.
ON_ITS_WAY_S = 5


def _kept(monitor):
    """Ids of all events, in their order."""
    return [json.loads(event)["id"] for event, in monitor.query("SELECT event FROM events ORDER BY sequence")]


def _received(kept, kept_by_now, events):
    ids = [event["id"] for event in events]
    first_of_each = list(dict.fromkeys(ids))
    known = set(kept)
    got = set(first_of_each)
    return {"received": len(ids), "lost": len(known - got), "not_kept": len(got - set(kept_by_now)),
            "copies": len(ids) - len(first_of_each),
            "in_order": [one for one in first_of_each if one in known] == [one for one in kept if one in got]}


def _alarms(rows, events):
    """Alarms in the database against those that a receiver was told of."""
    told = {}
    for event in events:
        alarm = event["data"].get("alarm")
        if alarm and "change" not in event["data"]:
            told.setdefault((alarm["id"], alarm["state"]), set()).add(event["id"])
    wanted = {(alarm, "firing") for alarm, _ in rows} | {row for row in rows if row[1] == "resolved"}
    return {"fired": len(rows), "told": sum(state == "firing" for _, state in told),
            "not_told": len(wanted - set(told)), "twice": sum(len(ids) > 1 for ids in told.values())}


def account(monitor, broker, webhook):
    """Of each receiver: events, those that it did not get, those that are not in the database, copies of an id, and
    whether each first one came in the order of the database; and of alarms those that were not told, and those of
    which one state was told under different ids."""
    kept = _kept(monitor)
    rows = monitor.query("SELECT id, state FROM alarms WHERE fired_at IS NOT NULL")
    time.sleep(ON_ITS_WAY_S)
    receivers = {"json_lines": monitor.told(), "mqtt": broker.events(), "webhook": webhook.events()}
    kept_by_now = _kept(monitor)
    result = {"kept_events": len(kept)}
    for name, events in receivers.items():
        # Signs of life are kept nowhere.
        events = [event for event in events if event["data"].get("state") != "heartbeat"]
        result[name] = {**_received(kept, kept_by_now, events), "alarms": _alarms(rows, events)}
    return result


def is_right(accounts):
    """Nothing lost, nothing twice, all in order. Copies with the same id are allowed: receivers know them."""
    receivers = [one for one in accounts.values() if isinstance(one, dict)]
    return all(one["lost"] == one["not_kept"] == one["alarms"]["not_told"] == one["alarms"]["twice"] == 0 and
               one["in_order"] for one in receivers)
