// The tables of kernels, one function a library. Which of them are built depends on what is installed.
#pragma once

#include "adapters/kernel.hpp"

namespace lossaudit::adapters {

KernelLibrary eigen_kernels();
KernelLibrary onednn_kernels();
KernelLibrary xnnpack_kernels();
// Compositions of ours (adapters/composed/losses-inl.hpp).
KernelLibrary libm_kernels();     ///< over the C library's functions, compiled with -O3
KernelLibrary libmvec_kernels();  ///< the same code with -Ofast, which takes the C library's vector functions
KernelLibrary sleef_kernels();
KernelLibrary xsimd_kernels();
KernelLibrary highway_kernels();  ///< over Highway's own math, hwy/contrib/math

}  // namespace lossaudit::adapters
