# From a bare clone on Debian 12 (git, make and apt alone):
#   make audit   audits fast (on every float), Eigen, oneDNN and the textbook formulas; the report is in audit-report/
#   make audit-peers   the same of all that adapters/ knows (PyTorch, ONNX Runtime, ...); audit-peers-report/. With
#                SWEEP=fast,eigen,... these are tried on every float
#   make test    runs every test
#   make test-slurm   8 shards of an audit as an array job of Slurm, on a cluster of this machine alone
#   make fuzz    runs libFuzzer on the readers of what strangers write
#   make bench   measures on one core: fast/ beside Eigen, oneDNN, XNNPACK and compositions over vector libraries, with the
#                bandwidth limits in the same run (bench-report/run.json), the bulk oracle beside Arb, and a sweep beside Arb and its
#                subject alone (bench-report/sweep.json)
#   make publish leaves make bench's record, and an audit of what it timed, in reports/published/
# All install what is missing from debian-packages.txt, configure, build and run; a second time they only do what is left.
# Also: make adapters, make format, make lint, make clean. On a system without apt: install the libraries by hand and say
# PACKAGES=present.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DELETE_ON_ERROR:
.SUFFIXES:
.PHONY: help audit audit-peers adapters test test-slurm fuzz bench publish lint format clean packages FORCE
# CMake, Ninja and CTest use all processors themselves.
.NOTPARALLEL:

release := build/release
sanitize := build/sanitize
subjects := fast eigen onednn plain
report := audit-report
peers := $(subjects) plain-ofast xnnpack dlib opencv pytorch scipy scikit-learn onnxruntime onnxruntime-opset12 tfjs tfjs-wasm
peers_report := audit-peers-report
bench_report := bench-report
# Which part of debian-packages.txt the goals need.
part := $(if $(filter fuzz,$(MAKECMDGOALS)),fuzz,$(if $(filter test-slurm,$(MAKECMDGOALS)),slurm,$(if $(filter audit-peers,$(MAKECMDGOALS)),peers,$(if $(filter bench publish,$(MAKECMDGOALS)),bench,$(if $(filter-out audit adapters,$(MAKECMDGOALS)),test,audit)))))

help:
	@sed -n 's/^# \?//p;/^$$/q' Makefile

audit: $(release)/build.ninja
	@cmake --build --preset release --target lossaudit adapters
	@$(release)/bin/lossaudit audit $(subjects) --sweep fast --gate fast -o $(report)

# In one run, so that the exact results are computed once for all.
audit-peers: $(release)/build.ninja
	@cmake --build --preset release --target lossaudit adapters
	@npm install --ignore-scripts --no-audit --no-fund --loglevel=error --prefix $(release)/bin/adapters
	@$(release)/bin/lossaudit audit $(peers) --pass forward,gradient --gate fast $(if $(SWEEP),--sweep $(SWEEP)) -o $(peers_report)

# Again from the start, as what was not found then may be there now.
adapters: $(release)/build.ninja
	@cmake --preset release | grep -E '^-- Adapter' || true
	@cmake --build --preset release --target lossaudit adapters

test: $(release)/build.ninja $(sanitize)/build.ninja
	@tools/run-tests release sanitize

# `make test` runs it too where Slurm is installed.
test-slurm: $(release)/build.ninja
	@cmake --build --preset release --target lossaudit plain
	@/usr/bin/python3 property_tests/shards_test.py . $(release) Slurm

# The last processor is the least likely to serve interrupts.
pinned := taskset -c $$(($$(nproc) - 1))

# For one kernel at work:  make bench ONLY='^sigmoid' SUBJECTS=fast,xnnpack BENCH='--benchmark_repetitions=3'
# ONLY is a regular expression over contracts ("softmax exact f32 forward", "… forward+gradient from_logits"), the oracle is then
# left out; SUBJECTS: fast libm libmvec eigen onednn xnnpack sleef xsimd highway; TARGET=AVX2 holds fast to that instruction set
# (the others are compiled for this machine). Processor time, the median of the repetitions, in ns an element; every run measures its
# own limits, and only ratios within one run mean anything.
bench: $(release)/build.ninja
	@cmake --build --preset release --target speed_bench $(if $(ONLY),,oracle_bench sweep_bench adapters)
	@$(pinned) $(release)/bin/speed_bench -o $(bench_report)/run.json --only '$(ONLY)' $(if $(SUBJECTS),--subject $(SUBJECTS)) \
	  $(if $(TARGET),--target $(TARGET)) $(BENCH)
	@$(if $(ONLY),,$(pinned) $(release)/bin/oracle_bench --benchmark_repetitions=5 --benchmark_min_time=0.1)
	@$(if $(ONLY),,$(pinned) $(release)/bin/sweep_bench --benchmark_repetitions=5 -o $(bench_report)/sweep.json)

publish: $(release)/build.ninja
	@cmake --build --preset release --target lossaudit kernels speed_bench sweep_bench eigen
	@tools/publish $(release)

fuzz: build/fuzz/build.ninja
	@cmake --build --preset fuzz
	@tools/fuzz build/fuzz $(or $(SECONDS_EACH),60)

lint: $(release)/build.ninja
	@cmake --build --preset release
	@tools/lint $(release)

format: packages
	@tools/format

clean:
	rm -rf build $(report) $(peers_report) $(bench_report)

packages: build/packages

# Touched only when something was installed, so that nothing is configured again in vain.
build/packages: FORCE
	@mkdir -p build
	@if [ "$(PACKAGES)" != present ]; then tools/install-packages $(part) $@; fi
	@[ -e $@ ] || touch $@

build/%/build.ninja: CMakePresets.json build/packages
	@cmake --preset $* >build/configure-$*.log 2>&1 || { cat build/configure-$*.log >&2; exit 1; }
	@grep -E '^-- Adapter' build/configure-$*.log || true
