// Audit a JavaScript function: lossaudit audit 'cmd:node mine.mjs'. Copy this file beside mine.mjs; it needs Node 18.
//
//   import { contract, run } from "./lossaudit_pipe.mjs";
//   contract("sigmoid exact f32,f64 forward", (x) => x.map((v) => 1 / (1 + Math.exp(-v))));
//   await run("mine", "1.0");
//
// A function is given typed arrays: output; target or labels, where there is one; then the call: {shapes: {output: [2,
// 3], …}, class_weights, sample_weights, upstream (where the call has them), axis (the classes' dimension), from_logits,
// reduction, epsilon, label_smoothing, pos_weight, ignore_index (or null), function, dialect, format, pass}. It may be
// async. It returns a typed array of the type and length that are due (adapters/protocol.md), or numbers (an array, or
// one), which the array of that type rounds. Labels come as numbers in a Float64Array. There are no 16-bit formats: the
// values of f16 and bf16 come and go as their bits in a Uint16Array. What is thrown fails that one call; an Unsupported
// says that it is not supported. console.log goes to stderr.
import { Console } from "node:console";
import { openSync, readSync, writeSync } from "node:fs";

globalThis.console = new Console(process.stderr); // what is printed must not stand among the messages

const arrays = { F64: Float64Array, F32: Float32Array, F16: Uint16Array, BF16: Uint16Array, I64: BigInt64Array };
const registered = []; // [contract line, function]

export class Unsupported extends Error {}

/** Registers a function for a contract line: "FUNCTIONS DIALECTS FORMATS PASSES [OPTION...] [# NOTE]". */
export const contract = (line, compute) => void registered.push([line, compute]);

/** Reads exactly that many bytes, or as many as there are before the end. */
function read(file, size, at = null) {
  const bytes = new Uint8Array(size);
  for (let got = 0, n; got < size; got += n) {
    n = readSync(file, bytes, got, size - got, at === null ? null : at + got);
    if (n === 0) return bytes.subarray(0, got);
  }
  return bytes;
}

function write(file, bytes, at = null) {
  for (let sent = 0; sent < bytes.length;) {
    sent += writeSync(file, bytes, sent, bytes.length - sent, at === null ? null : at + sent);
  }
}

function receive() {
  const length = read(0, 8);
  return length.length ? JSON.parse(Buffer.from(read(0, Number(new BigUint64Array(length.buffer)[0])))) : null;
}

function send(header, values = new Uint8Array()) {
  const text = Buffer.from(JSON.stringify(header));
  write(1, Buffer.concat([new Uint8Array(BigUint64Array.of(BigInt(text.length)).buffer), text, values]));
}

async function compute(call, tensors, due) {
  const { output, target, labels, ...others } = tensors;
  const numbers = ["axis", "epsilon", "label_smoothing", "pos_weight"].map((key) => [key, Number(call[key])]);
  const flags = { ...Object.fromEntries(numbers), from_logits: call.from_logits === "1",
    ignore_index: call.ignore_index === "none" ? null : Number(call.ignore_index) };
  const given = [output, target, labels].filter((tensor) => tensor !== undefined);
  let result = await registered[Number(call.line)][1](...given, { ...call, ...flags, ...others });
  if (typeof result === "number") result = [result];
  if (Array.isArray(result)) result = arrays[due].from(result);
  const fits = (dtype) => result instanceof arrays[dtype];
  return [fits(due) ? due : Object.keys(arrays).find(fits), result];
}

/** Serves calls until stdin ends. */
export async function run(name, version) {
  const said = { protocol: "1", name, version, contracts: registered.map(([line]) => line).join("\n") };
  let file;
  try {
    file = openSync(receive().__metadata__.shared_memory, "r+");
    said.shared_memory = "1";
  } catch {} // of another machine or user: the tensors travel in the messages
  send({ __metadata__: said });
  for (let message; (message = receive()) !== null;) {
    const { __metadata__: call, result: place, ...entries } = message;
    const [shape, shapes, tensors] = [JSON.parse(call.result_shape), {}, {}];
    for (const [key, { dtype, shape, data_offsets: [begin, end] }] of Object.entries(entries)) {
      const bytes = call.shared_memory ? read(file, end - begin, begin) : read(0, end - begin);
      const tensor = new arrays[dtype](bytes.buffer);
      shapes[key] = shape;
      tensors[key] = dtype === "I64" ? Float64Array.from(tensor, Number) : tensor;
    }
    try {
      const [dtype, result] = await compute({ ...call, shapes }, tensors, call.format.toUpperCase());
      const bytes = new Uint8Array(result.buffer, result.byteOffset, result.byteLength);
      const whole = result.length === shape.reduce((product, size) => product * size, 1);
      if (place && whole && dtype === place.dtype) {
        write(file, bytes, place.data_offsets[0]);
        send({ __metadata__: { shared_memory: "1" }, result: place });
      } else {
        send({ result: { dtype, shape: whole ? shape : [result.length], data_offsets: [0, bytes.length] } }, bytes);
      }
    } catch (error) {
      console.error(error);
      send({ __metadata__: { [error instanceof Unsupported ? "unsupported" : "error"]: String(error) } });
    }
  }
}
