// TensorFlow.js as a subject, on one of its backends for Node: node tfjs.mjs cpu|wasm. Gradients are tf.grad's.
import * as tf from "@tensorflow/tfjs";

import { contract, run } from "../javascript/lossaudit_pipe.mjs";

const backend = process.argv[2] ?? "cpu";
if (backend === "wasm") await import("@tensorflow/tfjs-backend-wasm");
if (!(await tf.setBackend(backend))) throw new Error(`TensorFlow.js has no backend ${backend} here`);

const reductions = { none: tf.Reduction.NONE, sum: tf.Reduction.SUM, mean: tf.Reduction.SUM_BY_NONZERO_WEIGHTS };
const sigmoidCrossEntropy = (x, t, call) => {
  const weights = call.sample_weights ? tf.tensor(call.sample_weights, x.shape) : undefined;
  return tf.losses.sigmoidCrossEntropy(t, x, weights, call.label_smoothing, reductions[call.reduction]);
};
const softmaxCrossEntropy = (x, t, call) =>
  tf.losses.softmaxCrossEntropy(t, x, undefined, call.label_smoothing, reductions[call.reduction]);

const binaryCrossentropy = (x, t, call) => {
  const shape = call.reduction === "mean" ? [1, -1] : [-1, 1]; // a metric is a mean over the last dimension
  return tf.metrics.binaryCrossentropy(t.reshape(shape), x.reshape(shape));
};

const logits = "from_logits=1 reduction label_smoothing";
// [function, dialect, options, entry point, what it computes of x, the target and the call, passes (default: both)]
const entries = [
  ["relu", "exact", "", "tf.relu", (x) => tf.relu(x)],
  ["sigmoid", "exact", "", "tf.sigmoid", (x) => tf.sigmoid(x)],
  ["log_sigmoid", "exact", "", "tf.logSigmoid", (x) => tf.logSigmoid(x)],
  ["softplus", "exact", "", "tf.softplus", (x) => tf.softplus(x)],
  ["softmax", "exact", "", "tf.softmax", (x) => tf.softmax(x)],
  ["log_softmax", "exact", "", "tf.logSoftmax", (x) => tf.logSoftmax(x)],
  ["logsumexp", "exact", "axis", "tf.logSumExp", (x, t, call) => tf.logSumExp(x, call.axis)],
  ["binary_crossentropy", "exact", logits, "tf.losses.sigmoidCrossEntropy", sigmoidCrossEntropy],
  ["binary_crossentropy", "tfjs", `${logits} sample_weights`, "tf.losses.sigmoidCrossEntropy", sigmoidCrossEntropy],
  ["binary_crossentropy", "tfjs", "reduction=none,mean", "tf.metrics.binaryCrossentropy", binaryCrossentropy],
  // Its gradient is softmax(x) - t whatever the targets sum to, as TensorFlow's.
  ["categorical_crossentropy", "exact", logits, "tf.losses.softmaxCrossEntropy", softmaxCrossEntropy, ["forward"]],
  ["categorical_crossentropy", "tf", logits, "tf.losses.softmaxCrossEntropy", softmaxCrossEntropy],
  // Of probabilities it computes what keras1 does.
  ["categorical_crossentropy", "keras1", "", "tf.metrics.categoricalCrossentropy",
    (x, t) => tf.metrics.categoricalCrossentropy(t, x)],
  ["mean_squared_error", "exact", "reduction=mean", "tf.losses.meanSquaredError",
    (x, t) => tf.losses.meanSquaredError(t, x)],
];

const computing = (entry) => (output, ...rest) => {
  const call = rest.pop();
  return tf.tidy(() => {
    const x = tf.tensor(output, call.shapes.output);
    const t = rest.length > 0 ? tf.tensor(rest[0], call.shapes.target) : undefined;
    if (call.pass === "forward") return entry(x, t, call).dataSync();
    const upstream = call.upstream ? tf.tensor(call.upstream, call.shapes.upstream) : undefined;
    return tf.grad((at) => entry(at, t, call))(x, upstream).dataSync();
  });
};

/** Has the backend all kernels that it takes? */
function works(compute, pass, options) {
  const call = { pass, axis: 1, reduction: options.includes("reduction=mean") ? "mean" : "none", label_smoothing: 0,
    shapes: { output: [2, 2], target: [2, 2] } };
  try {
    compute(Float32Array.of(0.25, 0.75, 0.5, 0.5), Float32Array.of(1, 0, 0, 1), call);
    return true;
  } catch {
    return false;
  }
}

for (const [name, dialects, options, text, entry, passes = ["forward", "gradient"]] of entries) {
  const compute = computing(entry);
  for (const pass of passes) {
    if (works(compute, pass, options)) contract(`${name} ${dialects} f32 ${pass} ${options}  # ${text}`, compute);
  }
}
await run(backend === "cpu" ? "tfjs" : `tfjs-${backend}`, `${tf.version.tfjs}, ${backend}`);
