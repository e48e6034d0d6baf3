"""TensorFlow starts without its start-up messages."""

import subprocess
import sys

PROGRAM = """\
import os, sys
from sluice.train.start import quiet_tensorflow
with quiet_tensorflow():
    import tensorflow as tf
    tf.config.list_physical_devices()
    tf.range(3) + 1
    os.write(2, b"W0000 a message of TensorFlow that matters\\n")
"""


def test_start_up_messages_are_dropped_and_others_pass(monkeypatch):
    monkeypatch.delenv("TF_CPP_MIN_LOG_LEVEL", raising=False)
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, timeout=120, check=True)
    assert (done.stdout, done.stderr) == ("", "W0000 a message of TensorFlow that matters\n")


def test_a_missing_tensorflow_raises_module_not_found():
    program = f"import sys; sys.modules['tensorflow'] = None\n{PROGRAM}"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 1
    assert "ModuleNotFoundError: import of tensorflow halted" in done.stderr
