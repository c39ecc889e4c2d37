// SPDX-License-Identifier: LGPL-2.1-or-later

#include "file_feed.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "web/byte_range.h"
#include "web/connections.h"
#include "web/soup_message.h"

namespace dfd::monitor {
namespace {

// So much is in memory for each reader.
constexpr std::int64_t kPiece = 64 * 1024;

}  // namespace

// Folder by folder: the kernel would follow links in all parts but the last.
StateFile::StateFile(const std::string& folder, const std::string& path) {
  int at = open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  const std::vector<std::string> parts = split(path, '/');
  for (std::size_t i = 0; at >= 0 && i < parts.size(); ++i) {
    const bool is_last = i + 1 == parts.size();
    const bool is_name = !parts[i].empty() && parts[i] != "." && parts[i] != "..";
    // Whatever waits when it is opened is no file.
    const int flags = O_RDONLY | O_CLOEXEC | O_NOFOLLOW | (is_last ? O_NONBLOCK : O_DIRECTORY);
    const int next = is_name ? openat(at, parts[i].c_str(), flags) : -1;
    close(at);
    at = next;
  }
  struct stat status {};
  if (at >= 0 && (fstat(at, &status) != 0 || !S_ISREG(status.st_mode))) {
    close(at);
    at = -1;
  }
  file_ = at;
  size_ = status.st_size;
}

StateFile::~StateFile() {
  if (file_ >= 0) close(file_);
}

StateFile::StateFile(StateFile&& other) noexcept
    : file_(std::exchange(other.file_, -1)), size_(other.size_) {}

std::string StateFile::read(std::int64_t begin, std::int64_t length) const {
  std::string bytes(static_cast<std::size_t>(length), '\0');
  const ssize_t count = pread(file_, bytes.data(), bytes.size(), begin);
  bytes.resize(static_cast<std::size_t>(std::max<ssize_t>(count, 0)));
  return bytes;
}

struct FileFeed::Sending {
  Sending(SoupServerMessage* served, StateFile opened, const ByteRange& range)
      : message(SOUP_SERVER_MESSAGE(g_object_ref(served))),
        file(std::move(opened)),
        at(range.begin),
        end(range.begin + range.length) {}
  ~Sending() {
    g_signal_handlers_disconnect_by_data(message, this);
    g_object_unref(message);
  }
  Sending(const Sending&) = delete;
  Sending& operator=(const Sending&) = delete;

  void send_piece();

  static void on_wrote_chunk(SoupServerMessage* message, gpointer data);
  static void on_finished(SoupServerMessage* message, gpointer data);

  SoupServerMessage* message;
  StateFile file;
  std::int64_t at;
  std::int64_t end;
  bool finished = false;
};

void FileFeed::Sending::send_piece() {
  if (at >= end) return;
  const std::string piece = file.read(at, std::min(kPiece, end - at));
  // It is shorter than it was said to be: nothing but the end of the connection tells.
  if (piece.empty()) return cut_off(message);
  at += static_cast<std::int64_t>(piece.size());
  soup_message_body_append(soup_server_message_get_response_body(message), SOUP_MEMORY_COPY,
                           piece.data(), piece.size());
}

void FileFeed::Sending::on_wrote_chunk(SoupServerMessage* /*message*/, gpointer data) {
  static_cast<Sending*>(data)->send_piece();
}

void FileFeed::Sending::on_finished(SoupServerMessage* /*message*/, gpointer data) {
  static_cast<Sending*>(data)->finished = true;
}

FileFeed::FileFeed() = default;

FileFeed::~FileFeed() = default;

void FileFeed::update() {
  sendings_.remove_if([](const auto& sending) { return sending->finished; });
}

void FileFeed::add(SoupServerMessage* message, const HttpRequest& request, StateFile file,
                   const std::string& type, const std::string& tag) {
  const std::string quoted = "\"" + tag + "\"";
  const std::string condition = request.header("if-range");
  const bool is_same = condition.empty() || condition == quoted;
  const std::int64_t size = file.size();
  const ByteRange range = parse_range(is_same ? request.header("range") : "", size);
  if (range.kind == ByteRange::Kind::kOutside) {
    HttpResponse outside = error_response(416, "outside", "the file is shorter");
    outside.headers.emplace_back("Content-Range", "bytes */" + std::to_string(size));
    return respond(message, outside);
  }
  const bool is_part = range.kind == ByteRange::Kind::kPart;
  soup_server_message_set_status(message, is_part ? SOUP_STATUS_PARTIAL_CONTENT : SOUP_STATUS_OK,
                                 nullptr);
  set_headers(message);
  SoupMessageHeaders* headers = soup_server_message_get_response_headers(message);
  soup_message_headers_set_content_type(headers, type.c_str(), nullptr);
  soup_message_headers_replace(headers, "Accept-Ranges", "bytes");
  soup_message_headers_replace(headers, "ETag", quoted.c_str());
  if (is_part) {
    soup_message_headers_set_content_range(headers, range.begin, range.begin + range.length - 1,
                                           size);
  }
  soup_message_headers_set_content_length(headers, range.length);
  if (request.method == "HEAD") return;
  soup_message_body_set_accumulate(soup_server_message_get_response_body(message), FALSE);
  sendings_.push_back(std::make_unique<Sending>(message, std::move(file), range));
  Sending* sending = sendings_.back().get();
  g_signal_connect(message, "wrote-chunk", G_CALLBACK(Sending::on_wrote_chunk), sending);
  g_signal_connect(message, "finished", G_CALLBACK(Sending::on_finished), sending);
  sending->send_piece();
}

}  // namespace dfd::monitor
