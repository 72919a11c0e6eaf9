// The defaults of torch.testing.assert_close: pytorch/pytorch, torch/testing/_comparison.py at commit 003029b0eb70,
// _DTYPE_PRECISIONS. They are by format alone, so every function and pass has them.
#include "audit/profiles/tables.hpp"

namespace lossaudit {
namespace {

struct Row {
  Format format;
  double rtol, atol;
  const char* source;
};

constexpr Row table[] = {
    {Format::f64, 1e-7, 1e-7, "float64"},
    {Format::f32, 1.3e-6, 1e-5, "float32"},
    {Format::f16, 1e-3, 1e-5, "float16"},
    {Format::bf16, 1.6e-2, 1e-5, "bfloat16"},
};

Budget torch_budget(const Contract& contract) {
  const Row& row = table[static_cast<std::size_t>(contract.format)];
  return tolerance_budget(
      {.rtol = row.rtol, .atol = row.atol},
      std::string("PyTorch, torch/testing/_comparison.py at 003029b0eb70: _DTYPE_PRECISIONS of ") + row.source);
}

}  // namespace

const Profile torch_profile = {
    "torch", "the defaults of torch.testing.assert_close, by format",
    "pytorch/pytorch, torch/testing/_comparison.py at commit 003029b0eb704f4abb7e3b343da75d699ae36392", torch_budget};

}  // namespace lossaudit
