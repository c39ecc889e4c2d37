// SPDX-License-Identifier: LGPL-2.1-or-later

#include "import/pickle_writer.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "base/check.h"

namespace dfd::pickle {
namespace {

const std::string& storage_class(const std::string& name, const std::string& dtype) {
  static const std::map<std::string, std::string> kClasses{
      {"F32", "FloatStorage"},     {"F64", "DoubleStorage"}, {"F16", "HalfStorage"},
      {"BF16", "BFloat16Storage"}, {"I64", "LongStorage"},   {"I32", "IntStorage"},
      {"I16", "ShortStorage"},     {"I8", "CharStorage"},    {"U8", "ByteStorage"},
      {"BOOL", "BoolStorage"}};
  const auto found = kClasses.find(dtype);
  DFD_REQUIRE(
      found != kClasses.end(), ErrorCode::kUnsupportedModel,
      "tensor \"" << name << "\": PyTorch's checkpoints have no storage of dtype " << dtype);
  return found->second;
}

class Writer {
 public:
  void opcode(char code) { text_ += code; }

  // Spelled out once, then taken from the memo.
  void global(const std::string& module, const std::string& name) {
    const auto [place, is_new] = memo_.emplace(module + "." + name, memo_.size());
    DFD_CHECK(place->second <= 0xFF);  // There are a dozen at most.
    if (is_new) text_ += "c" + module + "\n" + name + "\n";
    opcode(is_new ? 'q' : 'h');  // BINPUT, BINGET
    little_endian(place->second, 1);
  }

  void text(const std::string& value) {
    opcode('X');  // BINUNICODE
    little_endian(value.size(), 4);
    text_ += value;
  }

  // The shortest of the four ways, as Python does. value >= 0.
  void number(std::int64_t value) {
    const auto bits = static_cast<std::uint64_t>(value);
    if (bits <= 0xFF) {
      opcode('K');  // BININT1
      little_endian(bits, 1);
    } else if (bits <= 0xFFFF) {
      opcode('M');  // BININT2
      little_endian(bits, 2);
    } else if (bits <= 0x7FFFFFFF) {
      opcode('J');  // BININT, signed
      little_endian(bits, 4);
    } else {
      opcode('\x8a');  // LONG1: a length, then that many bytes of two's complement.
      little_endian(8, 1);
      little_endian(bits, 8);
    }
  }

  void numbers(const std::vector<std::int64_t>& values) {
    opcode('(');
    for (const std::int64_t value : values) number(value);
    opcode('t');
  }

  void empty_ordered_dict() {
    global("collections", "OrderedDict");
    opcode(')');
    opcode('R');
  }

  std::string take() { return std::move(text_); }

 private:
  void little_endian(std::uint64_t value, std::size_t bytes) {
    for (std::size_t i = 0; i < bytes; ++i) text_ += static_cast<char>(value >> (8 * i) & 0xFF);
  }

  std::string text_;
  std::map<std::string, std::uint64_t> memo_;
};

// _rebuild_tensor_v2(storage, offset, shape, stride, requires_grad, backward_hooks)
void write_tensor(Writer& writer, const std::string& name, const std::string& key,
                  const TensorBytes& tensor) {
  // As PyTorch strides tensors without elements: as if each empty side had one.
  std::vector<std::int64_t> stride(tensor.shape.size());
  std::int64_t step = 1, elements = 1;
  for (std::size_t i = tensor.shape.size(); i-- > 0;) {
    stride[i] = step;
    step *= std::max<std::int64_t>(tensor.shape[i], 1);
    elements *= tensor.shape[i];
  }
  writer.global("torch._utils", "_rebuild_tensor_v2");
  writer.opcode('(');
  writer.opcode('(');
  writer.text("storage");
  writer.global("torch", storage_class(name, tensor.dtype));
  writer.text(key);
  writer.text("cpu");
  writer.number(elements);
  writer.opcode('t');
  writer.opcode('Q');  // BINPERSID: the tuple stands for a storage.
  writer.number(0);
  writer.numbers(tensor.shape);
  writer.numbers(stride);
  writer.opcode('\x89');  // False
  writer.empty_ordered_dict();
  writer.opcode('t');
  writer.opcode('R');
}

}  // namespace

std::string write_state_dict(const std::map<std::string, TensorBytes>& tensors) {
  Writer writer;
  writer.opcode('\x80');  // PROTO
  writer.opcode('\x02');
  writer.empty_ordered_dict();
  writer.opcode('(');
  std::size_t key = 0;
  for (const auto& [name, tensor] : tensors) {
    writer.text(name);
    write_tensor(writer, name, std::to_string(key++), tensor);
  }
  writer.opcode('u');  // SETITEMS
  writer.opcode('.');
  return writer.take();
}

}  // namespace dfd::pickle
