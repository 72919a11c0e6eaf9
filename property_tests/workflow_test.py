"""The ready workflow for GitHub Actions, as far as it can be run without GitHub: its steps, in its order, in a folder that looks as
its job's does. Usage: workflow_test.py REPOSITORY BUILD_FOLDER"""
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
workflow = yaml.safe_load((repository / "examples/github-actions/loss-accuracy.yml").read_text())
(job,) = workflow["jobs"].values()

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


class Workflow(unittest.TestCase):
    def run_steps(self, expression, expected=None):
        """(whether the job passed, its summary, its folder) after every step but GitHub's own and the building of lossaudit."""
        folder = pathlib.Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, folder)
        (folder / "mine.c").write_text(MINE % expression)
        if expected:
            (folder / ".lossaudit-expected").write_text(expected)
        # What the checkout and the build leave.
        (folder / "lossaudit/build/release").mkdir(parents=True)
        (folder / "lossaudit/audit").symlink_to(repository / "audit")
        (folder / "lossaudit/build/release/bin").symlink_to(build / "bin")
        summary = folder / "summary.md"
        summary.touch()
        passed = True
        for step in job["steps"]:
            command = step.get("run", "")
            if not command or command.startswith(("apt-get", "make")) or not (passed or step.get("if") == "always()"):
                continue
            # GitHub's own flags for `shell: bash`.
            finished = subprocess.run(["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", command], cwd=folder, text=True,
                                      env=os.environ | {"GITHUB_STEP_SUMMARY": str(summary)}, capture_output=True, check=False)
            self.assertIn(finished.returncode, (0, 1), finished.stderr)
            passed = passed and finished.returncode == 0
        return passed, summary.read_text(), folder

    def test_a_right_subject_passes_and_leaves_its_report(self):
        passed, summary, folder = self.run_steps(RIGHT)
        self.assertTrue(passed, summary)
        self.assertIn("mine", summary)
        for name in ("index.html", "junit.xml", "run.json"):
            self.assertTrue((folder / "loss-report" / name).exists(), name)

    def test_a_wrong_one_fails_and_says_so_in_the_summary(self):
        passed, summary, _ = self.run_steps(WRONG)
        self.assertFalse(passed)
        self.assertIn("a number where a NaN is due", summary)

    def test_an_expected_finding_passes_and_one_that_is_gone_fails(self):
        line = "mine | relu | breaks nan_stays_nan | as fmaxf has it\n"
        passed, summary, _ = self.run_steps(WRONG, line)
        self.assertTrue(passed, summary)
        self.assertFalse(self.run_steps(RIGHT, line)[0])

    def test_what_it_calls_is_there(self):
        self.assertEqual(job["defaults"]["run"]["shell"], "bash")
        for step in job["steps"]:
            self.assertTrue(("run" in step) != ("uses" in step), step)
            if "uses" in step:
                self.assertRegex(step["uses"], r"^actions/(checkout|cache|upload-artifact)@v\d+$")
            if goal := re.match(r"make -C lossaudit (\S+)$", step.get("run", "")):
                makefile = (repository / "Makefile").read_text()
                self.assertRegex(makefile, rf"(?m)^{goal[1]}:")

    def test_the_report_it_keeps_is_the_one_it_makes(self):
        (kept,) = [step["with"]["path"] for step in job["steps"] if "upload-artifact" in step.get("uses", "")]
        self.assertIn(f"-o {kept}", "".join(step.get("run", "") for step in job["steps"]))


unittest.main(argv=sys.argv[:1], verbosity=2)
