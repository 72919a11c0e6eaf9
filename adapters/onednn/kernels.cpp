// oneDNN's primitives on arrays that lie ready.
#include "adapters/kernel_libraries.hpp"
#include "adapters/onednn/primitives.hpp"

namespace lossaudit::adapters {

KernelLibrary onednn_kernels() {
  KernelLibrary library{"onednn", onednn::library_version(), {}};
  for (const onednn::Primitive& kind : onednn::primitives) {
    library.kernels.push_back(
        {std::string(kind.function) + " exact f32 forward", std::string(kind.name), [&kind](const KernelCall& call) {
           const auto outer = static_cast<dnnl::memory::dim>(call.outer),
                      classes = static_cast<dnnl::memory::dim>(call.classes);
           const auto dimensions =
               kind.over_classes ? dnnl::memory::dims{outer, classes, 1} : dnnl::memory::dims{outer * classes};
           const onednn::Prepared& prepared =
               onednn::library().prepare(kind, dnnl::memory::data_type::f32, dimensions, false);
           const auto arguments = onednn::library().forward_arguments(prepared, call.output, call.result);
           return std::function<void()>([&prepared, arguments] { onednn::library().forward(prepared, arguments); });
         }});
  }
  return library;
}

}  // namespace lossaudit::adapters
