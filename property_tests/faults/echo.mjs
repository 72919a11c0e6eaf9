// Sound programs that compute nothing: they show what arrived. echo.mjs WHAT [sent]; with `sent` nothing is shared.
import fs from "node:fs";
import { syncBuiltinESMExports } from "node:module";
import { pathToFileURL } from "node:url";

const { contract, run, Unsupported } = await import(pathToFileURL(process.env.HELPER));

const functions = "relu,sigmoid,log_sigmoid,softplus,logit,softmax,log_softmax,logsumexp,binary_crossentropy," +
  "categorical_crossentropy,sparse_categorical_crossentropy,mean_squared_error,cross_entropy_error";
const options = "from_logits reduction axis epsilon label_smoothing pos_weight ignore_index class_weights sample_weights";
const results = { f64: Float64Array, f32: Float32Array };

/** FNV-1a, 64 bits (Fowler, Noll, Vo). */
function fnv(value, data) {
  for (const byte of data) value = BigInt.asUintN(64, (value ^ BigInt(byte)) * 0x100000001b3n);
  return value;
}
const bytes = (array) => new Uint8Array(array.buffer);

const programs = {
  copy(output) {
    console.log("on stdout, where it harms nobody");
    return output;
  },

  /** Results that depend on everything in the call, and are integers that every format holds. */
  fingerprint(...given) {
    const call = given.pop();
    const text = `${call.contract} ${call.function} ${call.dialect} ${call.format} ${call.pass} ${call.reduction} ` +
      `${Number(call.from_logits)} ${call.axis} ${call.ignore_index ?? "none"} ${call.result_shape}`;
    let value = fnv(0xcbf29ce484222325n, Buffer.from(text));
    value = fnv(value, bytes(Float64Array.of(call.epsilon, call.label_smoothing, call.pos_weight)));
    const names = ["output", "target", "labels", "class_weights", "sample_weights", "upstream"].filter((key) => key in call.shapes);
    for (const name of names) {
      value = fnv(value, bytes(BigInt64Array.from(call.shapes[name], BigInt)));
      value = fnv(value, bytes(Float64Array.from(call[name] ?? given[name === "output" ? 0 : 1])));
    }
    const count = JSON.parse(call.result_shape).reduce((product, size) => product * size, 1);
    const one = (_, i) => Number(fnv(value, bytes(BigInt64Array.of(BigInt(i)))) % 256n);
    return results[call.format].from({ length: count }, one);
  },

  third: async (output) => output.map((value) => value / 3),
  numbers: (output) => Array.from(output, (value) => value / 3),
  raises(output) {
    throw new Error(`no luck with \x1b[2J${output[0]}`);
  },
  cannot() {
    throw new Unsupported("not for these");
  },
  widens: (output) => Float64Array.from(output),
  shortens: (output) => output.subarray(1),
  nothing() {},
};

if (process.argv[3] === "sent") {
  fs.openSync = () => {
    throw new Error("no such file");
  };
  syncBuiltinESMExports();
}
contract(`${functions} exact,keras1 f64,f32,f16,bf16 forward,gradient ${options}  # shows what arrived`, programs[process.argv[2]]);
await run(process.argv[2], "1");
