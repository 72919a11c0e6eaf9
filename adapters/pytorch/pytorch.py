"""PyTorch as a subject: torch and torch.nn.functional as a training step calls them, and the gradients of autograd."""
import os
import pathlib
import re
import subprocess
import sys

import numpy
import torch
from torch.nn import functional

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "python"))
import lossaudit_pipe  # noqa: E402

FORMATS = {"f64": torch.float64, "f32": torch.float32, "bf16": torch.bfloat16, "f16": torch.float16}


def weight_of(options, name):
    weights = options.get(name)
    return None if weights is None else tensor(weights, options)


def tensor(values, options):
    """A tensor of the contract's type. Values of bfloat16 come as float32, which holds them exactly."""
    return torch.from_numpy(numpy.array(values)).to(FORMATS[options["format"]])


def sample_weights(x, options):
    weights = weight_of(options, "sample_weights")
    return None if weights is None else weights.reshape(x.shape)


def binary_cross_entropy(x, t, options):
    if options["from_logits"]:
        pos_weight = torch.tensor(options["pos_weight"], dtype=x.dtype) if options["pos_weight"] != 1 else None
        return functional.binary_cross_entropy_with_logits(x, t, sample_weights(x, options), pos_weight=pos_weight,
                                                           reduction=options["reduction"])
    return functional.binary_cross_entropy(x, t, sample_weights(x, options), reduction=options["reduction"])


def cross_entropy(x, target, options):
    """Of labels or of probabilities. No label of an audit is PyTorch's own default of ignore_index, -100, by chance."""
    ignored = options.get("ignore_index")
    return functional.cross_entropy(x, target, weight=weight_of(options, "class_weights"),
                                    ignore_index=-100 if ignored is None else ignored, reduction=options["reduction"],
                                    label_smoothing=options["label_smoothing"])


FUNCTIONS = {
    "relu": lambda x, _, o: functional.relu(x),
    "sigmoid": lambda x, _, o: torch.sigmoid(x),
    "log_sigmoid": lambda x, _, o: functional.logsigmoid(x),
    "softplus": lambda x, _, o: functional.softplus(x),
    "logit": lambda x, _, o: torch.logit(x),
    "softmax": lambda x, _, o: functional.softmax(x, dim=o["axis"]),
    "log_softmax": lambda x, _, o: functional.log_softmax(x, dim=o["axis"]),
    "logsumexp": lambda x, _, o: torch.logsumexp(x, dim=o["axis"]),
    "binary_crossentropy": binary_cross_entropy,
    "categorical_crossentropy": cross_entropy,
    "sparse_categorical_crossentropy": cross_entropy,
    "mean_squared_error": lambda x, t, o: functional.mse_loss(x, t, reduction=o["reduction"]),
}

# Function, dialects, options, entry point. A format is added where PyTorch has a kernel for it.
CONTRACTS = [
    ("relu", "exact", "", "functional.relu"),
    ("sigmoid", "exact", "", "torch.sigmoid"),
    ("log_sigmoid", "exact", "", "functional.logsigmoid"),
    ("softplus", "exact", "", "functional.softplus"),
    ("logit", "exact", "", "torch.logit"),
    ("softmax", "exact", "axis", "functional.softmax"),
    ("log_softmax", "exact", "axis", "functional.log_softmax"),
    ("logsumexp", "exact", "axis", "torch.logsumexp"),
    ("binary_crossentropy", "torch", "from_logits=0 reduction sample_weights", "functional.binary_cross_entropy"),
    ("binary_crossentropy", "exact", "from_logits=1 reduction pos_weight",
     "functional.binary_cross_entropy_with_logits"),
    ("binary_crossentropy", "torch", "from_logits=1 reduction pos_weight sample_weights",
     "functional.binary_cross_entropy_with_logits"),
    ("categorical_crossentropy", "exact", "from_logits=1 reduction axis label_smoothing", "functional.cross_entropy"),
    ("categorical_crossentropy", "torch", "from_logits=1 reduction axis label_smoothing class_weights",
     "functional.cross_entropy"),
    ("sparse_categorical_crossentropy", "exact", "from_logits=1 reduction axis label_smoothing ignore_index",
     "functional.cross_entropy"),
    ("sparse_categorical_crossentropy", "torch",
     "from_logits=1 reduction axis label_smoothing ignore_index class_weights", "functional.cross_entropy"),
    ("mean_squared_error", "exact", "reduction=mean", "functional.mse_loss"),
]


def compute(output, target=None, **options):
    x = tensor(output, options)
    if target is not None:
        labels = options["function"].startswith("sparse")
        target = torch.from_numpy(numpy.array(target)) if labels else tensor(target, options)
    gradient = options["pass"] == "gradient"
    try:
        result = FUNCTIONS[options["function"]](x.requires_grad_(gradient), target, options)
        if gradient:
            upstream = weight_of(options, "upstream")
            result.backward(torch.ones_like(result) if upstream is None else upstream)
            result = x.grad
    # "all elements of input should be between 0 and 1", "not implemented for 'Half'"
    except (RuntimeError, IndexError) as refusal:
        raise NotImplementedError(refusal) from refusal
    result = result.detach()
    return (result.float() if options["format"] == "bf16" else result).numpy()


def has_kernel(function, format_name, pass_name, options):
    small = {"function": function, "format": format_name, "pass": pass_name, "axis": 1, "from_logits": "=1" in options,
             "reduction": "mean", "pos_weight": 1, "label_smoothing": 0}
    x = numpy.full((2, 3), 0.5, numpy.float32)
    try:
        compute(x, numpy.zeros(2, numpy.int64) if function.startswith("sparse") else x, **small)
    except NotImplementedError:
        return False
    return True


def version():
    """What PyTorch says, what Debian says where it is Debian's, and the widest instructions that its kernels use."""
    text = torch.__version__
    if torch.__file__.startswith("/usr/lib/python3/"):
        ask = ["dpkg-query", "-W", "-f", "${Version}", "python3-torch"]
        debian = subprocess.run(ask, capture_output=True, text=True, check=False)
        text = f"{debian.stdout} (Debian; {text})" if debian.returncode == 0 else text
    capability = re.search("CPU capability usage: (.*)", torch.__config__.show())
    return f"{text}, {capability[1]}" if capability else text


# Sums over more threads are taken in another order on every machine.
torch.set_num_threads(1)
for function, dialects, options, entry in CONTRACTS:
    for pass_name in ("forward", "gradient"):
        formats = ",".join(f for f in FORMATS if has_kernel(function, f, pass_name, options))
        if formats:
            lossaudit_pipe.contract(f"{function} {dialects} {formats} {pass_name} {options}  # {entry}")(compute)
lossaudit_pipe.run("pytorch", version())
