#include "client/cli/svg_plot.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/time.h"
#include "client/cli/evaluation_page.h"
#include "client/cli/number_text.h"

namespace testselect::client {
namespace {

constexpr double kWidth = 640, kHeight = 200;
constexpr double kLeft = 64, kRight = 12, kTop = 12, kBottom = 28;
constexpr int kGridLines = 4;

// The least of 1, 2, 2.5, 5 times a power of ten that is not under `value`.
double RoundUp(double value) {
  if (!(value > 0)) return 1;
  const double scale = std::pow(10, std::floor(std::log10(value)));
  for (const double step : {1.0, 2.0, 2.5, 5.0, 10.0}) {
    if (step * scale >= value * (1 - 1e-9)) return step * scale;
  }
  return 10 * scale;
}

std::string DayText(int64_t unix_seconds) {
  return absl::FormatTime("%Y-%m-%d", absl::FromUnixSeconds(unix_seconds), absl::UTCTimeZone());
}

class Drawing {
 public:
  Drawing(const Plot& plot, const std::vector<PlotPoint>& points) : plot_(plot), points_(points) {
    first_ = points.front().begin;
    last_ = points.back().begin + std::max<int64_t>(1, plot.width);
    double most = plot.least_top;
    for (const PlotPoint& point : points) most = std::max(most, point.value);
    top_ = RoundUp(most);
  }

  std::string Draw() {
    absl::StrAppendFormat(&svg_, "<svg viewBox=\"0 0 %g %g\" role=\"img\" aria-label=\"%s\">\n",
                          kWidth, kHeight, HtmlText(plot_.title));
    DrawAxes();
    if (plot_.bars) {
      DrawBars();
    } else {
      DrawLine();
    }
    svg_ += "</svg>\n";
    return std::move(svg_);
  }

 private:
  double X(int64_t time) const {
    return kLeft + (kWidth - kLeft - kRight) * static_cast<double>(time - first_) /
                       static_cast<double>(last_ - first_);
  }
  double Y(double value) const { return kTop + (kHeight - kTop - kBottom) * (1 - value / top_); }

  void DrawAxes() {
    for (int i = 0; i <= kGridLines; ++i) {
      const double value = top_ * i / kGridLines;
      absl::StrAppendFormat(&svg_,
                            "<line class=\"grid\" x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" "
                            "y2=\"%.1f\"/><text x=\"%.1f\" y=\"%.1f\" text-anchor=\"end\">%s%s"
                            "</text>\n",
                            kLeft, Y(value), kWidth - kRight, Y(value), kLeft - 6, Y(value) + 4,
                            NumberText(value), HtmlText(plot_.unit));
    }
    absl::StrAppendFormat(&svg_, "<text x=\"%.1f\" y=\"%.1f\">%s</text>\n", kLeft, kHeight - 8,
                          DayText(first_));
    if (points_.size() > 1) {
      absl::StrAppendFormat(&svg_, "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"end\">%s</text>\n",
                            kWidth - kRight, kHeight - 8, DayText(points_.back().begin));
    }
  }

  void DrawBars() {
    for (const PlotPoint& point : points_) {
      const double left = X(point.begin), right = X(point.begin + plot_.width);
      const double width = std::clamp((right - left) * 0.8, 1.0, 40.0);
      absl::StrAppendFormat(&svg_,
                            "<rect class=\"%s\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" "
                            "height=\"%.1f\"><title>%s</title></rect>\n",
                            plot_.css_class, (left + right - width) / 2, Y(point.value), width,
                            Y(0) - Y(point.value), HtmlText(point.text));
    }
  }

  void DrawLine() {
    std::string path, dots;
    for (const PlotPoint& point : points_) {
      const double x = X(point.begin + plot_.width / 2);
      absl::StrAppendFormat(&path, "%s%.1f,%.1f", path.empty() ? "" : " ", x, Y(point.value));
      absl::StrAppendFormat(&dots,
                            "<circle class=\"%s\" cx=\"%.1f\" cy=\"%.1f\" r=\"3\"><title>%s"
                            "</title></circle>\n",
                            plot_.css_class, x, Y(point.value), HtmlText(point.text));
    }
    absl::StrAppend(&svg_, "<polyline class=\"", plot_.css_class, "\" points=\"", path, "\"/>\n",
                    dots);
  }

  const Plot& plot_;
  const std::vector<PlotPoint>& points_;
  int64_t first_ = 0, last_ = 1;
  double top_ = 1;
  std::string svg_;
};

}  // namespace

std::string SvgPlot(const Plot& plot, const std::vector<PlotPoint>& points) {
  if (points.empty()) return "<p class=\"none\">Nothing has been evaluated yet.</p>\n";
  return Drawing(plot, points).Draw();
}

}  // namespace testselect::client
