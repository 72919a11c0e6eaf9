// What makes a contract fail: its faults, and which of them are excused.
#pragma once

#include <string>

#include "audit/record.hpp"

namespace lossaudit {

/// How far a contract's largest error is over its budget: a multiple of what was allowed, or the error itself where
/// none is.
double excess(const Accuracy& accuracy);

/// "binary_crossentropy keras1 f32 forward reduction=mean", as the replay command takes it.
std::string contract_text(const Accuracy& accuracy);

/// The contract's verdict is, by itself or beside broken rules, that its budget is exceeded.
bool over_budget(const Accuracy& accuracy);

/// It crashed or hung.
bool stopped(const Accuracy& accuracy);

bool breaks_required_rule(const Accuracy& accuracy);

/// One of the faults is excused.
bool any_excused(const Accuracy& accuracy);

/// A fault is not excused, or the contract got worse than its baseline.
bool fails(const Accuracy& accuracy);

/// No contract of a gated subject fails, and every expected finding still occurs. What a subject does not support fails
/// nobody.
bool conforms(const RunRecord& record);

}  // namespace lossaudit
