// SPDX-License-Identifier: LGPL-2.1-or-later
//
// What is told of a stream and its alarms from what is kept: the stream may not be watched any
// more.

#pragma once

#include <string>

#include "service/watched_stream.h"

namespace dfd::monitor {

// Of a stream that is not configured any more nothing but its id is known.
StreamConfig unwatched(const std::string& id);

// What somebody did, for those who are told.
Json change_part(const Change& change);

// Something happened to an alarm's evidence; with what it changes in the store.
WatchedStream::Told told_clip(Moment now, const EventStream& stream, const ClipResult& result);

// Somebody acknowledged or labelled the alarm, which stays in its state. Whoever was not told of it
// is not told of this.
WatchedStream::Told told_marked(Moment now, const EventStream& stream, const StoredAlarm& alarm,
                                const Change& change);

// An open alarm of an earlier run ends, for its rule has another one meanwhile.
WatchedStream::Told told_superseded(Moment now, const EventStream& stream, StoredAlarm alarm);

}  // namespace dfd::monitor
