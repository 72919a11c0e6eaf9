"""Programs that misbehave when they are called: pipe_faults.py FAULT. Each gives 1/2 on calls whose first input is 0, and
otherwise does what its name says. It speaks the protocol by itself, so that it can speak it wrong."""
import array
import json
import mmap
import os
import signal
import struct
import subprocess
import sys
import time

stdin, stdout = sys.stdin.buffer, sys.stdout.buffer
hello_only = ("mute", "no_protocol", "other_protocol", "no_name", "bad_line", "hello_tensors", "hello_chatter", "hello_error",
              "hello_exit", "hello_words", "many_lines", "hostile_name")


def blob(header, values=b""):
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + values


def send(*what):
    stdout.write(b"".join(what))
    stdout.flush()


def result(count, value=0.5, dtype="F64", shape=None, offsets=None, code="d"):
    values = array.array(code, [value] * count).tobytes()
    entry = {"dtype": dtype, "shape": [count] if shape is None else shape, "data_offsets": offsets or [0, len(values)]}
    return blob({"result": entry}, values)


def receive():
    length = stdin.read(8)
    if not length:
        sys.exit(0)
    return json.loads(stdin.read(struct.unpack("<Q", length)[0]))


def trickle(message, pause):
    for i in range(len(message)):
        send(message[i:i + 1])
        time.sleep(pause)


def sleep():
    while True:
        time.sleep(1)


class Call:
    """One call, and the faults that it may meet: each method is one."""

    def __init__(self, header, memory):
        self.header, self.memory = header, memory
        self.count = header["output"]["shape"][0]

    def answer(self, value):
        if self.memory is None:
            return send(result(self.count, value))
        entry = self.header["result"]
        self.memory[slice(*entry["data_offsets"])] = array.array("d", [value] * self.count).tobytes()
        send(blob({"__metadata__": {"shared_memory": "1"}, "result": entry}))

    def crash(self):
        print("first line\nassertion failed: \x1b[31mx > 0", file=sys.stderr, flush=True)
        os.abort()

    def segfault(self):
        os.kill(os.getpid(), signal.SIGSEGV)

    def early_exit(self):
        os._exit(0)

    def exit_3(self):
        os._exit(3)

    def hang(self):
        sleep()

    def stop(self):
        os.kill(os.getpid(), signal.SIGSTOP)

    def stubborn(self):
        for number in set(signal.Signals) - {signal.SIGKILL, signal.SIGSTOP}:
            signal.signal(number, signal.SIG_IGN)
        sleep()

    def garbage(self):
        send(bytes(range(255, 0, -1)) * 100)

    def chatter(self):
        send(b"Loading model \x1b[2J...\n")
        self.answer(1)

    def short_chatter(self):
        send(b"hi\n")
        sleep()

    def half_message(self):
        send(result(self.count)[:-5])
        os._exit(0)

    def half_header(self):
        send(result(self.count)[:20])
        sleep()

    def closes_stdout(self):
        os.close(1)
        sleep()

    def closes_stdin(self):
        os.close(0)
        self.answer(0.5)
        sleep()

    def wrong_type(self):
        send(result(self.count, dtype="F32", code="f"))

    def wrong_shape(self):
        send(result(self.count + 1))

    def wrong_rank(self):
        send(result(self.count, shape=[1, self.count]))

    def no_result(self):
        send(blob({}))

    def two_results(self):
        entries = {name: {"dtype": "U8", "shape": [1], "data_offsets": [i, i + 1]} for i, name in enumerate(("result", "x"))}
        send(blob(entries, b"xx"))

    def huge_header(self):
        send(struct.pack("<Q", 1 << 62), b"{")

    def huge_result(self):
        size = 1 << 62
        send(blob({"result": {"dtype": "U8", "shape": [size], "data_offsets": [0, size]}}), b"x" * 1000)

    def far_offsets(self):
        begin = 1 << 40
        send(result(self.count, offsets=[begin, begin + 8 * self.count]))

    def no_json(self):
        send(blob(b"{'result': 1}"))

    def deep_json(self):
        send(blob(b'{"a":' * 200000))

    def twice_the_name(self):
        send(blob(b'{"__metadata__": {}, "__metadata__": {}}'))

    def answers_twice(self):
        send(result(self.count), result(self.count))

    def says_more(self):
        send(result(self.count), b"done.\n")

    def slow_trickle(self):
        trickle(result(self.count), 0.02)

    def stderr_flood(self):
        line = b"#" * 1023 + b"\n"
        for _ in range(256):
            os.write(2, line * 1024)
        self.answer(1)

    def stderr_for_ever(self):
        while True:
            os.write(2, b"still here\n")

    def unsupported(self):
        send(blob({"__metadata__": {"unsupported": "not on \x1b[1mTuesdays\n"}}))

    def error(self):
        send(blob({"__metadata__": {"error": "no luck\n\x1b[2Jtoday " + "y" * 10000}}))

    def nan_flood(self):
        self.answer(float("nan"))

    def grandchild(self):
        below = subprocess.Popen(["sleep", "1000"], stdin=subprocess.DEVNULL)
        self.answer(below.pid)

    def grandchild_then_crash(self):
        subprocess.Popen(["sleep", "1000"])
        os.abort()

    def crash_later(self):
        self.answer(1)
        time.sleep(0.02)
        os.abort()

    def counts_descriptors(self):
        self.answer(len(os.listdir("/proc/self/fd")) - 1)  # the listing's own

    def shared_as_agreed(self):
        self.answer(1)

    def shared_but_sent(self):
        send(result(self.count, 1))

    def shared_elsewhere(self):
        begin, end = self.header["output"]["data_offsets"]
        entry = dict(self.header["result"], data_offsets=[begin, end])
        send(blob({"__metadata__": {"shared_memory": "1"}, "result": entry}))

    def shared_before(self):
        self.memory[self.header["result"]["data_offsets"][0] - 1] = 0
        self.answer(1)

    def shared_unwritten(self):
        send(blob({"__metadata__": {"shared_memory": "1"}, "result": self.header["result"]}))

    def shared_truncated(self):
        try:
            os.ftruncate(shared_file, 0)
            self.answer(2)
        except OSError:
            self.answer(1)

    def shared_spoiled(self):
        self.memory[:] = b"\xff" * len(self.memory)
        self.answer(1)

    def not_shared(self):
        send(blob({"__metadata__": {"shared_memory": "1"}, "result": self.header["output"]}))

    def takes_memory(self):
        hoard = []
        while True:
            hoard.append(b"x" * (16 << 20))

    def fills_the_disk(self):
        with open(os.environ["FILL"], "wb") as file:
            while True:
                file.write(b"x" * (1 << 20))

    def fills_the_disk_with_files(self):
        for i in range(250):
            with open(f"{os.environ['FILL']}.{i}", "wb") as file:
                file.write(b"x" * (4 << 20))
            time.sleep(0.02)

    def fills_the_disk_boldly(self):
        signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
        self.fills_the_disk()

    def answers_before_it_reads(self):
        self.answer(0.5)


def say_hello(fault):
    said = {"protocol": "1", "name": fault, "version": "1", "contracts": "sigmoid exact f64 forward  # misbehaves"}
    if fault.startswith("shared_"):
        said["shared_memory"] = "1"
    answers = {
        "no_protocol": {**said, "protocol": None}, "other_protocol": {**said, "protocol": "2\n"}, "no_name": {**said, "name": None},
        "bad_line": {**said, "contracts": "sigmoid exact f64 forward\nsigmod exact f32 forward"},
        "hello_error": {"error": "no GPU\n\x1b[2J"}, "many_lines": {**said, "contracts": "x\n" * 100000},
        "hostile_name": {**said, "name": "\x1b[2J<script>\n" + "y" * 1000, "version": "\u202e"},
    }
    if fault == "mute":
        sleep()
    if fault == "hello_chatter":
        send(b"Welcome to my program!\n")
    if fault == "hello_words":
        print("ModuleNotFoundError: No module named 'numpy'", file=sys.stderr)
        sys.exit(1)
    if fault == "hello_exit":
        sys.exit(0)
    if fault == "hello_tensors":
        return send(blob({"x": {"dtype": "U8", "shape": [], "data_offsets": [0, 1]}}, b"x"))
    send(blob({"__metadata__": {key: text for key, text in answers.get(fault, said).items() if text is not None}}))


def main(fault):
    global shared_file
    hello = receive()["__metadata__"]
    shared_file = os.open(hello["shared_memory"], os.O_RDWR)
    say_hello(fault)
    if not fault.startswith("shared_"):
        os.close(shared_file)
    while True:
        header = receive()
        end = header["output"]["data_offsets"][1]
        memory = mmap.mmap(shared_file, 0) if "shared_memory" in header["__metadata__"] else None
        if fault == "answers_before_it_reads":
            Call(header, memory).answer(0.5)
            time.sleep(0.05)
        values = memory[header["output"]["data_offsets"][0]:end] if memory else stdin.read(end)
        if fault == "answers_before_it_reads":
            continue
        call = Call(header, memory)
        first = struct.unpack_from("<d", values)[0]
        call.answer(0.5) if first == 0 or fault in hello_only else getattr(call, fault)()


main(sys.argv[1])
