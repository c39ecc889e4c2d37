// SPDX-License-Identifier: LGPL-2.1-or-later
//
// One bad clip must not end a run over thousands.

#pragma once

#include <optional>
#include <string>

#include "base/translate.h"
#include "data/progress.h"
#include "detector/error.h"

namespace dfd {

// What read() gives of a clip; nothing where the clip cannot be read, which is said, with `then`
// behind it. Throws Error that is not the clip's: it would befall every other one, too.
template <typename Read>
auto read_or_say(const Read& read, const Say& say, const std::string& then)
    -> std::optional<decltype(read())> {
  try {
    return translate_errors(read);
  } catch (const Error& error) {
    if (error.code() != ErrorCode::kIo && error.code() != ErrorCode::kNotFound) throw;
    say(std::string(error.what()) + then);
    return std::nullopt;
  }
}

}  // namespace dfd
