"""Audits in shards under other people's schedulers, by the scripts in examples/shards: merged they are the audit in one run. A scheduler
that is not installed, or cannot start here, skips its test. Usage: shards_test.py REPOSITORY BUILD_FOLDER Parallel|Slurm"""
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

from slurm_cluster import CannotStart, Cluster

repository, build = (pathlib.Path(argument).resolve() for argument in sys.argv[1:3])
LOSSAUDIT = build / "bin/lossaudit"
SUBJECT = ["plain", "fast", "--function", "relu,softmax", "--format", "f32"]
SHARDS = 8


class Sharded(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, self.folder)
        self.environment = os.environ | {"LOSSAUDIT": str(LOSSAUDIT), "SHARDS": str(SHARDS), "PATH": f"{LOSSAUDIT.parent}:{os.environ['PATH']}"}

    def record(self, folder):
        """What two runs of the same audit have in common (audit/merge.hpp): not when they ran, and where long cases lie."""
        text = (self.folder / folder / "run.json").read_text().replace(f"@{folder}/cases/", "@cases/")
        record = json.loads(text)
        for name in ("command", "started"):
            del record[name]
        for accuracy in record["accuracy"]:
            for sweep in accuracy.get("sweeps", []):
                del sweep["seconds"]
            accuracy.get("hunt", {}).pop("seconds", None)
        return record

    def check(self, merged):
        """`merged`, the folder of the merged record, holds the record of one run."""
        one = subprocess.run([LOSSAUDIT, "audit", *SUBJECT, "-o", "one"], cwd=self.folder, capture_output=True, text=True, check=False)
        self.assertEqual(one.returncode, 1, one.stderr)
        self.assertGreater(len(self.record("one")["accuracy"]), 3)
        self.assertEqual(self.record("one"), self.record(merged))


class Parallel(Sharded):
    def run_script(self):
        return subprocess.run([repository / "examples/shards/parallel.sh", *SUBJECT], cwd=self.folder, env=self.environment, text=True,
                              capture_output=True, check=False)

    def setUp(self):
        super().setUp()
        if not shutil.which("parallel"):
            self.skipTest("GNU parallel is not installed (Debian: parallel)")

    def test_eight_shards_are_the_one_run(self):
        finished = self.run_script()
        self.assertEqual(finished.returncode, 1, finished.stderr)  # plain does not conform
        self.check("loss-report")

    def test_what_is_done_is_not_done_again_and_what_is_not_is(self):
        self.run_script()
        times = {shard: (self.folder / f"shards/{shard}/run.json").stat().st_mtime_ns for shard in range(1, SHARDS + 1)}
        jobs = self.folder / "shards/jobs"
        lines = jobs.read_text().splitlines()
        third = next(i for i, line in enumerate(lines) if line.split("\t")[0] == "3")
        fields = lines[third].split("\t")
        fields[6] = "2"  # as if it had been stopped
        lines[third] = "\t".join(fields)
        jobs.write_text("\n".join(lines) + "\n")
        self.assertEqual(self.run_script().returncode, 1)
        again = {shard: (self.folder / f"shards/{shard}/run.json").stat().st_mtime_ns for shard in range(1, SHARDS + 1)}
        self.assertEqual([shard for shard in times if times[shard] != again[shard]], [3])


class Slurm(Sharded):
    def test_an_array_of_eight_jobs_is_the_one_run(self):
        try:
            with Cluster(tempfile.mkdtemp()) as cluster:
                self.run_array(cluster)
        except CannotStart as reason:
            self.skipTest(f"no Slurm here: {reason}")
        self.check("loss-report")

    def run_array(self, cluster):
        # Slurm writes a job's output where it is told, and makes no folder for it.
        (self.folder / "shards").mkdir()

        def submit(*arguments):
            finished = cluster.run("sbatch", "--parsable", *arguments, cwd=self.folder, env=self.environment)
            self.assertEqual(finished.returncode, 0, finished.stderr)
            return finished.stdout.strip()

        array = submit(repository / "examples/shards/slurm.sbatch", *SUBJECT)
        submit(f"--dependency=afterany:{array}", "--output=merge.log", "--wrap", "lossaudit merge shards/*/run.json -o loss-report")
        cluster.wait(lambda: cluster.run("squeue", "--noheader").stdout.strip() == "", 240)
        logs = "".join(log.read_text() for log in [*self.folder.glob("shards/*.log"), self.folder / "merge.log"])
        self.assertTrue((self.folder / "loss-report/run.json").exists(), logs)
        tasks = {path.name for path in (self.folder / "shards").iterdir() if path.is_dir()}
        self.assertEqual(tasks, {str(i) for i in range(1, SHARDS + 1)})


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], *sys.argv[3:]], verbosity=2)
