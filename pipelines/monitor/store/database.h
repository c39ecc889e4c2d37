// SPDX-License-Identifier: LGPL-2.1-or-later
//
// SQLite with objects that close themselves. Each is used by one thread at a time.

#pragma once

#include <sqlite3.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>

namespace dfd::monitor {

// What SQLite says, with the file's name before it.
class StoreError : public std::runtime_error {
 public:
  StoreError(const std::string& text, bool damaged) : std::runtime_error(text), damaged_(damaged) {}

  // The file itself is at fault: no trying on helps.
  bool is_damaged() const { return damaged_; }

 private:
  bool damaged_;
};

class Database {
 public:
  enum class Access { kRead, kWrite };

  // To write, the file is made where it is missing (mode 0640), with a write-ahead log and foreign
  // keys. Readers neither hold up the writer nor wait for it. Throws StoreError, as all here do.
  explicit Database(const std::string& path, Access access = Access::kWrite);

  // Statements without results, parted by semicolons.
  void run(const std::string& statements);

  sqlite3* handle() const { return handle_.get(); }
  [[noreturn]] void fail() const;

 private:
  struct Close {
    void operator()(sqlite3* handle) const { sqlite3_close(handle); }
  };

  std::string path_;
  std::unique_ptr<sqlite3, Close> handle_;
};

class Statement {
 public:
  // `database` outlives it.
  Statement(Database& database, const std::string& text);

  // The next ? in its order; nothing is NULL.
  Statement& bind(const std::string& value);
  Statement& bind(std::int64_t value);
  Statement& bind(double value);
  Statement& bind(const std::optional<double>& value);
  Statement& bind(const std::optional<std::int64_t>& value);

  // To the next row; false where there is none.
  bool step();

  // Of the row; columns from 0.
  std::string text(int column) const;
  std::int64_t whole(int column) const;
  double number(int column) const;
  std::optional<double> number_if_any(int column) const;
  std::optional<std::int64_t> whole_if_any(int column) const;

 private:
  struct Finalize {
    void operator()(sqlite3_stmt* handle) const { sqlite3_finalize(handle); }
  };
  void check(int code) const;

  Database* database_;
  std::unique_ptr<sqlite3_stmt, Finalize> handle_;
  int next_ = 1;
};

// All or nothing: rolled back unless it was committed.
class Transaction {
 public:
  explicit Transaction(Database& database);
  ~Transaction();
  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;

  void commit();

 private:
  Database* database_;
  bool open_ = true;
};

struct Opened {
  Database database;
  // The one that was there is put aside as PATH.damaged-TIME, which is said, and this is a new one.
  bool was_damaged = false;
};

// Opens and checks a database to write, and lets `set_up` make its tables and read what it holds;
// called again for a new one where it finds damage.
Opened open_checked(const std::string& path, const std::function<void(Database&)>& set_up);

// What open_checked() does with a damaged file. Nobody may have it open.
void put_aside(const std::string& path);

}  // namespace dfd::monitor
