// A shared library that is no subject.
extern "C" int nothing_of_ours() { return 0; }
