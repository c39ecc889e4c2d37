// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Elements of others that do one thing in another way here.

#pragma once

#include <glib-object.h>

namespace dfd::monitor {

// A type of that name, derived from the one whose instances `element` names. To be called once.
// set_up: of its class, or null. 0 where the element is not installed.
GType derived_element(const char* element, const char* name, GClassInitFunc set_up);

}  // namespace dfd::monitor
