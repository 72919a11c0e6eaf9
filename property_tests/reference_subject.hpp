// The reference as a subject: what the suite itself is tested with.
#pragma once

#include <memory>

#include "audit/subject.hpp"

namespace lossaudit::conform {

/// A subject that gives every contract's correctly rounded results (`wobble` false), or results that lie
/// anywhere within the budget, differently in every position and contract (`wobble` true). Every property holds on the
/// first. On the second, every property holds whose tolerance is derived from the budget: one that fails asks more than
/// the budget grants.
std::unique_ptr<Subject> reference_subject(bool wobble);

}  // namespace lossaudit::conform
