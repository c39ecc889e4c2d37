// SPDX-License-Identifier: LGPL-2.1-or-later

#include "database.h"

#include <fcntl.h>
#include <unistd.h>

#include <cstdio>
#include <utility>

#include "base/clock.h"
#include "base/log.h"

namespace dfd::monitor {
namespace {

// Another program that looks into the file holds it for as long as it reads a row or two.
constexpr int kBusyMs = 5000;

void check(Database& database) {
  Statement statement(database, "PRAGMA quick_check(1)");
  statement.step();
  if (statement.text(0) != "ok") throw StoreError("the database is damaged", true);
}

}  // namespace

Database::Database(const std::string& path, Access access) : path_(path) {
  const bool writes = access == Access::kWrite;
  // SQLite would let everybody read it. Its other files take this one's mode.
  const int file = writes ? open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0640) : -1;
  if (file >= 0) close(file);
  sqlite3* handle = nullptr;
  const int flags = writes ? SQLITE_OPEN_READWRITE : SQLITE_OPEN_READONLY;
  const int code = sqlite3_open_v2(path.c_str(), &handle, flags, nullptr);
  handle_.reset(handle);
  if (code != SQLITE_OK) fail();
  sqlite3_busy_timeout(handle, kBusyMs);
  if (!writes) return;
  // FULL: what was said to be kept is kept when the power goes, too.
  run("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON");
}

void Database::fail() const {
  const int code = handle_ == nullptr ? SQLITE_NOMEM : sqlite3_errcode(handle_.get());
  const char* text = handle_ == nullptr ? sqlite3_errstr(code) : sqlite3_errmsg(handle_.get());
  throw StoreError(path_ + ": " + text, code == SQLITE_CORRUPT || code == SQLITE_NOTADB);
}

void Database::run(const std::string& statements) {
  if (sqlite3_exec(handle(), statements.c_str(), nullptr, nullptr, nullptr) != SQLITE_OK) fail();
}

Statement::Statement(Database& database, const std::string& text) : database_(&database) {
  sqlite3_stmt* handle = nullptr;
  check(sqlite3_prepare_v2(database.handle(), text.c_str(), -1, &handle, nullptr));
  handle_.reset(handle);
}

void Statement::check(int code) const {
  if (code != SQLITE_OK) database_->fail();
}

Statement& Statement::bind(const std::string& value) {
  check(sqlite3_bind_text(handle_.get(), next_++, value.data(), static_cast<int>(value.size()),
                          SQLITE_TRANSIENT));
  return *this;
}

Statement& Statement::bind(std::int64_t value) {
  check(sqlite3_bind_int64(handle_.get(), next_++, value));
  return *this;
}

Statement& Statement::bind(double value) {
  check(sqlite3_bind_double(handle_.get(), next_++, value));
  return *this;
}

Statement& Statement::bind(const std::optional<double>& value) {
  if (value) return bind(*value);
  check(sqlite3_bind_null(handle_.get(), next_++));
  return *this;
}

Statement& Statement::bind(const std::optional<std::int64_t>& value) {
  if (value) return bind(*value);
  check(sqlite3_bind_null(handle_.get(), next_++));
  return *this;
}

bool Statement::step() {
  const int code = sqlite3_step(handle_.get());
  if (code != SQLITE_ROW && code != SQLITE_DONE) database_->fail();
  return code == SQLITE_ROW;
}

std::string Statement::text(int column) const {
  const unsigned char* text = sqlite3_column_text(handle_.get(), column);
  return text == nullptr ? std::string() : reinterpret_cast<const char*>(text);
}

std::int64_t Statement::whole(int column) const {
  return sqlite3_column_int64(handle_.get(), column);
}

double Statement::number(int column) const { return sqlite3_column_double(handle_.get(), column); }

std::optional<double> Statement::number_if_any(int column) const {
  if (sqlite3_column_type(handle_.get(), column) == SQLITE_NULL) return std::nullopt;
  return number(column);
}

std::optional<std::int64_t> Statement::whole_if_any(int column) const {
  if (sqlite3_column_type(handle_.get(), column) == SQLITE_NULL) return std::nullopt;
  return whole(column);
}

Transaction::Transaction(Database& database) : database_(&database) {
  database.run("BEGIN IMMEDIATE");
}

Transaction::~Transaction() {
  // Some errors have rolled it back already; then this one says so, and nobody needs to know.
  if (open_) sqlite3_exec(database_->handle(), "ROLLBACK", nullptr, nullptr, nullptr);
}

void Transaction::commit() {
  database_->run("COMMIT");
  open_ = false;
}

void put_aside(const std::string& path) {
  const std::string aside = ".damaged-" + utc_text(now().wall);
  for (const char* part : {"", "-wal", "-shm"}) {
    std::rename((path + part).c_str(), (path + aside + part).c_str());
  }
  log_line(path + ": is damaged; it is kept as " + path + aside + ", and a new one begun");
}

Opened open_checked(const std::string& path, const std::function<void(Database&)>& set_up) {
  try {
    Opened opened{Database(path)};
    check(opened.database);
    set_up(opened.database);
    return opened;
  } catch (const StoreError& error) {
    if (!error.is_damaged()) throw;
  }
  put_aside(path);
  Opened opened{Database(path), true};
  set_up(opened.database);
  return opened;
}

}  // namespace dfd::monitor
