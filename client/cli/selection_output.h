// A selection as select prints it.
#pragma once

#include <string>

#include "client/selection_answer.h"

namespace testselect::client {

// The object of the documented shape, on one line.
std::string SelectionJson(const SelectionAnswer& answer);
// The labels to run in order, one a line.
std::string SelectionList(const SelectionAnswer& answer);
// The same on one line, each a word of POSIX sh; empty for none.
std::string SelectionArgs(const SelectionAnswer& answer);
// How many labels each reason selected, for a person.
std::string ReasonHistogram(const SelectionAnswer& answer);

}  // namespace testselect::client
