#pragma once

#include "adapters/kernel.hpp"

namespace lossaudit::speed {
adapters::KernelLibrary fast_kernels();
}
