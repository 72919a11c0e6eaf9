// mutants.so: the control and the planted bugs as subjects, through the C ABI like any stranger's.
#include "property_tests/mutants/table.hpp"

extern "C" const lossaudit_subject* lossaudit_subject_at(size_t index) { return lossaudit::mutants::subject_at(index); }
