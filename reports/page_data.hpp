// What the page's scripts are given, as JSON.
//
// Everything the page says is decided here, in text: its scripts lay it out, and round, sort out or judge nothing
// themselves.
#pragma once

#include <nlohmann/json.hpp>

#include "reference/format.hpp"
#include "reports/overview.hpp"

namespace lossaudit {

/// Powers of ten above 0, by exponent, with their places on the bit-ordered axis, which is symmetric; and the error
/// from which on no bit of a result is right.
nlohmann::json axis_of(Format format);
nlohmann::json contract_of(const Overview& overview, const Entry& entry);
nlohmann::json finding_of(const Overview& overview, const Finding& finding);

nlohmann::json speed_of(const Overview& overview);
/// What the charts of time against error show: the groups in which somebody's error is known.
nlohmann::json trades_of(const Overview& overview);
nlohmann::json sweep_speed_of(const Overview& overview);
/// What the charts of error against length show.
nlohmann::json lengths_of(const Overview& overview);

}  // namespace lossaudit
