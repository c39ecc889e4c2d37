// SPDX-License-Identifier: LGPL-2.1-or-later
//
// What torch.jit.save wrote: objects with their attributes, tensors, and the text of the classes.
// torch::jit::load is never called, for it runs what the classes say; here all of it is data.

#pragma once

#include <cstdint>
#include <map>
#include <string>

#include <ATen/ATen.h>

#include "import/stored_tensor.h"
#include "import/torchscript_code.h"
#include "import/unpickler.h"
#include "import/zip_archive.h"

namespace dfd::torchscript {

// Thread-compatible. Throws Error: kNotFound, kIo, kCorruptModel, kUnsupportedModel (an archive of
// something else).
class Archive {
 public:
  explicit Archive(const std::string& path);

  const std::string& path() const { return zip_.path(); }
  const pickle::Object& network() const { return *network_; }

  // CONSTANTS.cN
  const pickle::Value& constant(std::size_t place) const;

  // What the text calls by this name; nullptr: it has none. Reads its file when it is first asked
  // for. A class with __setstate__ or __getstate__ is refused.
  const Class* find_class(const std::string& name);
  const Function* find_function(const std::string& name);

  // As StoredTensors takes them. constant: of CONSTANTS, which lie apart.
  at::Tensor tensor(const pickle::TensorRef& ref, bool constant);

 private:
  const Source& source(const std::string& module);

  ZipArchive zip_;
  std::uint64_t size_ = 0;  // Of the file, bytes.
  StoredTensors tensors_;
  std::uint64_t code_bytes_ = 0;  // Of text read so far.
  pickle::Arena arena_;
  const pickle::Object* network_ = nullptr;
  const pickle::Tuple* constants_ = nullptr;
  std::map<std::string, Source> sources_;  // By module.
};

}  // namespace dfd::torchscript
