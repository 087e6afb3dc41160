// SvgPlot: a small plot over time as inline SVG.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace testselect::client {

struct PlotPoint {
  int64_t begin = 0;  // seconds since 1970-01-01 UTC
  double value = 0;   // 0 or more
  std::string text;   // what the point says when it is pointed at, plain
};

struct Plot {
  std::string title;      // plain text
  std::string unit;       // after the numbers of the axis: "s", "%"
  bool bars = true;       // else a line with dots
  double least_top = 0;   // the axis reaches at least so far
  std::string css_class;  // of bars, line and dots
  int64_t width = 86400;  // of a point, in seconds
};

// Points by time ascending; none: a sentence in place of the plot. Colours are the style sheet's.
std::string SvgPlot(const Plot& plot, const std::vector<PlotPoint>& points);

}  // namespace testselect::client
