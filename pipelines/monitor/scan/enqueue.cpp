// SPDX-License-Identifier: LGPL-2.1-or-later

#include "scan/enqueue.h"

#include "scan/queue_link.h"
#include "scan/queue_message.h"

namespace dfd::monitor {

Enqueued enqueue(const QueueAddress& address, const std::vector<ListedFile>& files) {
  QueueLink link(address);
  const std::string subject = link.ensure_stream();
  Enqueued result;
  for (const ListedFile& file : files) {
    const std::string id = queue_message_id(file);
    const std::string text = queue_message(file);
    jsPubOptions options;
    jsPubOptions_Init(&options);
    options.MsgId = id.c_str();
    options.ExpectStream = address.stream.c_str();
    jsPubAck* answer = nullptr;
    require(js_Publish(&answer, link.jetstream(), subject.c_str(), text.data(),
                       static_cast<int>(text.size()), &options, nullptr),
            "after " + std::to_string(result.put + result.there_already) + " of " +
                std::to_string(files.size()) + " files the queue took no more");
    answer->Duplicate ? ++result.there_already : ++result.put;
    jsPubAck_Destroy(answer);
  }
  return result;
}

}  // namespace dfd::monitor
