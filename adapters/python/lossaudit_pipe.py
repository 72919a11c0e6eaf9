"""Audit a Python function: lossaudit audit 'cmd:python3 mine.py'. Copy this file beside mine.py; it needs numpy alone.

    import numpy as np, lossaudit_pipe

    @lossaudit_pipe.contract("sigmoid exact f32,f64 forward")
    def sigmoid(x):
        return 1 / (1 + np.exp(-x))

    lossaudit_pipe.run("mine", "1.0")

A function is given the tensors output and, where there is one, target or labels; and what else it names among its
parameters: class_weights, sample_weights, upstream (tensors; left out where the call has none), axis (the classes'
dimension), from_logits, reduction, epsilon, label_smoothing, pos_weight, ignore_index, function, dialect, format;
or all of them, and pass, as **options. It returns an array of the type and shape that are due (adapters/protocol.md).
numpy has no bfloat16: such tensors come as float32, exactly, and a float32 result is rounded to nearest, ties to even.
An exception fails that one call; NotImplementedError says that it is not supported. What is printed goes to stderr."""
import inspect, json, mmap, os, sys, traceback  # noqa: E401

import numpy as np

_OPTIONS = {"axis": int, "from_logits": lambda text: text == "1", "epsilon": float, "label_smoothing": float,
            "pos_weight": float, "ignore_index": lambda text: None if text == "none" else int(text)}
_registered = []  # (contract line, function)


def contract(*lines):
    """Registers a function for contract lines: "FUNCTIONS DIALECTS FORMATS PASSES [OPTION...] [# NOTE]"."""
    return lambda function: _registered.extend((line, function) for line in lines) or function


def _read(stream):
    length = stream.read(8)  # nothing at the end
    return json.loads(stream.read(int.from_bytes(length, "little"))) if length else None


def _write(stream, header, values=b""):
    text = json.dumps(header).encode()
    stream.write(len(text).to_bytes(8, "little") + text + values)
    stream.flush()


def _tensor(memory, entry):
    dtype = {"F64": "<f8", "F32": "<f4", "F16": "<f2", "BF16": "<u2", "I64": "<i8"}[entry["dtype"]]
    array = np.frombuffer(memory, dtype, int(np.prod(entry["shape"])), entry["data_offsets"][0])
    if entry["dtype"] == "BF16":
        array = (array.astype(np.uint32) << 16).view(np.float32)
    array.flags.writeable = False
    return array.reshape(entry["shape"])


def _to_bf16(array):
    bits = array.reshape(-1).view(np.uint32)
    nearest = np.where(np.isnan(array.reshape(-1)), bits >> 16 | 0x40, (bits + 0x7fff + (bits >> 16 & 1)) >> 16)
    return nearest.astype("<u2").reshape(array.shape)


def _compute(call, tensors):
    """The result and the name of its type."""
    function = _registered[int(call["line"])][1]
    given = [tensors.pop(name) for name in ("output", "target", "labels") if name in tensors]
    options = {key: _OPTIONS.get(key, str)(text) for key, text in call.items()} | tensors
    named = inspect.signature(function).parameters
    if all(parameter.kind != parameter.VAR_KEYWORD for parameter in named.values()):
        options = {name: options[name] for name in list(named)[len(given):] if name in options}
    result = np.asarray(function(*given, **options))
    if call["format"] == "bf16" and result.dtype == np.float32:
        return _to_bf16(result), "BF16"
    return result, f"{result.dtype.kind.upper()}{8 * result.itemsize}"


def run(name, version):
    """Serves calls until stdin ends."""
    stdin, stdout = sys.stdin.buffer, os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what is printed must not stand among the messages
    said = {"protocol": "1", "name": name, "version": version, "contracts": "\n".join(line for line, _ in _registered)}
    try:
        file, shared = os.open(_read(stdin)["__metadata__"]["shared_memory"], os.O_RDWR), b""
        said["shared_memory"] = "1"
    except OSError:
        pass  # of another machine or user: the tensors travel in the messages
    _write(stdout, {"__metadata__": said})
    while (entries := _read(stdin)) is not None:
        call, end = entries.pop("__metadata__"), max(entry["data_offsets"][1] for entry in entries.values())
        if "shared_memory" in call and len(shared) < end:
            shared = mmap.mmap(file, 0)
        memory = shared if "shared_memory" in call else stdin.read(end)
        due = entries.pop("result", None)  # where it is to be written, if the memory is shared
        try:
            result, dtype = _compute(call, {key: _tensor(memory, entry) for key, entry in entries.items()})
            entry = {"dtype": dtype, "shape": list(result.shape), "data_offsets": [0, result.nbytes]}
            if due and (due["dtype"], due["shape"]) == (entry["dtype"], entry["shape"]):
                shared[slice(*due["data_offsets"])] = result.tobytes()
                _write(stdout, {"__metadata__": {"shared_memory": "1"}, "result": due})
            else:
                _write(stdout, {"result": entry}, result.tobytes())
        except Exception as error:  # whatever the function raises fails this call, not the next
            traceback.print_exc()
            kind = "unsupported" if isinstance(error, NotImplementedError) else "error"
            _write(stdout, {"__metadata__": {kind: f"{type(error).__name__}: {error}"}})
