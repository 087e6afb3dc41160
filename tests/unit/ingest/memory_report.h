// MemoryReport: a ReportSource over a string, delivered in pieces of any size.
#pragma once

#include <algorithm>
#include <cstring>
#include <string>
#include <utility>

#include "server/ingest/report_parser.h"

namespace testselect {

class MemoryReport : public ReportSource {
 public:
  explicit MemoryReport(std::string content, size_t piece = SIZE_MAX)
      : content_(std::move(content)), piece_(piece) {}
  absl::StatusOr<size_t> Read(char* buffer, size_t capacity) override {
    const size_t n = std::min({capacity, piece_, content_.size() - at_});
    std::memcpy(buffer, content_.data() + at_, n);
    at_ += n;
    return n;
  }
  absl::StatusOr<std::string> path() override {
    return absl::UnimplementedError("a report in memory has no file");
  }
  absl::StatusOr<absl::string_view> Peek() override {
    return absl::string_view(content_).substr(0, kPeekBytes);
  }
  const std::string& name() const override { return name_; }

 private:
  const std::string content_;
  const size_t piece_;
  size_t at_ = 0;
  const std::string name_ = "report";
};

}  // namespace testselect
