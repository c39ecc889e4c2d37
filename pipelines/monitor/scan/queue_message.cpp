// SPDX-License-Identifier: LGPL-2.1-or-later

#include "scan/queue_message.h"

#include <glib.h>
#include <sys/stat.h>

#include <climits>
#include <stdexcept>

#include "base/digest.h"
#include "scan/path_field.h"

namespace dfd::monitor {
namespace {

constexpr const char* kSkip = "skip_if_no_video";

std::string path_of_uri(const Json& uri) {
  if (!uri.is_string()) throw std::invalid_argument("uri is no text");
  char* host = nullptr;
  char* made = g_filename_from_uri(uri.get<std::string>().c_str(), &host, nullptr);
  const std::string path = made == nullptr ? "" : made;
  const std::string machine = host == nullptr ? "" : host;
  g_free(made);
  g_free(host);
  if (path.empty() || (!machine.empty() && machine != "localhost")) {
    throw std::invalid_argument("uri must have the form file:///PATH");
  }
  return path;
}

std::string path_of(const Json& object) {
  if (object.contains("uri")) return path_of_uri(object["uri"]);
  const auto path = path_in(object);
  if (!path) throw std::invalid_argument("path_hex is damaged");
  if (path->empty()) throw std::invalid_argument("it has no path");
  return *path;
}

}  // namespace

ListedFile read_queue_message(std::string_view message) {
  const Json object = Json::parse(message.begin(), message.end(), nullptr, false);
  if (!object.is_object()) throw std::invalid_argument("it is no JSON object");
  ListedFile file;
  file.path = path_of(object);
  // Workers are in folders of their own.
  if (file.path.front() != '/') throw std::invalid_argument("its path does not begin with /");
  if (file.path.size() >= PATH_MAX || file.path.find('\0') != std::string::npos) {
    throw std::invalid_argument("its path cannot be one");
  }
  const auto skip = object.find(kSkip);
  if (skip != object.end() && !skip->is_boolean()) {
    throw std::invalid_argument(std::string(kSkip) + " is neither true nor false");
  }
  file.named = skip == object.end() || !skip->get<bool>();
  return file;
}

std::string queue_message(const ListedFile& file) {
  Json object = Json::object();
  set_path(object, file.path);
  if (!file.named) object[kSkip] = true;
  return object.dump();
}

std::string queue_message_id(const ListedFile& file) {
  struct stat facts {};
  std::string identity = file.path;
  if (stat(file.path.c_str(), &facts) == 0) {
    for (const auto part : {facts.st_size, facts.st_mtim.tv_sec, facts.st_mtim.tv_nsec}) {
      identity += '\0' + std::to_string(part);
    }
  }
  return sha256_of(identity);
}

}  // namespace dfd::monitor
