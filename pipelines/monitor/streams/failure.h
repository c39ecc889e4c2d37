// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Why a stream is not being watched.

#pragma once

#include <gst/gst.h>

#include <array>
#include <optional>
#include <string>

namespace dfd::monitor {

enum class FailureReason { kError, kEos, kStall, kNoFirstFrame, kAuth, kDecode, kStuck };

constexpr std::array<FailureReason, 7> kFailureReasons = {
    FailureReason::kError,        FailureReason::kEos,  FailureReason::kStall,
    FailureReason::kNoFirstFrame, FailureReason::kAuth, FailureReason::kDecode,
    FailureReason::kStuck};

// "error", "eos", "stall", "no_first_frame", "auth", "decode", "stuck".
const char* name_of(FailureReason reason);

struct Failure {
  FailureReason reason = FailureReason::kError;
  // For people, masked.
  std::string text;
};

// What an ERROR or EOS of a live source's pipeline means, or udpsrc's word that no packets come;
// nothing of other messages.
std::optional<Failure> failure_of(GstMessage* message);

}  // namespace dfd::monitor
