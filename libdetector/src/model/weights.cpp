// SPDX-License-Identifier: LGPL-2.1-or-later

#include "model/weights.h"

#include <cstring>
#include <utility>

#include "base/check.h"

namespace dfd {
namespace {

const std::map<std::string, at::ScalarType>& dtypes() {
  static const std::map<std::string, at::ScalarType> kTypes{
      {"BOOL", at::kBool}, {"U8", at::kByte},       {"I8", at::kChar}, {"I16", at::kShort},
      {"F16", at::kHalf},  {"BF16", at::kBFloat16}, {"I32", at::kInt}, {"F32", at::kFloat},
      {"I64", at::kLong},  {"F64", at::kDouble}};
  return kTypes;
}

}  // namespace

ModelTensors split_tensors(const TensorMap& model) {
  const std::string prefix = kBackbonePrefix;
  ModelTensors parts;
  for (const auto& [name, tensor] : model) {
    if (name.rfind(prefix, 0) == 0) {
      parts.backbone[name.substr(prefix.size())] = tensor;
    } else {
      parts.head[name] = tensor;
    }
  }
  return parts;
}

TensorMap join_tensors(const ModelTensors& parts) {
  TensorMap model = parts.head;
  for (const auto& [name, tensor] : parts.backbone) model[kBackbonePrefix + name] = tensor;
  return model;
}

TensorMap read_tensors(const SafetensorsFile& file) {
  TensorMap tensors;
  for (const auto& [name, bytes] : file.tensors()) {
    const auto dtype = dtypes().find(bytes.dtype);
    DFD_REQUIRE(
        dtype != dtypes().end(), ErrorCode::kUnsupportedModel,
        file.path() << ": tensor \"" << name << "\": dtype " << bytes.dtype << " is not supported");
    at::Tensor tensor = at::empty(bytes.shape, dtype->second);
    if (bytes.size > 0) std::memcpy(tensor.data_ptr(), bytes.data, bytes.size);
    tensors.emplace(name, std::move(tensor));
  }
  return tensors;
}

void write_tensors(const std::string& path, const Metadata& metadata, const TensorMap& tensors) {
  TensorMap held;  // Keeps what contiguous() and cpu() may have made.
  std::map<std::string, TensorBytes> bytes;
  for (const auto& [name, tensor] : tensors) {
    const at::Tensor& flat = held[name] = tensor.detach().cpu().contiguous();
    TensorBytes& out = bytes[name];
    for (const auto& [word, type] : dtypes()) {
      if (type == flat.scalar_type()) out.dtype = word;
    }
    DFD_CHECK(!out.dtype.empty());
    out.shape = flat.sizes().vec();
    out.data = static_cast<const std::uint8_t*>(flat.data_ptr());
    out.size = flat.nbytes();
  }
  write_safetensors(path, metadata, bytes);
}

std::string digest_of(const TensorMap& tensors) {
  std::string all;
  for (const auto& [name, tensor] : tensors) {
    const at::Tensor flat = tensor.detach().cpu().contiguous();
    all += name + sha256(flat.data_ptr(), flat.nbytes());
  }
  return sha256(all.data(), all.size());
}

at::Tensor TensorSource::take_shaped(const std::string& name, at::IntArrayRef shape) {
  const auto found = tensors_.find(name);
  DFD_REQUIRE(found != tensors_.end(), ErrorCode::kUnsupportedModel,
              path_ << ": tensor \"" << name << "\" is missing");
  at::Tensor tensor = found->second;
  DFD_REQUIRE(tensor.sizes() == shape, ErrorCode::kUnsupportedModel,
              path_ << ": tensor \"" << name << "\": shape " << shape << " expected, "
                    << tensor.sizes() << " found");
  tensors_.erase(found);
  return tensor;
}

at::Tensor TensorSource::take(const std::string& name, at::IntArrayRef shape) {
  return take(name, shape, at::kFloat);
}

at::Tensor TensorSource::take(const std::string& name, at::IntArrayRef shape, at::ScalarType type) {
  const at::Tensor tensor = take_shaped(name, shape);
  const at::ScalarType found = tensor.scalar_type();
  const bool floats = found == at::kFloat || found == at::kHalf || found == at::kBFloat16;
  const bool widened = floats && at::isFloatingType(type);
  DFD_REQUIRE(widened || found == type, ErrorCode::kUnsupportedModel,
              path_ << ": tensor \"" << name << "\": "
                    << (at::isFloatingType(type) ? "F32, F16 or BF16" : c10::toString(type))
                    << " expected, " << tensor.dtype() << " found");
  return tensor.to(type);
}

void TensorSource::require_empty() const {
  DFD_REQUIRE(tensors_.empty(), ErrorCode::kUnsupportedModel,
              path_ << ": " << tensors_.size() << " unknown tensors, the first is \""
                    << tensors_.begin()->first << "\"");
}

}  // namespace dfd
