// Properties that every function has: written once, registered as tests of each function's suite.
#pragma once

#include <vector>

#include "property_tests/property.hpp"

namespace lossaudit::conform {

struct CommonProperty {
  const char* name;
  bool (*of_function)(const FunctionTraits& function, Format format);  ///< the test exists for this function and format
  bool (*of_contract)(const Contract& contract);  ///< which of the function's contracts it goes through
  void (*test)(const std::vector<Contract>& contracts);
};

std::vector<CommonProperty> properties_of_every_function();  ///< every_function_test.cpp
std::vector<CommonProperty> properties_of_rows();            ///< every_row_function_test.cpp
std::vector<CommonProperty> properties_of_losses();          ///< every_loss_test.cpp

/// Registers them with GoogleTest as "Softmax.WithinBudget/f32", for the formats that the chosen subject knows. Before
/// InitGoogleTest.
void register_common_properties();

/// "binary_crossentropy" → "BinaryCrossentropy".
std::string suite_name(Function function);

/// The part of RapidCheck's cases that each of n contracts gets, so that a test costs about as much for many contracts
/// as for few.
double share_of(std::size_t contracts);

// ---- which contracts ----
bool any_contract(const Contract& contract);
/// No reduction and no axis: one result for an element or row, each on its own.
bool is_unreduced(const Contract& contract);
/// No option beyond from_logits, axis and reduction.
bool is_plain(const Contract& contract);
bool is_plain_and_unreduced(const Contract& contract);

/// The results of a row lie as its output does: of row_to_row functions, and of every gradient over rows.
bool gives_rows(const Contract& contract);

/// Goes with one property of the lists above through the gradients of every function that the subject supports, as
/// "Gradient.WithinBudget/f32" does.
void test_gradients(const char* property, Format format);

/// Tame, finite or wild: the mix that generated cases have unless a property asks for one of them.
Adventure any_adventure(Source& source);

/// Draws batches of one adventure.
Draw drawing(const Contract& contract, Adventure adventure, const Layouts& layouts = {});
/// Draws batches of any adventure.
Draw drawing_any(const Contract& contract);

}  // namespace lossaudit::conform
