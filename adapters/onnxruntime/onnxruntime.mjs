// ONNX Runtime's CPU provider as a subject, by onnxruntime-node, on models of one operator:
//   node onnxruntime.mjs [OPSET]
import ort from "onnxruntime-node";

import { contract, run, Unsupported } from "../javascript/lossaudit_pipe.mjs";
import { model, types } from "./model.mjs";

const newest = 21; // of those that ONNX Runtime 1.30 has all of these operators' kernels for
const opset = Number(process.argv[2] ?? newest);
const tensors = { f32: "float32", f64: "float64", f16: "float16" }; // onnxruntime-node has no arrays of bfloat16

// Before opset 13 a softmax takes all dimensions from the axis on as one row.
const takesAxis = opset >= 13 ? "axis" : "";
// From opset 18 on the axes of a reduction are an input.
const overClasses =
  opset >= 18 ? { constants: { axes: [1] }, attributes: { keepdims: 0 } } : { attributes: { axes: [1], keepdims: 0 } };

const operators = {
  relu: { operator: "Relu" },
  sigmoid: { operator: "Sigmoid" },
  softplus: { operator: "Softplus" },
  softmax: { operator: "Softmax", attributes: { axis: 1 }, options: takesAxis },
  log_softmax: { operator: "LogSoftmax", attributes: { axis: 1 }, options: takesAxis },
  logsumexp: { operator: "ReduceLogSumExp", ...overClasses, options: "axis" },
  sparse_categorical_crossentropy: {
    operator: "SoftmaxCrossEntropyLoss", options: "from_logits=1 reduction axis ignore_index" },
};

/** The model that a call needs: of its function, type, and what of its options is an attribute or an input. */
function modelOf({ function: name, format, reduction = "none", ignore_index = null, class_weights }) {
  const { operator, constants, attributes } = operators[name];
  const inputs = { x: types[format] };
  const chosen = { ...attributes };
  if (operator === "SoftmaxCrossEntropyLoss") {
    inputs.labels = types.i64;
    if (class_weights) inputs.weights = types[format];
    chosen.reduction = reduction;
    if (ignore_index !== null) chosen.ignore_index = ignore_index;
  }
  return { operator, opset, inputs, constants, attributes: chosen, type: types[format] };
}

const sessions = new Map();
async function sessionOf(call) {
  const wanted = modelOf(call);
  const key = JSON.stringify(wanted);
  if (!sessions.has(key)) {
    // One thread: sums over more are taken in another order on every machine.
    const options = { executionProviders: ["cpu"], intraOpNumThreads: 1, interOpNumThreads: 1, logSeverityLevel: 3 };
    sessions.set(key, await ort.InferenceSession.create(model(wanted), options));
  }
  return sessions.get(key);
}

async function compute(output, ...rest) {
  const call = rest.pop();
  const type = tensors[call.format];
  const session = await sessionOf(call);
  const feeds = { x: new ort.Tensor(type, output, call.shapes.output) };
  if (rest.length > 0) feeds.labels = new ort.Tensor("int64", BigInt64Array.from(rest[0], BigInt), call.shapes.labels);
  if (call.class_weights) feeds.weights = new ort.Tensor(type, call.class_weights, call.shapes.class_weights);
  try {
    return (await session.run(feeds)).y.data;
  } catch (refusal) {
    throw new Unsupported(String(refusal));
  }
}

for (const [name, { operator, options = "" }] of Object.entries(operators)) {
  const formats = [];
  for (const format of Object.keys(tensors)) {
    const made = await sessionOf({ function: name, format }).catch(() => null);
    if (made) formats.push(format);
  }
  if (formats.length === 0) continue;
  contract(`${name} exact ${formats} forward ${options}  # ${operator}, opset ${opset}`, compute);
  if (operator === "SoftmaxCrossEntropyLoss") {
    contract(`${name} onnx ${formats} forward ${options} class_weights  # ${operator}, opset ${opset}`, compute);
  }
}
const name = opset === newest ? "onnxruntime" : `onnxruntime-opset${opset}`;
await run(name, `${ort.env.versions.node}, opset ${opset}`);
