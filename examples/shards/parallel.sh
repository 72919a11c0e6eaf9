#!/usr/bin/env bash
# An audit in parts by GNU parallel, whose PARALLEL variable says where: by default on this machine's cores, with
# PARALLEL='--sshloginfile machines --workdir .' on machines that share this folder.
#
#   SHARDS=8 examples/shards/parallel.sh ./mine.so --exhaustive
#
# leaves the parts in shards/ and the whole in loss-report/. Stopped, the same command goes on where it was; to begin anew,
# remove shards/.
set -uo pipefail
lossaudit=${LOSSAUDIT:-lossaudit} shards=${SHARDS:-8}
mkdir -p shards

# A part exits with 1 for a finding; whether there is one in the whole is said at the end.
seq "$shards" | parallel --quote --joblog shards/jobs --resume-failed \
  bash -c 'n=$0; "$@" --shard "$n" -o "shards/${n%/*}" --resume >"shards/${n%/*}.log" 2>&1 || [ $? = 1 ]' \
  "{}/$shards" "$lossaudit" audit "$@" || { tail -qn 1 shards/*.log >&2; exit 2; }

"$lossaudit" merge shards/*/run.json -o loss-report
