// XNNPACK's operators on arrays that lie ready.
#include <memory>

#include "adapters/kernel_libraries.hpp"
#include "adapters/xnnpack/operators.hpp"

namespace lossaudit::adapters {

KernelLibrary xnnpack_kernels() {
  KernelLibrary library{"xnnpack", XNNPACK_VERSION, {}};
  for (const xnnpack::OperatorKind& kind : xnnpack::operators) {
    library.kernels.push_back({std::string(kind.function) + " exact f32 forward", "", [&kind](const KernelCall& call) {
                                 const std::size_t channels = kind.over_channels ? call.classes : 1;
                                 const auto made = std::make_shared<xnnpack::Operator>(kind, channels);
                                 made->set_up(call.count() / channels, call.output, call.result);
                                 return std::function<void()>([made] { made->run(); });
                               }});
  }
  return library;
}

}  // namespace lossaudit::adapters
