// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Errors thrown by libdetector. Every exception that leaves a public function is a dfd::Error;
// those of LibTorch, OpenCV and the standard library are translated at the edge
// (src/base/translate.h).

#pragma once

#include <stdexcept>
#include <string>

#include "detector/api.h"

namespace dfd {

// What the caller can do about an error, not where it came from.
enum class ErrorCode {
  kInvalidArgument,    // The caller passed a value outside its documented range.
  kNotFound,           // A file or a device does not exist.
  kIo,                 // Reading or writing failed half-way.
  kCorruptModel,       // The model file is damaged.
  kUnsupportedModel,   // The file is intact, but of a version, kind or shape we cannot use.
  kDeviceUnavailable,  // The requested compute device cannot be used.
  kOutOfMemory,        // Host or device memory ran out.
  kInference,          // The network failed while running.
  kInternal,           // A bug in libdetector.
};

// A stable lower-case name such as "corrupt-model", for logs and tests.
DFD_API const char* to_string(ErrorCode code) noexcept;

// The message says what, which, expected and got, and where possible what to do.
class DFD_API Error : public std::runtime_error {
 public:
  Error(ErrorCode code, const std::string& message) : std::runtime_error(message), code_(code) {}
  Error(const Error&) = default;
  Error& operator=(const Error&) = default;

  ~Error() override;  // Out of line, so that there is one of its type in a process.

  ErrorCode code() const noexcept { return code_; }

 private:
  ErrorCode code_;
};

}  // namespace dfd
