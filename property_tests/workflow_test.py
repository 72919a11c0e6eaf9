"""The ready workflows for GitHub Actions, as far as they can be run without GitHub: their steps, in their order, in folders that look as
their jobs' do. Usage: workflow_test.py REPOSITORY BUILD_FOLDER"""
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

import yaml

repository, build = (pathlib.Path(argument).resolve() for argument in sys.argv[1:3])
workflows = {path.stem: yaml.safe_load(path.read_text()) for path in (repository / "examples/github-actions").glob("*.yml")}

MINE = """
#include <math.h>
#include "subject.h"
static const char *const contracts[] = {"relu exact f32 forward", NULL};
static int compute(const lossaudit_contract *contract, const lossaudit_tensors *tensors) {
  const float *x = tensors->output;
  float *y = tensors->result;
  (void)contract;
  for (size_t i = 0; i < tensors->result_count; ++i) y[i] = %s;
  return LOSSAUDIT_OK;
}
static const lossaudit_subject mine = {LOSSAUDIT_ABI_VERSION, "mine", "1.0", contracts, compute};
const lossaudit_subject *lossaudit_subject_at(size_t index) { return index == 0 ? &mine : NULL; }
"""
RIGHT, WRONG = "x[i] > 0 || isnan(x[i]) ? x[i] : 0", "fmaxf(x[i], 0)"  # NaN becomes 0


class Steps(unittest.TestCase):
    def folder_of(self, expression, expected):
        """What a job finds after the checkout and the building of lossaudit."""
        folder = pathlib.Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, folder)
        (folder / "mine.c").write_text(MINE % expression)
        if expected:
            (folder / ".lossaudit-expected").write_text(expected)
        (folder / "lossaudit/build/release").mkdir(parents=True)
        (folder / "lossaudit/audit").symlink_to(repository / "audit")
        (folder / "lossaudit/build/release/bin").symlink_to(build / "bin")
        (folder / "summary.md").touch()
        return folder

    def run_job(self, job, expression, expected=None, variables=None, artifacts=None):
        """(whether the job passed, its summary, its folder) after every step but the checkouts, caches and the building of lossaudit.
        `artifacts`: a folder in GitHub's place."""
        folder = self.folder_of(expression, expected)
        passed = True

        def filled(text):
            for name, value in (variables or {}).items():
                text = text.replace("${{ %s }}" % name, str(value))
            return text

        for step in job["steps"]:
            action, command = step.get("uses", ""), filled(step.get("run", ""))
            if not (passed or step.get("if") == "always()"):
                continue
            if "download-artifact" in action:
                for kept in artifacts.glob(step["with"]["pattern"]):
                    shutil.copytree(kept, folder / step["with"]["path"] / kept.name)
            elif "upload-artifact" in action and artifacts and (folder / step["with"]["path"]).exists():
                shutil.copytree(folder / step["with"]["path"], artifacts / filled(step["with"]["name"]))
            if not command or command.startswith(("apt-get", "make")):
                continue
            # GitHub's own flags for `shell: bash`.
            finished = subprocess.run(["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", command], cwd=folder, text=True,
                                      env=os.environ | {"GITHUB_STEP_SUMMARY": str(folder / "summary.md")}, capture_output=True,
                                      check=False)
            self.assertIn(finished.returncode, (0, 1, 2), finished.stderr)
            self.complaint = finished.stderr
            passed = passed and finished.returncode == 0
        return passed, (folder / "summary.md").read_text(), folder


class OneJob(Steps):
    (job,) = workflows["loss-accuracy"]["jobs"].values()

    def test_a_right_subject_passes_and_leaves_its_report(self):
        passed, summary, folder = self.run_job(self.job, RIGHT)
        self.assertTrue(passed, summary)
        self.assertIn("mine", summary)
        for name in ("index.html", "junit.xml", "run.json"):
            self.assertTrue((folder / "loss-report" / name).exists(), name)

    def test_a_wrong_one_fails_and_says_so_in_the_summary(self):
        passed, summary, _ = self.run_job(self.job, WRONG)
        self.assertFalse(passed)
        self.assertIn("a number where a NaN is due", summary)

    def test_an_expected_finding_passes_and_one_that_is_gone_fails(self):
        line = "mine | relu | breaks nan_stays_nan | as fmaxf has it\n"
        passed, summary, _ = self.run_job(self.job, WRONG, line)
        self.assertTrue(passed, summary)
        self.assertFalse(self.run_job(self.job, RIGHT, line)[0])


class Matrix(Steps):
    jobs = workflows["loss-accuracy-in-shards"]["jobs"]

    def run_all(self, expression, expected=None, lost=()):
        """The last job's, after the matrix's."""
        artifacts = pathlib.Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, artifacts)
        part = self.jobs["part"]
        # What takes hours there is left out here.
        part["steps"] = [step | {"run": step["run"].replace(" --exhaustive", "")} if "run" in step else step for step in part["steps"]]
        shards = part["strategy"]["matrix"]["shard"]
        for shard in shards:
            if shard not in lost:
                variables = {"matrix.shard": shard, "strategy.job-total": len(shards)}
                passed, _, _ = self.run_job(part, expression, expected, variables, artifacts)
                self.assertTrue(passed, self.complaint)
        return self.run_job(self.jobs["whole"], expression, expected, {}, artifacts)

    def test_the_whole_is_judged_as_one_audit(self):
        passed, summary, folder = self.run_all(RIGHT)
        self.assertTrue(passed, summary)
        self.assertNotIn("alone", summary)
        self.assertTrue((folder / "loss-report/index.html").exists())
        self.assertFalse(self.run_all(WRONG)[0])

    def test_a_missing_part_fails_and_is_named(self):
        passed, summary, _ = self.run_all(RIGHT, lost=(3, 8))
        self.assertFalse(passed)
        self.assertIn("shards 1, 2, 4-7 of 8 alone", summary)


class Files(unittest.TestCase):
    def test_what_they_call_is_there(self):
        makefile = (repository / "Makefile").read_text()
        for workflow in workflows.values():
            for job in workflow["jobs"].values():
                self.assertEqual((job.get("defaults") or workflow["defaults"])["run"]["shell"], "bash")
                for step in job["steps"]:
                    self.assertTrue(("run" in step) != ("uses" in step), step)
                    if "uses" in step:
                        self.assertRegex(step["uses"], r"^actions/(checkout|cache|upload-artifact|download-artifact)@v\d+$")
                    if goal := re.match(r"make -C lossaudit (\S+)$", step.get("run", "")):
                        self.assertRegex(makefile, rf"(?m)^{goal[1]}:")

    def test_what_they_keep_is_what_they_make(self):
        for workflow in workflows.values():
            for job in workflow["jobs"].values():
                (kept,) = [step["with"]["path"] for step in job["steps"] if "upload-artifact" in step.get("uses", "")]
                self.assertIn(f"-o {kept}", "".join(step.get("run", "") for step in job["steps"]))


unittest.main(argv=sys.argv[:1], verbosity=2)
