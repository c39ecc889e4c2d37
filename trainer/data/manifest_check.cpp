// SPDX-License-Identifier: LGPL-2.1-or-later

#include "data/manifest_check.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <memory>
#include <set>

#include "base/check.h"
#include "base/text.h"
#include "data/clip_files.h"
#include "data/json_name.h"
#include "data/perceptual_hash.h"
#include "data/split.h"

namespace dfd {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::size_t kExamples = 100;  // Of pairs, which may be many more than clips.
constexpr const char* kNone = "none";   // In place of what nobody says.

std::string or_none(const std::string& text) { return text.empty() ? kNone : text; }

std::string side_of(const Clip& clip) { return clip.split ? to_string(*clip.split) : kNone; }

std::string size_of(const ClipFacts& facts) {
  if (!facts.error.empty()) return kNone;
  return std::to_string(facts.size.width) + "x" + std::to_string(facts.size.height);
}

// Fakes of a generator that nobody trained on are made of whoever there is: that is what such a
// split measures.
bool may_meet(const Clip& clip, const std::string& split) {
  return clip.fake && split == "generator:" + clip.generator;
}

class Checker {
 public:
  Checker(const Manifest& manifest, const std::vector<ClipFacts>& facts)
      : manifest_(manifest), clips_(manifest.clips), facts_(facts) {}

  Findings check() {
    Json& report = findings_.report;
    report["manifest"] = manifest_digest(manifest_);
    report["split"] = manifest_.split.empty() ? Json() : Json(manifest_.split);
    report["clips"] = clips_.size();
    count();
    report["sides"] = sides();
    list_clips();
    report["same_bytes"] = same_bytes();
    report["near_duplicates"] = near_duplicates();
    report["two_sides"] = two_sides();
    report["faults"] = findings_.faults;
    return std::move(findings_);
  }

 private:
  // Adds a sentence "COUNT WHAT", unless there is nothing to tell.
  static void tell(std::vector<std::string>& sentences, std::size_t count,
                   const std::string& what) {
    if (count > 0) sentences.push_back(std::to_string(count) + " " + what);
  }
  void fault(std::size_t count, const std::string& what) { tell(findings_.faults, count, what); }
  void remark(std::size_t count, const std::string& what) { tell(findings_.remarks, count, what); }

  bool on_two_sides(std::size_t a, std::size_t b) const {
    return clips_[a].split && clips_[b].split && *clips_[a].split != *clips_[b].split;
  }

  Json pair_of(std::size_t a, std::size_t b) const {
    Json pair;
    set_name(pair, "first", clips_[a].file);
    set_name(pair, "second", clips_[b].file);
    pair["two_sides"] = on_two_sides(a, b);
    return pair;
  }

  void count() {
    std::map<std::string, std::map<std::string, std::size_t>> by;
    std::set<std::string> identities;
    std::set<std::string> recordings;
    for (std::size_t i = 0; i < clips_.size(); ++i) {
      const Clip& clip = clips_[i];
      ++by["label"][clip.fake ? "fake" : "real"];
      ++by["split"][side_of(clip)];
      if (clip.fake) ++by["generator"][or_none(clip.generator)];
      ++by["group"][or_none(clip.group)];
      ++by["compression"][or_none(clip.compression)];
      ++by["container"][or_none(utf8(container_of(clip.file)))];
      ++by["codec"][or_none(utf8(facts_[i].codec))];
      ++by["size"][size_of(facts_[i])];
      for (const std::string& name : people_of(clip)) identities.insert(name);
      recordings.insert(recording_of(clip));
    }
    findings_.report["by"] = by;
    findings_.report["identities"] = identities.size();
    findings_.report["recordings"] = recordings.size();
  }

  // Of each side, or of all clips where there is none: what costs nothing there.
  Json sides() {
    std::map<std::string, std::pair<std::size_t, std::size_t>> counts;  // Real, fake.
    const bool split = has_splits(manifest_);
    std::size_t fakes = 0;
    for (const Clip& clip : clips_) {
      fakes += clip.fake ? 1 : 0;
      if (split && !clip.split) continue;
      auto& [real, fake] = counts[split ? side_of(clip) : "all"];
      ++(clip.fake ? fake : real);
    }
    const bool one_class = fakes == 0 || fakes == clips_.size();
    if (one_class) findings_.remarks.emplace_back("all clips are of one class");
    Json all = Json::object();
    for (const auto& [name, count] : counts) {
      const auto [real, fake] = count;
      const double share = static_cast<double>(fake) / static_cast<double>(real + fake);
      const auto term = [](double part) { return part > 0 ? -part * std::log(part) : 0; };
      all[name] = {{"real", real},
                   {"fake", fake},
                   {"majority_accuracy", std::max(share, 1 - share)},
                   {"constant_log_loss", term(share) + term(1 - share)}};
      if (!one_class && (real == 0 || fake == 0)) {
        findings_.faults.push_back("the side " + name + " has " + std::to_string(real) +
                                   " real clips and " + std::to_string(fake) + " fakes");
      }
    }
    return all;
  }

  // Clips that are of no use by themselves.
  void list_clips() {
    Json unreadable = Json::array();
    Json brief = Json::array();
    Json faceless = Json::array();
    bool looked = false;
    std::size_t flat = 0;
    for (std::size_t i = 0; i < clips_.size(); ++i) {
      Json line;
      set_name(line, "path", clips_[i].file);
      const ClipFacts& facts = facts_[i];
      if (!facts.error.empty()) {
        line["error"] = utf8(facts.error);
        unreadable.push_back(line);
        continue;
      }
      flat += facts.hash ? 0 : 1;
      if (facts.frames < 2 && !is_picture(clips_[i].file)) brief.push_back(line);
      looked = looked || facts.has_face;
      if (facts.has_face == false) faceless.push_back(line);
    }
    fault(unreadable.size(), "clips cannot be read");
    fault(brief.size(), "videos have less than 2 frames");
    fault(faceless.size(), "clips show no face");
    remark(flat, "clips have a middle frame too flat to be compared");
    findings_.report["unreadable"] = std::move(unreadable);
    findings_.report["short"] = std::move(brief);
    findings_.report["without_face"] = looked ? faceless : Json();
  }

  Json same_bytes() {
    std::map<std::string, std::size_t> first;
    Json pairs = Json::array();
    std::size_t across = 0;
    std::size_t contradicting = 0;
    for (std::size_t i = 0; i < clips_.size(); ++i) {
      if (facts_[i].digest.empty()) continue;
      const auto [found, is_new] = first.emplace(facts_[i].digest, i);
      if (is_new) continue;
      pairs.push_back(pair_of(found->second, i));
      across += on_two_sides(found->second, i) ? 1 : 0;
      contradicting += clips_[found->second].fake != clips_[i].fake ? 1 : 0;
    }
    remark(pairs.size(), "clips are copies of others, byte for byte");
    fault(across, "clips are copies of clips on another side of the split");
    fault(contradicting, "clips are copies of clips of the other class");
    return pairs;
  }

  // Of other recordings: a forgery looks like what it was made from.
  Json near_duplicates() {
    std::vector<std::uint64_t> hashes;
    std::vector<std::size_t> clip_of;
    for (std::size_t i = 0; i < clips_.size(); ++i) {
      if (!facts_[i].hash) continue;
      hashes.push_back(*facts_[i].hash);
      clip_of.push_back(i);
    }
    Json examples = Json::array();
    std::size_t pairs = 0;
    std::size_t across = 0;
    for_near_hashes(hashes, [&](std::size_t a, std::size_t b, int distance) {
      const std::size_t first = clip_of[a];
      const std::size_t second = clip_of[b];
      if (facts_[first].digest == facts_[second].digest ||
          recording_of(clips_[first]) == recording_of(clips_[second])) {
        return;
      }
      ++pairs;
      across += on_two_sides(first, second) ? 1 : 0;
      if (examples.size() >= kExamples) return;
      examples.push_back(pair_of(first, second));
      examples.back()["distance"] = distance;
    });
    remark(pairs, "pairs of clips of different recordings look the same in the middle");
    fault(across, "pairs that look the same in the middle stand on two sides of the split");
    return {{"pairs", pairs}, {"two_sides", across}, {"examples", std::move(examples)}};
  }

  Json two_sides() {
    std::map<std::string, std::set<SplitSide>> identities;
    std::map<std::string, std::set<SplitSide>> recordings;
    for (const Clip& clip : clips_) {
      if (!clip.split || may_meet(clip, manifest_.split)) continue;
      for (const std::string& name : clip.identity) identities[name].insert(*clip.split);
      recordings[recording_of(clip)].insert(*clip.split);
    }
    const auto names_on_two = [](const std::map<std::string, std::set<SplitSide>>& sides) {
      Json names = Json::array();
      for (const auto& [name, found] : sides) {
        if (found.size() > 1) names.push_back(utf8(name));
      }
      return names;
    };
    Json people = names_on_two(identities);
    Json sources = names_on_two(recordings);
    fault(people.size(), "identities stand on two sides of the split");
    fault(sources.size(),
          "recordings, or what was made from them, stand on two sides of the split");
    return {{"identities", std::move(people)}, {"recordings", std::move(sources)}};
  }

  const Manifest& manifest_;
  const std::vector<Clip>& clips_;
  const std::vector<ClipFacts>& facts_;
  Findings findings_;
};

}  // namespace

Findings check_manifest(const Manifest& manifest, const CheckOptions& options,
                        const std::function<void(int done, int of)>& progress) {
  std::unique_ptr<FaceDetector> detector;
  if (options.faces) detector = make_face_detector(options.face_model, CropRule::kBox);
  std::vector<ClipFacts> facts;
  for (const Clip& clip : manifest.clips) {
    facts.push_back(look_at(clip, detector.get()));
    progress(static_cast<int>(facts.size()), static_cast<int>(manifest.clips.size()));
  }
  return findings_of(manifest, facts);
}

Findings findings_of(const Manifest& manifest, const std::vector<ClipFacts>& facts) {
  DFD_CHECK(facts.size() == manifest.clips.size());
  return Checker(manifest, facts).check();
}

}  // namespace dfd
