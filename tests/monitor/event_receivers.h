// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Who takes events on loopback: a web server, and an MQTT broker with a subscriber.

#pragma once

#include <gio/gio.h>

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

struct mosquitto;

namespace dfd::monitor::test {

// Takes POST at /events, on a thread of its own.
class HttpReceiver {
 public:
  struct Request {
    // Names in lower case.
    std::map<std::string, std::string> headers;
    std::string body;
  };

  // With a certificate and its key it has TLS. Port "0": any that is free.
  explicit HttpReceiver(const std::string& port = "0", const std::string& certificate = "",
                        const std::string& key = "");
  ~HttpReceiver();
  HttpReceiver(const HttpReceiver&) = delete;
  HttpReceiver& operator=(const HttpReceiver&) = delete;

  // What is answered, one after the other, and then 204 for ever.
  void answer(std::deque<int> statuses);
  // "http://localhost:PORT/events"
  std::string url() const;
  std::string port() const;
  // All so far, with what was answered.
  std::vector<std::pair<Request, int>> requests() const;
  // Bodies that were answered with 2xx.
  std::vector<std::string> taken() const;

 private:
  struct Shared;
  std::unique_ptr<Shared> shared_;
};

// mosquitto, for all who come; with a certificate and its key by TLS.
class Broker {
 public:
  explicit Broker(const std::string& port, const std::string& certificate = "",
                  const std::string& key = "");
  ~Broker();
  Broker(const Broker&) = delete;
  Broker& operator=(const Broker&) = delete;

 private:
  GSubprocess* process_ = nullptr;
};

// Hears all topics, from the moment in which it is made. Throws std::runtime_error.
class Subscriber {
 public:
  explicit Subscriber(const std::string& port);
  ~Subscriber();
  Subscriber(const Subscriber&) = delete;
  Subscriber& operator=(const Subscriber&) = delete;

  struct Message {
    std::string topic;
    std::string body;
    bool retained = false;
  };
  std::vector<Message> messages() const;
  // The newest of a topic; empty where there is none.
  std::string newest(const std::string& topic) const;

 private:
  mosquitto* client_;
  mutable std::mutex mutex_;
  std::vector<Message> messages_;
  bool subscribed_ = false;
};

}  // namespace dfd::monitor::test
