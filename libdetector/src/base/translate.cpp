// SPDX-License-Identifier: LGPL-2.1-or-later

#include "base/translate.h"

#include <new>
#include <string>

#include <c10/util/Exception.h>
#include <opencv2/core.hpp>

namespace dfd {

Error::~Error() = default;

const char* to_string(ErrorCode code) noexcept {
  switch (code) {
    case ErrorCode::kInvalidArgument:
      return "invalid-argument";
    case ErrorCode::kNotFound:
      return "not-found";
    case ErrorCode::kIo:
      return "io";
    case ErrorCode::kCorruptModel:
      return "corrupt-model";
    case ErrorCode::kUnsupportedModel:
      return "unsupported-model";
    case ErrorCode::kDeviceUnavailable:
      return "device-unavailable";
    case ErrorCode::kOutOfMemory:
      return "out-of-memory";
    case ErrorCode::kInference:
      return "inference";
    case ErrorCode::kInternal:
      return "internal";
  }
  return "internal";
}

namespace {

// LibTorch's what() carries a back-trace of many lines; the first says what happened.
std::string first_line(const std::string& text) { return text.substr(0, text.find('\n')); }

bool speaks_of_memory(const std::string& text) {
  return text.find("out of memory") != std::string::npos ||
         text.find("can't allocate memory") != std::string::npos;
}

}  // namespace

void rethrow_translated() {
  try {
    throw;
  } catch (const Error&) {
    throw;
  } catch (const c10::Error& error) {
    const std::string text = first_line(error.what_without_backtrace());
    throw Error(speaks_of_memory(text) ? ErrorCode::kOutOfMemory : ErrorCode::kInference,
                "LibTorch: " + text);
  } catch (const cv::Exception& error) {
    throw Error(error.code == cv::Error::StsNoMem ? ErrorCode::kOutOfMemory : ErrorCode::kInference,
                "OpenCV: " + first_line(error.err));
  } catch (const std::bad_alloc&) {
    throw Error(ErrorCode::kOutOfMemory, "out of memory");
  } catch (const std::exception& error) {
    throw Error(ErrorCode::kInternal, error.what());
  } catch (...) {
    throw Error(ErrorCode::kInternal, "unknown exception");
  }
}

}  // namespace dfd
