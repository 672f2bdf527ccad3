"""What the core does on Windows, in a process that takes its system for Windows.

It has none of the modules that Windows lacks. What Windows itself would do is not tested.
"""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from charloom.core.runs.monitor import is_training
from charloom.core.store.model_dir import ModelDir
from tests.helpers.small_models import endless

_PRETEND = """
import json, os, shutil, sqlite3, subprocess, sys, tempfile, time
from pathlib import Path
import click, filelock, numpy, platformdirs
for missing in ("fcntl", "grp", "pty", "pwd", "resource", "termios", "tty"):
    sys.modules[missing] = None
subprocess.CREATE_NEW_PROCESS_GROUP, subprocess.CREATE_NO_WINDOW = 0x200, 0x8000000
sys.platform = "win32"
folder = Path(sys.argv[1])
"""
_FILES = """
from charloom.core import files
from charloom.core.runs.monitor import is_training
from charloom.core.store.model_dir import ModelDir

files.write_atomically(folder / "run.json", b"old")
files.write_atomically(folder / "run.json", b"new")
with files.new_folder(folder / "model") as hidden:
    (hidden / "part").touch()
    files.sweep(folder)  # as another process may at any time
for name, age in (("young", 60), ("old", 7200)):
    path = folder / f".{name}.charloom.tmp"
    path.touch()
    os.utime(path, (time.time() - age,) * 2)
files.sweep(folder)
model = ModelDir(folder / "model")
states = [is_training(model)]
with filelock.FileLock(model.lock):
    states.append(is_training(model))
print(json.dumps([states, sorted(path.name for path in folder.iterdir())]))
"""
_TRAINING = """
from charloom.core.runs.trainer import TrainerProcess
from charloom.core.store.model_dir import ModelDir

def start(*arguments, creationflags=0, start_new_session=None, **options):
    print(json.dumps([creationflags, start_new_session]))
    return popen(*arguments, **options)

popen, subprocess.Popen = subprocess.Popen, start
trainer = TrainerProcess(ModelDir(folder))
trainer.stop()
print(json.dumps([event.reason for event in trainer.events() if event.event == "finished"]))
"""


def output(code: str, folder: Path) -> list[Any]:
    """Run ``code`` as on Windows and return the JSON lines that it writes."""
    command = [sys.executable, "-P", "-c", _PRETEND + code, str(folder)]
    done = subprocess.run(command, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_files_are_replaced_and_only_what_is_old_is_swept(tmp_path: Path) -> None:
    [(states, names)] = output(_FILES, tmp_path)
    assert states == [False, True]
    assert names == [".young.charloom.tmp", "model", "run.json"]
    assert (tmp_path / "run.json").read_bytes() == b"new"
    assert (tmp_path / "model" / "part").is_file()


def test_a_trainer_has_a_console_of_its_own_and_is_stopped_without_a_signal() -> None:
    folder = endless()
    flags, reasons = output(_TRAINING, folder.path)
    assert flags == [0x200 | 0x8000000, None]
    assert reasons == ["stopped"]
    assert not is_training(ModelDir(folder.path))
