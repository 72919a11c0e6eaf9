"""scikit-learn as a subject: sklearn.metrics, and sklearn._loss, which its boosting and linear models minimise."""
import functools
import pathlib
import sys
import warnings

import numpy
import sklearn
from sklearn import metrics
from sklearn._loss.loss import HalfBinomialLoss, HalfMultinomialLoss

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "python"))
import lossaudit_pipe  # noqa: E402

warnings.filterwarnings("ignore")  # that a row of probabilities does not sum to 1, in each of thousands of calls


def refusing(compute):
    """scikit-learn raises an error for what it will not take: a NaN, a single class, weights that sum to 0."""
    @functools.wraps(compute)
    def call(*tensors, **options):
        try:
            return compute(*tensors, **options)
        except (ValueError, ZeroDivisionError) as refusal:
            raise NotImplementedError(refusal) from refusal
    return call


@lossaudit_pipe.contract("sparse_categorical_crossentropy sklearn f64,f32 forward reduction sample_weights"
                         "  # sklearn.metrics.log_loss; without reduction a call a row")
@refusing
def log_loss(output, labels, sample_weights=None, **options):
    def loss(rows):
        weights = None if sample_weights is None else sample_weights[rows]
        return metrics.log_loss(labels[rows], output[rows], normalize=options["reduction"] == "mean",
                                sample_weight=weights, labels=numpy.arange(output.shape[1]))

    if options["reduction"] != "none":
        return numpy.asarray(loss(slice(None)), output.dtype)
    return numpy.array([loss(slice(row, row + 1)) for row in range(len(labels))], output.dtype)


@lossaudit_pipe.contract("mean_squared_error exact f64,f32 forward reduction=none,mean"
                         "  # sklearn.metrics.mean_squared_error: of the transposed, whose rows are its outputs")
@refusing
def mean_squared_error(output, target, **options):
    average = "uniform_average" if options["reduction"] == "mean" else "raw_values"
    return numpy.asarray(metrics.mean_squared_error(target.T, output.T, multioutput=average), output.dtype)


@lossaudit_pipe.contract("binary_crossentropy exact f64,f32 forward,gradient from_logits=1 sample_weights"
                         "  # sklearn._loss HalfBinomialLoss")
@refusing
def half_binomial(output, target, sample_weights=None, **options):
    call = HalfBinomialLoss().gradient if options["pass"] == "gradient" else HalfBinomialLoss().loss
    weights = None if sample_weights is None else numpy.array(sample_weights)
    return call(numpy.array(target), numpy.array(output), weights)


@lossaudit_pipe.contract("sparse_categorical_crossentropy exact f64,f32 forward,gradient from_logits=1 sample_weights"
                         "  # sklearn._loss HalfMultinomialLoss")
@refusing
def half_multinomial(output, labels, sample_weights=None, **options):
    if output.shape[1] == 1:
        raise NotImplementedError("HalfMultinomialLoss is of several classes")
    loss = HalfMultinomialLoss(n_classes=output.shape[1])
    call = loss.gradient if options["pass"] == "gradient" else loss.loss
    weights = None if sample_weights is None else numpy.array(sample_weights)
    return call(labels.astype(output.dtype), numpy.array(output), weights)


lossaudit_pipe.run("scikit-learn", sklearn.__version__)
