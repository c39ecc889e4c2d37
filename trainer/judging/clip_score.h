// SPDX-License-Identifier: LGPL-2.1-or-later
//
// What a model says of one clip, beside what the data set says of it.

#pragma once

#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

namespace dfd {

struct ClipScore {
  std::string file;  // As the manifest names it; bytes.
  bool fake = false;
  std::string generator;              // What forged it; empty: unknown, or real.
  std::string group;                  // Where in its data set it comes from; empty: unknown.
  std::string compression;            // As the data set calls it; empty: unknown.
  std::vector<std::string> identity;  // Who is seen; empty: nobody knows.
  std::string source;                 // File of the real clip it was made from, or empty.
  // Both or neither: a clip without a face, for one, has no score.
  std::optional<double> logit;        // Before calibration; finite.
  std::optional<double> probability;  // That it is fake, after calibration; in [0, 1].
  // All three, of a scored clip and a model that knows kinds of evidence, or none: the kind whose
  // mean logit is the larger, "seam" or "generated", and each kind's calibrated probability.
  std::string evidence;
  std::optional<double> seam_probability, generated_probability;
  std::string verdict;
  std::string reason;    // Why there is no score, or no verdict.
  int samples = 0;       // Scored ones.
  int windows = 0;       // Likewise.
  bool partial = false;  // Ended before its first window was full.
  std::optional<double> seconds_to_verdict;
  double face_size = 0;  // Mean shorter side of the scored face's boxes, pixels; 0: unknown.
  // What could tell the classes apart without any forgery; 0: unknown.
  double bytes = 0;       // Of the file.
  double pixels = 0;      // Of a frame.
  double sharpness = 0;   // Variance of the Laplacian.
  double brightness = 0;  // Mean, [0, 255].
};

// {"path","label","generator","group","logit","probability","verdict","reason","samples","windows",
// "partial","seconds_to_verdict"}: null where there is none; label is "real" or "fake". Behind the
// probability stand "evidence", "seam_probability" and "generated_probability" where the model
// knows kinds. What figures need besides, "compression", "identity", "source", "face_size",
// "bytes", "pixels", "sharpness" and "brightness", follows where it is known.
nlohmann::ordered_json to_json(const ClipScore& clip);

// Such a line read back. where: of the line, such as "scores.jsonl:3", for errors. Throws
// Error(kInvalidArgument) for a key that is missing, unknown, or of another type or range.
ClipScore from_json(const nlohmann::ordered_json& line, const std::string& where);

}  // namespace dfd
