// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Files as answers, read piece by piece as they are taken. Used on the server's thread.

#pragma once

#include <libsoup/soup.h>

#include <cstdint>
#include <list>
#include <memory>
#include <string>

#include "web/http.h"

namespace dfd::monitor {

// An open file of the state folder.
class StateFile {
 public:
  // `path` is below `folder`; no part of it is a link, or leads anywhere else. is_open() tells
  // whether there is such a file.
  StateFile(const std::string& folder, const std::string& path);
  ~StateFile();
  StateFile(StateFile&& other) noexcept;
  StateFile(const StateFile&) = delete;
  StateFile& operator=(const StateFile&) = delete;

  bool is_open() const { return file_ >= 0; }
  std::int64_t size() const { return size_; }
  // Less than `length` where the file was cut; empty where it cannot be read.
  std::string read(std::int64_t begin, std::int64_t length) const;

 private:
  int file_ = -1;
  std::int64_t size_ = 0;
};

class FileFeed {
 public:
  FileFeed();
  ~FileFeed();
  FileFeed(const FileFeed&) = delete;
  FileFeed& operator=(const FileFeed&) = delete;

  // Answers with the file, or the range of it that is asked for. `tag` names its content.
  void add(SoupServerMessage* message, const HttpRequest& request, StateFile file,
           const std::string& type, const std::string& tag);

  // Lets go of those that are done.
  void update();

 private:
  struct Sending;
  std::list<std::unique_ptr<Sending>> sendings_;
};

}  // namespace dfd::monitor
