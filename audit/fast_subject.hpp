// The built-in subject: this project's own kernels (fast/losses.hpp) over the C ABI.
#pragma once

#include "audit/subject.h"

namespace lossaudit {

const lossaudit_subject& fast_subject();

}  // namespace lossaudit
