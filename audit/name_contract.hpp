// A contract as entries of a run record name it.
#pragma once

#include "reference/contract.hpp"

namespace lossaudit {

/// Sets an entry's function, dialect, format, pass and options.
template <class Entry>
void name_contract(Entry& entry, const Contract& contract) {
  entry.function = traits(contract.function).name;
  entry.dialect = traits(contract.dialect).name;
  entry.format = traits(contract.format).name;
  entry.pass = to_string(contract.pass);
  entry.options = to_string(contract.options);
}

}  // namespace lossaudit
