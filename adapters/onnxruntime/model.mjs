// ONNX models of one operator, of any shapes, as bytes.
import proto from "onnx-proto";

const { onnx } = proto;
const { DataType } = onnx.TensorProto;
const { AttributeType } = onnx.AttributeProto;

export const types = { f64: DataType.DOUBLE, f32: DataType.FLOAT, f16: DataType.FLOAT16, i64: DataType.INT64 };

// The oldest version of the format that may hold the opset: onnx/docs/Versioning.md, released versions.
const irVersion = (opset) => (opset <= 12 ? 7 : opset <= 18 ? 8 : opset <= 20 ? 9 : 10);

function attribute([name, value]) {
  if (typeof value === "string") return { name, type: AttributeType.STRING, s: Buffer.from(value) };
  if (Array.isArray(value)) return { name, type: AttributeType.INTS, ints: value };
  return { name, type: AttributeType.INT, i: value };
}

const declared = ([name, type]) => ({ name, type: { tensorType: { elemType: type } } });

/** inputs: {name: type}; constants: {name: [integers]}, inputs that are part of the model; the output is called y. */
export function model({ operator, opset, inputs, constants = {}, attributes = {}, type }) {
  const initializer = Object.entries(constants).map(([name, values]) => ({
    name, dataType: types.i64, dims: [values.length], int64Data: values }));
  const node = { opType: operator, input: [...Object.keys(inputs), ...Object.keys(constants)], output: ["y"],
    attribute: Object.entries(attributes).map(attribute) };
  const graph = { name: operator, node: [node], initializer, input: Object.entries(inputs).map(declared),
    output: [declared(["y", type])] };
  const opsetImport = [{ domain: "", version: opset }];
  return onnx.ModelProto.encode({ irVersion: irVersion(opset), opsetImport, graph }).finish();
}
