// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Files that the trainer writes for itself and can do without: cached embeddings, the state of a
// training. Safetensors with a checksum over all that is in them.

#pragma once

#include <string>

#include "model/weights.h"

namespace dfd {

struct KeptFile {
  Metadata metadata;
  TensorMap tensors;
};

// kind: what the file is, as its metadata say. Throws Error: kNotFound (no such folder), kIo.
void write_kept(const std::string& path, const std::string& kind, const KeptFile& content);

// Throws Error(kCorruptModel) when it is damaged or of another kind; kNotFound, kIo.
KeptFile read_kept(const std::string& path, const std::string& kind);

// Renames a damaged file, so that another can take its place and this one be looked at; returns its
// new name. Throws Error(kIo).
std::string set_aside(const std::string& path);

}  // namespace dfd
