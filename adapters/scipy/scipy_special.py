"""scipy.special as a subject."""
import pathlib
import sys

import scipy
from scipy import special

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "python"))
import lossaudit_pipe  # noqa: E402


@lossaudit_pipe.contract("sigmoid exact f64,f32 forward  # scipy.special.expit")
def sigmoid(x):
    return special.expit(x)


@lossaudit_pipe.contract("log_sigmoid exact f64,f32 forward  # scipy.special.log_expit")
def log_sigmoid(x):
    return special.log_expit(x)


@lossaudit_pipe.contract("logit exact f64,f32 forward  # scipy.special.logit")
def logit(p):
    return special.logit(p)


@lossaudit_pipe.contract("softmax exact f64,f32 forward axis  # scipy.special.softmax")
def softmax(x, axis):
    return special.softmax(x, axis=axis)


@lossaudit_pipe.contract("log_softmax exact f64,f32 forward axis  # scipy.special.log_softmax")
def log_softmax(x, axis):
    return special.log_softmax(x, axis=axis)


@lossaudit_pipe.contract("logsumexp exact f64,f32 forward axis  # scipy.special.logsumexp")
def logsumexp(x, axis):
    return special.logsumexp(x, axis=axis)


lossaudit_pipe.run("scipy", scipy.__version__)
