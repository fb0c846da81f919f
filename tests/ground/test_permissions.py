"""Stories of events on real functions, each held to its policy: nothing that is missing, nothing that is too much."""

import os
import shutil
import subprocess
import unittest

import tool
from guard import Guard

#: The stories, and the binary that tells them; the tests of the workspace build both it and the functions.
STORIES = (
    "an_event_is_opened_sells_out_ends_and_leaves_nothing_behind",
    "a_layer_that_is_closed_before_its_time_leaves_nothing_behind_either",
    "box_office::a_box_office_sells_for_several_shops_and_answers_its_organiser",
)
BINARIES = tool.ROOT / "target" / "debug"

#: What is used, but not by a request of the function itself: by Lambda, or only where keys are in SSM.
BY_OTHERS = {"Log", "DeadLetters", "Secrets", "SecretsKey"}

#: What the stories have no cause for: an object that is missing; a transaction, deposit or order that was dropped
#: before; a sequencer that hands over after 14 minutes, an end that waits for longer than it may.
UNTOLD = {
    "bridge": {"ItemsDeleteItem", "ObjectsList"},
    "operator": {"ObjectsList"},
    "rpc": {"ItemsDeleteItem", "ObjectsList"},
    "sequencer": {"ObjectsList", "Wake"},
    "teardown": {"ItemsConditionCheckItem", "ItemsDeleteItem", "ObjectsList"},
    "webhook": {"ObjectsList"},
}

#: Stands for a function: sends it to the guard with everything that it asks of AWS.
WRAPPER = """#!/bin/sh
for service in DYNAMODB S3 LAMBDA SCHEDULER SSM; do
  eval "place=\\${{MAYFLY_ENDPOINT_$service-}}"
  case $service in
    DYNAMODB) name=dynamodb ;;
    S3) name=s3 ;;
    LAMBDA) name=lambda ;;
    SCHEDULER) name=scheduler ;;
    SSM) name=ssm ;;
  esac
  [ -z "$place" ] || export "MAYFLY_ENDPOINT_$service={guard}/{function}/$name/${{place#http://}}"
done
[ -z "${{MAYFLY_SOCKETS_URL-}}" ] || export "MAYFLY_SOCKETS_URL={guard}/{function}/sockets/${{MAYFLY_SOCKETS_URL#http://}}"
exec {program}
"""


def newest(pattern):
    """The binary that was built last."""
    found = [path for path in (BINARIES / "deps").glob(pattern) if path.suffix == "" and os.access(path, os.X_OK)]
    return max(found, key=lambda path: path.stat().st_mtime, default=None)


class Permissions(unittest.TestCase):
    """Runs the stories once, with a guard before the emulators."""

    @classmethod
    def setUpClass(cls):
        decided = tool.blueprint(cls)
        story = newest("cloud_stories-*")
        if story is None:
            raise unittest.SkipTest("the story on emulated functions is not built: cargo nextest run --workspace")
        cls.guard = Guard(decided["functions"], decided["arns"])
        cls.addClassCleanup(cls.guard.stop)
        folder = tool.scratch(cls)
        (folder / "deps").mkdir()
        shutil.copy2(story, folder / "deps")
        shutil.copy2(BINARIES / "mayfly", folder)
        for function in tool.FUNCTIONS:
            wrapper = folder / function
            program = BINARIES / function
            wrapper.write_text(WRAPPER.format(guard=cls.guard.url, function=function, program=program))
            wrapper.chmod(0o755)
        cls.told = subprocess.run(
            [folder / "deps" / story.name, "--nocapture", "--exact", *STORIES],
            cwd=tool.ROOT / "tests" / "cloud",
            capture_output=True,
            text=True,
            check=False,
        )

    def test_the_stories_end_well(self):
        self.assertEqual(self.told.returncode, 0, self.told.stdout + self.told.stderr)
        self.assertIn(f"{len(STORIES)} passed", self.told.stdout)

    def test_every_request_is_understood(self):
        self.assertEqual(self.guard.faults, [])

    def test_nothing_is_missing(self):
        self.assertEqual(self.guard.denied, [])

    def test_nothing_is_too_much(self):
        for function, sids in self.guard.unused().items():
            with self.subTest(function=function):
                self.assertEqual(sids - BY_OTHERS - UNTOLD.get(function, set()), set())


if __name__ == "__main__":
    unittest.main()
