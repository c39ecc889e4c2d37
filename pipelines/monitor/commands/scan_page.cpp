// SPDX-License-Identifier: LGPL-2.1-or-later

#include "scan/scan_page.h"

#include <exception>

#include "base/exit_code.h"
#include "base/log.h"
#include "commands/commands.h"
#include "scan/joined_results.h"
#include "scan/page_pictures.h"

namespace dfd::monitor {

int scan_page(const std::vector<std::string>& result_files, const std::string& folder,
              const std::string& pictures) {
  try {
    JoinedResults results;
    for (const std::string& file : result_files) results.add(file);
    const ScanPage page(results, copy_pictures(results.worst_first(), pictures, folder));
    write_page(page, folder);
    for (const std::string& gap : page.gaps()) log_line("scan-page: " + gap);
    log_line("scan-page: " + folder + "/" + ScanPage::part_name(0) + ": " +
             std::to_string(page.files()) + " files in " + std::to_string(page.parts()) +
             (page.parts() == 1 ? " part" : " parts"));
    return kExitDone;
  } catch (const std::exception& error) {
    log_line(error.what());
    return kExitFailed;
  }
}

}  // namespace dfd::monitor
