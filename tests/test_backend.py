"""Keras loads without a log line, and the check for it can fail."""

import contextlib
import os
import subprocess
import sys
import textwrap
from pathlib import Path

import numpy as np
import pytest

from coursecnn import backend
from coursecnn.backend import keras

TRAIN_AND_SAVE = """
    import sys
    from coursecnn.backend import device, keras, name
    import numpy as np
    keras.utils.set_random_seed(0)
    model = keras.Sequential([
        keras.Input((8, 8, 1)), keras.layers.Conv2D(2, 3), keras.layers.Flatten(),
        keras.layers.Dense(2, activation="softmax"),
    ])
    for jit_compile in (False, True):
        model.compile("adam", "sparse_categorical_crossentropy", jit_compile=jit_compile)
        model.fit(np.zeros((8, 8, 8, 1), "float32"), np.zeros(8), verbose=0)
    model.save(sys.argv[1])
    print(name(), device())
"""


def run(code, *arguments, **environment):
    clean = {key: value for key, value in os.environ.items() if key != "TF_CPP_MIN_LOG_LEVEL"}
    command = [sys.executable, "-c", textwrap.dedent(code), *map(str, arguments)]
    return subprocess.run(
        command, env=clean | environment, capture_output=True, text=True, check=False
    )


def test_importing_training_and_saving_write_nothing_to_stderr(tmp_path):
    done = run(TRAIN_AND_SAVE, tmp_path / "model.keras")

    assert done.stderr == ""
    assert done.returncode == 0
    assert done.stdout.startswith(f"{backend.name()} {backend.device()}")


@pytest.mark.skipif(backend.name() != "tensorflow", reason="only TensorFlow writes such lines")
def test_the_check_can_fail_because_a_plain_import_does_write_lines():
    done = run("import tensorflow as tf; tf.config.list_physical_devices()")

    assert "oneDNN" in done.stderr or "cuda" in done.stderr


TALKATIVE_KERAS = """
    import os, sys, types
    talk = lambda: "jax" if os.write(2, b"a line") else ""
    sys.modules["keras"] = types.SimpleNamespace(backend=types.SimpleNamespace(backend=talk))
    import coursecnn.backend
"""


@pytest.mark.parametrize(("level", "shown"), [("0", "a line"), ("2", "")])
def test_every_line_is_shown_on_request_only(level, shown):
    """Level 0 asks TensorFlow for everything, so nothing is held back."""
    assert run(TALKATIVE_KERAS, TF_CPP_MIN_LOG_LEVEL=level).stderr == shown


FAILING_IMPORT = """
    import os, sys
    class Broken:
        def find_spec(self, name, path=None, target=None):
            if name == "keras":
                os.write(2, b"a library is missing")
                raise ImportError("keras cannot be loaded")
    sys.meta_path.insert(0, Broken())
    import coursecnn.backend
"""


def test_a_failing_import_loses_none_of_the_lines_held_back():
    done = run(FAILING_IMPORT)

    assert done.returncode == 1
    assert "a library is missing" in done.stderr
    assert "ImportError: keras cannot be loaded" in done.stderr


def test_stderr_is_held_back_inside_the_block_and_restored_after_it(capfd):
    with backend.quiet_stderr():
        os.write(2, b"inside")
    os.write(2, b"after")

    assert capfd.readouterr().err == "after"


def test_lines_are_written_out_when_the_block_fails(capfd):
    with pytest.raises(ZeroDivisionError), backend.quiet_stderr():
        1 / os.write(2, b"the reason") / 0

    assert capfd.readouterr().err == "the reason"


def test_the_light_modules_do_not_import_keras():
    """Reading a record or counting parameters must not cost the seconds TensorFlow takes."""
    done = run(
        """
        import sys
        import coursecnn.evidence.records
        print(sorted({"keras", "tensorflow"} & set(sys.modules)))
        """
    )

    assert done.stdout == "[]\n"


def weightless_layer():
    layer = keras.layers.Dense(3)
    with backend.without_weights():
        layer.build((None, 2))
    return layer


def allocated(layer):
    """Whether Keras made room for a weight; it has no public way to ask."""
    return layer.kernel._value is not None


def test_weights_without_memory_have_a_shape_and_stay_without_memory():
    layer = weightless_layer()
    with keras.StatelessScope():  # allocates at its end what Keras has on its list
        pass
    assert layer.count_params() == 9
    assert not allocated(layer)


def test_without_the_block_that_scope_allocates_weights():
    """The check above can fail."""
    layer = keras.layers.Dense(3)
    with keras.StatelessScope():
        layer.build((None, 2))
    assert allocated(layer)


def test_weights_that_wait_for_memory_get_it_after_the_block_too():
    """Keras builds the layers of a model inside a scope of its own."""
    waiting = keras.layers.Dense(3)
    with keras.StatelessScope(initialize_variables=False):
        waiting.build((None, 2))
    weightless_layer()
    with keras.StatelessScope():
        pass
    assert allocated(waiting)


def fail():
    raise ZeroDivisionError


def test_a_block_that_fails_leaves_nothing_to_allocate():
    layer = keras.layers.Dense(3)
    with contextlib.suppress(ZeroDivisionError), backend.without_weights():
        layer.build((None, 2))
        fail()
    with keras.StatelessScope():
        pass
    assert not allocated(layer)


def test_models_without_weights_leave_the_random_state_alone():
    def second_draw(between):
        keras.utils.set_random_seed(3)
        keras.random.uniform(())
        between()
        return float(keras.random.uniform(()))

    assert second_draw(weightless_layer) == second_draw(lambda: None)


@pytest.mark.skipif(backend.name() != "tensorflow", reason="of TensorFlow's processors")
@pytest.mark.skipif(backend.device().startswith("GPU"), reason="of processors")
def test_a_processor_has_bfloat16_where_its_instructions_say_so():
    cpuinfo = Path("/proc/cpuinfo")
    flags = set(cpuinfo.read_text().split()) if cpuinfo.exists() else set()
    if "avx2" not in flags:
        pytest.skip("not a processor whose instructions are known here")

    # oneDNN has kernels for it from AVX-512 on.
    assert backend.has_bfloat16() == ("avx512bw" in flags)
    assert backend.device().endswith(" without bfloat16") == ("avx512bw" not in flags)


@pytest.mark.skipif(backend.name() != "tensorflow", reason="of TensorFlow's pipelines")
@pytest.mark.parametrize(("count", "sizes"), [(8, [4, 4]), (10, [4, 4, 2]), (3, [3])])
def test_batches_have_all_images_in_order_and_nothing_that_is_tuned(count, sizes):
    images, labels = np.arange(2 * count, dtype="uint8").reshape(count, 2), np.arange(count)

    batches = backend.batched(images, labels, 4)["x"]

    assert batches.options().autotune.enabled is False
    seen, answers = zip(*batches.as_numpy_iterator(), strict=True)
    assert [len(batch) for batch in seen] == sizes
    np.testing.assert_array_equal(np.concatenate(seen), images)
    np.testing.assert_array_equal(np.concatenate(answers), labels)


def test_other_backends_cut_their_batches_themselves(monkeypatch):
    monkeypatch.setattr(backend, "name", lambda: "jax")
    images, labels = np.zeros((3, 2)), np.zeros(3)
    given = backend.batched(images, labels, 2)
    assert given == {"x": images, "y": labels, "batch_size": 2}
