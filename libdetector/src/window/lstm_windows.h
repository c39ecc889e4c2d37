// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The seed recipe's head as any head is used: its windows are lanes of LSTM states.

#pragma once

#include <memory>

#include "window/head.h"
#include "window/lstm_head.h"

namespace dfd {

constexpr const char* kLstm = "lstm";

HeadKind lstm_kind();

std::shared_ptr<Head> make_lstm_windows(LstmHead lstm);

// Sizes to and from what a model file says. where: the file, for Error(kCorruptModel).
HeadInfo to_info(const HeadSizes& sizes);
HeadSizes sizes_of(const HeadInfo& info, const std::string& where);

}  // namespace dfd
