// SPDX-License-Identifier: LGPL-2.1-or-later
//
// What the shared library exports; everything else in it is hidden.

#pragma once

#define DFD_API __attribute__((visibility("default")))
