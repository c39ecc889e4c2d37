// SPDX-License-Identifier: LGPL-2.1-or-later
//
// What is in our files.

#pragma once

#include <string>

#include <nlohmann/json.hpp>

namespace dfd {

// {"kind","metadata":{...},"card":{...},"tensors":[{"name","dtype","shape"}]} of any safetensors
// file; a card (judging/card.h) only where the model has one. Throws Error: kNotFound, kIo,
// kCorruptModel.
nlohmann::ordered_json inspect_file(const std::string& path);

}  // namespace dfd
