// The published profiles, a file each. What they mean by a figure stands in profile.hpp.
#pragma once

#include "audit/profile.hpp"

namespace lossaudit {

extern const Profile webnn_profile;
extern const Profile benchdnn_profile;
extern const Profile onnx_profile;
extern const Profile torch_profile;

}  // namespace lossaudit
