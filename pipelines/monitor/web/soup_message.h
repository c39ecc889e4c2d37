// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Requests and answers of libsoup as ours.

#pragma once

#include <libsoup/soup.h>

#include <functional>

#include "web/http.h"

namespace dfd::monitor {

// What `message` asks. Its range is in the request's headers only from then on: libsoup does not
// see it any more.
HttpRequest request_of(SoupServerMessage* message, const char* path, GHashTable* query);

// What every answer says to browsers.
void set_headers(SoupServerMessage* message);

// With set_headers().
void respond(SoupServerMessage* message, const HttpResponse& response);

// Has the thread of `context` do it, even where that is this one never at once. What it
// throws is logged. Any thread.
void post(GMainContext* context, std::function<void()> work);

}  // namespace dfd::monitor
