// What a folder of test vectors says of itself.
#pragma once

#include <string_view>

namespace lossaudit {

inline constexpr std::string_view vectors_readme = R"(# Test vectors of machine-learning losses

Inputs, and the exact results that are due, for implementations in any language. Nobody's code is run: you read these
files, write yours beside them, and have them judged.

1. For each `NAME.safetensors` listed in `vectors.json`, compute what its metadata asks for.
2. Write `NAME.result.safetensors` with one tensor, `result`, of the shape `result_shape` and in the contract's format.
   What you leave out counts as unsupported.
3. `lossaudit judge THIS_FOLDER -o REPORT`

A file is safetensors: 8 bytes with the length of the header (little-endian), the header in JSON, the values. Its
`__metadata__`, all texts:

| | |
|---|---|
| `function`, `dialect`, `format`, `pass` | what is to be computed; format f64, f32, f16 or bf16, pass forward or gradient |
| `from_logits` | 1: `output` holds logits; 0: probabilities |
| `reduction` | none, sum or mean |
| `axis` | the dimension that the classes lie along |
| `epsilon`, `label_smoothing`, `pos_weight`, `ignore_index` | the options; an epsilon of 0 is none |
| `contract` | all of that in a line |
| `result_shape` | of what is due |

Its inputs are the tensors `output`, and where the contract has them `target`, `labels`, `class_weights`,
`sample_weights` and `upstream` (the incoming gradient). What is due stands beside them, so that you can also measure
for yourself:

| tensor | |
|---|---|
| `exact` | the exact result, rounded to nearest |
| `exact_offset` | how far the exact result is from `exact`, in ulps, to within 2^-20 |
| `exact_ulp` | one ulp at the exact result: your error is abs((yours - exact) / exact_ulp - exact_offset) ulps |
| `due` | 0: a number (beyond the format's range it counts as 2^(emax+1), and so does an infinity of yours); 1: an infinity; 2: NaN. 4 more: the limit at an infinite input, recommended and not required |
)";

}  // namespace lossaudit
