#include "property_tests/clipping.hpp"
#include "property_tests/through_softmax.hpp"

namespace lossaudit::conform {

CONFORMANCE_SUITE(CategoricalCrossentropy);

TEST_P(CategoricalCrossentropy, ClipsAtEpsilon) { clips_at_epsilon(Function::categorical_crossentropy, GetParam()); }

TEST_P(CategoricalCrossentropy, FromLogitsIsOfSoftmax) {
  from_logits_is_of_softmax(Function::categorical_crossentropy, GetParam());
}

}  // namespace lossaudit::conform
