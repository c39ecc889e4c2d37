// SPDX-License-Identifier: LGPL-2.1-or-later

#include "import/checkpoint_writer.h"

#include <zip.h>

#include <array>
#include <cstdint>
#include <ostream>
#include <string_view>
#include <utility>
#include <vector>

#include "base/check.h"
#include "base/file.h"
#include "import/pickle_writer.h"

namespace dfd {
namespace {

// Of everything in the archive, by the name PyTorch gives it when it does not know the file's.
constexpr const char* kFolder = "archive/";

// The archive's sources are read when it is closed, so what is added must live until then. It is
// made in memory: libzip would write a file of its own beside the path and rename that, also over
// /dev/stdout.
class ZipWriter {
 public:
  explicit ZipWriter(std::string path) : path_(std::move(path)) {
    zip_error_t error;
    zip_error_init(&error);
    written_ = zip_source_buffer_create(nullptr, 0, 0, &error);
    if (written_ != nullptr) archive_ = zip_open_from_source(written_, ZIP_TRUNCATE, &error);
    const std::string text = zip_error_strerror(&error);
    zip_error_fini(&error);
    if (archive_ == nullptr) zip_source_free(written_);
    require(archive_ != nullptr, text);
    zip_source_keep(
        written_);  // The archive has the other half, and gives it up when it is closed.
  }
  ~ZipWriter() {
    if (archive_ != nullptr) zip_discard(archive_);
    zip_source_free(written_);
  }
  ZipWriter(const ZipWriter&) = delete;
  ZipWriter& operator=(const ZipWriter&) = delete;

  void add(const std::string& name, const void* data, std::uint64_t size) {
    zip_source_t* source = zip_source_buffer(archive_, data, size, 0);
    const std::string whole_name = kFolder + name;
    const zip_int64_t place =
        source == nullptr ? -1
                          : zip_file_add(archive_, whole_name.c_str(), source, ZIP_FL_ENC_GUESS);
    if (place < 0) zip_source_free(source);
    require(place >= 0, zip_strerror(archive_));
    const auto index = static_cast<zip_uint64_t>(place);
    // The first day that zip files know: equal content gives equal bytes.
    constexpr zip_uint16_t kFirstDay = 1U << 5 | 1U;
    require(zip_set_file_compression(archive_, index, ZIP_CM_STORE, 0) == 0 &&
                zip_file_set_dostime(archive_, index, 0, kFirstDay, 0) == 0,
            zip_strerror(archive_));
    align(index, whole_name.size());
    place_ += size;
  }
  void add(const std::string& name, std::string_view text) { add(name, text.data(), text.size()); }

  void write_to(std::ostream& out) {
    require(zip_close(archive_) == 0, zip_strerror(archive_));
    archive_ = nullptr;
    require(zip_source_open(written_) == 0, "the archive cannot be read back");
    std::vector<char> part(1U << 20);
    zip_int64_t size = 0;
    while ((size = zip_source_read(written_, part.data(), part.size())) > 0)
      out.write(part.data(), size);
    zip_source_close(written_);
    require(size == 0, "the archive cannot be read back");
  }

 private:
  void require(bool good, const std::string& text) const {
    DFD_REQUIRE(good, ErrorCode::kIo, path_ << ": the archive cannot be made: " << text);
  }

  // Moves the entry's data to a multiple of 64 bytes by an extra field, so that storages can be
  // mapped: PyTorch's alignment, and its field.
  void align(zip_uint64_t index, std::size_t name_size) {
    constexpr std::uint64_t kAlignment = 64;
    constexpr zip_uint16_t kPadding = 'F' | 'B' << 8;
    constexpr std::uint64_t kHeader = 30;      // A local header's fixed part.
    constexpr std::uint64_t kFieldHeader = 4;  // Identifier and length.
    place_ += kHeader + name_size + kFieldHeader;
    const std::uint64_t missing = (kAlignment - place_ % kAlignment) % kAlignment;
    const std::array<zip_uint8_t, kAlignment> padding{};
    require(zip_file_extra_field_set(archive_, index, kPadding, ZIP_EXTRA_FIELD_NEW, padding.data(),
                                     static_cast<zip_uint16_t>(missing), ZIP_FL_LOCAL) == 0,
            zip_strerror(archive_));
    place_ += missing;
  }

  std::string path_;
  zip_source_t* written_ = nullptr;
  zip_t* archive_ = nullptr;
  std::uint64_t place_ = 0;  // In the file to be: behind the newest entry.
};

}  // namespace

void write_checkpoint(const std::string& path, const std::map<std::string, TensorBytes>& tensors) {
  DFD_REQUIRE(!tensors.empty(), ErrorCode::kInvalidArgument,
              path << ": there are no tensors to write");
  const std::string pickle = pickle::write_state_dict(tensors);
  replace_file(path, [&](std::ostream& out) {
    ZipWriter archive(path);
    archive.add("data.pkl", pickle);
    archive.add("byteorder", "little");  // Read by PyTorch 2.1 and newer.
    std::size_t key = 0;
    for (const auto& [name, tensor] : tensors) {
      archive.add("data/" + std::to_string(key++), tensor.data, tensor.size);
    }
    archive.add("version", "3\n");
    archive.write_to(out);
  });
}

}  // namespace dfd
