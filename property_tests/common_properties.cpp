#include "property_tests/common_properties.hpp"

#include <algorithm>
#include <cctype>
#include <string_view>
#include <utility>

namespace lossaudit::conform {
namespace {

class CommonTest : public FormatTest {
 public:
  CommonTest(CommonProperty property, Function function, Format format)
      : property_(property), function_(function), format_(format) {}

 private:
  void TestBody() override {
    std::vector<Contract> contracts;
    for (const Contract& contract : supported_contracts(function_, format_)) {
      if (property_.of_contract(contract)) contracts.push_back(contract);
    }
    if (contracts.empty()) {
      GTEST_SKIP() << "not supported: " << traits(function_).name << " in " << traits(format_).name
                   << ", any contract that this property is about";
    }
    property_.test(contracts);
  }

  CommonProperty property_;
  Function function_;
  Format format_;
};

}  // namespace

void register_common_properties() {
  for (const FunctionTraits& function : functions()) {
    for (const auto& properties : {properties_of_every_function(), properties_of_rows(), properties_of_losses()}) {
      for (const CommonProperty& property : properties) {
        for (const Format format : supported_formats()) {
          if (!property.of_function(function, format)) continue;
          const std::string format_name(traits(format).name);
          const auto make = [property, function = function.function, format]() -> FormatTest* {
            return new CommonTest(property, function, format);
          };
          ::testing::RegisterTest(suite_name(function.function).c_str(), (property.name + ("/" + format_name)).c_str(),
                                  nullptr, format_name.c_str(), __FILE__, __LINE__, make);
        }
      }
    }
  }
}

void test_gradients(const char* name, Format format) {
  std::vector<Contract> contracts;
  CommonProperty found{};
  for (const auto& properties : {properties_of_every_function(), properties_of_rows(), properties_of_losses()}) {
    for (const CommonProperty& property : properties) {
      if (std::string_view(property.name) != name) continue;
      found = property;
      for (const FunctionTraits& function : functions()) {
        if (!property.of_function(function, format)) continue;
        for (const Contract& contract : supported_contracts(function.function, format, Pass::gradient)) {
          if (property.of_contract(contract)) contracts.push_back(contract);
        }
      }
    }
  }
  ASSERT_NE(found.test, nullptr) << "no property is called " << name;
  if (contracts.empty()) {
    GTEST_SKIP() << "not supported: gradients in " << traits(format).name
                 << ", any contract that this property is about";
  }
  found.test(contracts);
}

std::string suite_name(Function function) {
  std::string name;
  bool starts_word = true;
  for (const char c : traits(function).name) {
    if (c != '_') name += starts_word ? static_cast<char>(std::toupper(static_cast<unsigned char>(c))) : c;
    starts_word = c == '_';
  }
  return name;
}

double share_of(std::size_t contracts) { return std::clamp(6.0 / static_cast<double>(contracts), 0.03, 1.0); }

bool any_contract(const Contract& /*contract*/) { return true; }

bool is_unreduced(const Contract& contract) {
  return contract.options.reduction == Reduction::none && !contract.options.axis;
}

bool is_plain(const Contract& contract) {
  Options options;
  options.from_logits = contract.options.from_logits;
  options.axis = contract.options.axis;
  options.reduction = contract.options.reduction;
  return options == contract.options;
}

bool gives_rows(const Contract& contract) {
  const Layout layout = traits(contract.function).layout;
  return layout == Layout::row_to_row || (contract.pass == Pass::gradient && layout == Layout::row_to_value);
}

bool is_plain_and_unreduced(const Contract& contract) { return is_plain(contract) && is_unreduced(contract); }

Adventure any_adventure(Source& source) {
  constexpr Adventure mix[] = {Adventure::tame, Adventure::finite, Adventure::finite, Adventure::wild};
  return source.pick(mix);
}

Draw drawing(const Contract& contract, Adventure adventure, const Layouts& layouts) {
  return [=](Source& source) { return draw_batch(source, contract, adventure, layouts); };
}

Draw drawing_any(const Contract& contract) {
  return [=](Source& source) { return draw_batch(source, contract, any_adventure(source)); };
}

}  // namespace lossaudit::conform
