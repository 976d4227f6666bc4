"""Experiments: their controls driven without a front end, and the pictures that the book stores."""

from __future__ import annotations

import datetime
import io
import sys
import types
from dataclasses import replace

import numpy as np
import pytest
from IPython.core.formatters import DisplayFormatter
from PIL import Image

from coursecnn import architectures, datasets, patterns
from coursecnn.backend import keras
from coursecnn.models.attribution import grad_cam, occlusion_map
from coursecnn.widgets import (
    AttributionExperiment,
    Explanation,
    FilterExperiment,
    TrainingExperiment,
    panel,
)

MNIST = datasets.stand_in("mnist")
SPLIT = MNIST.split_validation(100)

LINE = "INPUT -> CONV(2, stride 2) -> POOL -> FC"
FAMILY = "INPUT -> [CONV(2) -> POOL?]*N -> FC"


def coloured(data):
    """A dataset whose images have another size and colours, all of them black."""
    black = np.zeros((len(data.x_train), 32, 32, 3), np.uint8)
    return replace(data, x_train=black, x_eval=black[: len(data.x_eval)])


@pytest.fixture
def training() -> TrainingExperiment:
    return TrainingExperiment(SPLIT, validation_images=20)


@pytest.fixture(scope="module")
def network() -> keras.Model:
    keras.utils.set_random_seed(0)
    return patterns.build("INPUT -> CONV(3, stride 2) -> POOL -> FC", (28, 28, 1), 10)


@pytest.fixture
def asking(network) -> AttributionExperiment:
    return AttributionExperiment(network, MNIST, layer="conv1_1")


@pytest.fixture
def looking(network) -> FilterExperiment:
    return FilterExperiment(network, MNIST)


def at_step(number: int, action):
    """A callback that acts once, after a step."""
    steps = []

    def act(batch, logs):  # noqa: ARG001, the names by which Keras calls them
        steps.append(1)
        if len(steps) == number:
            action()

    return keras.callbacks.LambdaCallback(on_train_batch_end=act)


def interrupt():
    raise KeyboardInterrupt


def png(size=(40, 30), mode="RGB", colour=(255, 0, 0)) -> bytes:
    file = io.BytesIO()
    Image.new(mode, size, colour).save(file, format="PNG")
    return file.getvalue()


def file_of_8(content: bytes):
    """What FileUpload holds in ipywidgets 8."""
    modified = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)
    return (
        {
            "name": "a.png",
            "type": "image/png",
            "size": len(content),
            "content": memoryview(content),
            "last_modified": modified,
        },
    )


def file_of_7(content: bytes):
    """What FileUpload holds in ipywidgets 7."""
    return {"a.png": {"metadata": {"name": "a.png"}, "content": content}}


# Training


def test_a_try_costs_what_its_pattern_says_and_is_judged_on_held_out_images(training):
    done = training.train(LINE, images=64, epochs=2)

    built = patterns.build(LINE, (28, 28, 1), 10)
    images, labels = SPLIT.x_eval[:20] / np.float32(255), SPLIT.y_eval[:20]
    right = training.network.predict(images, verbose=0).argmax(axis=1) == labels
    assert (done.parameters, done.pattern) == (built.count_params(), LINE)
    assert done.validation[-1] == pytest.approx(right.mean())
    assert (len(done.accuracy), len(done.validation), done.stopped) == (2, 2, False)


def test_the_same_try_gives_the_same_again(training):
    assert training.train("INPUT -> FC", 64, 1) == training.train("INPUT -> FC", 64, 1)
    assert len(training.tries) == 2


def test_letters_and_question_marks_are_decided(training):
    done = training.train(FAMILY, 32, 1, keep=[False], N=2)

    assert done.pattern == "INPUT -> CONV(2)*2 -> FC"


def test_a_callback_may_stop_a_training_and_what_is_done_is_kept(training):
    stop = at_step(3, lambda: setattr(stop.model, "stop_training", True))

    done = training.train("INPUT -> FC", images=320, epochs=4, callbacks=[stop])

    assert (done.stopped, len(done.validation)) == (True, 1)
    assert repr(done).endswith("after 1 epoch, stopped")


def test_an_interrupt_keeps_whole_epochs(training):
    done = training.train("INPUT -> FC", 64, 3, callbacks=[at_step(3, interrupt)])

    assert (done.stopped, len(done.validation)) == (True, 1)


def test_an_interrupt_within_the_first_epoch_leaves_no_try(training):
    with pytest.raises(KeyboardInterrupt):
        training.train("INPUT -> FC", 64, 3, callbacks=[at_step(1, interrupt)])
    assert training.tries == []


@pytest.mark.parametrize(
    ("line", "options", "message"),
    [
        ("INPUT -> CNV -> FC", {}, "unknown layer 'CNV': did you mean CONV"),
        ("INPUT -> [CONV -> POOL]*6 -> FC", {}, "use fewer POOLs"),
        ("INPUT -> CONV*N -> FC", {}, "counts must be given for N"),
        ("INPUT -> [FC*1000]*1000000 -> FC", {}, "at most 60 layers here, got 1,000,000,001"),
        ("INPUT -> FC(1000000) -> FC", {}, r"at most 10,000,000 parameters here, got 795,000,010"),
        ("INPUT -> FC", {"images": 0}, "images must be an int from 1 to 9900, got 0"),
        ("INPUT -> FC", {"images": 10**6}, "images must be .*got 1000000"),
        ("INPUT -> FC", {"epochs": 0}, "epochs must be a positive int, got 0"),
        (
            "INPUT -> FC",
            {"learning_rate": 0},
            "learning_rate must be a finite number, at most 1, above 0, got 0",
        ),
    ],
)
def test_what_cannot_be_trained_is_refused_before_anything_is(training, line, options, message):
    with pytest.raises(ValueError, match=message):
        training.train(line, **options)
    assert training.tries == []


def test_test_images_judge_no_try():
    with pytest.raises(ValueError, match=r"data must be split.*data\.split_validation"):
        TrainingExperiment(MNIST)


def test_the_tries_stand_in_the_text_the_table_and_the_picture(training):
    assert (repr(training), training.table()) == ("nothing trained yet", "")
    training.train("INPUT -> FC", 32, 1)

    assert "1  INPUT -> FC\n   7,850 parameters, 7,840 MACs; 32 images" in repr(training)
    assert "<td>INPUT -&gt; FC</td><td>7,850</td>" in training.table()
    (axis,) = training.figure().axes
    assert (axis.get_xlabel(), axis.get_ylabel()) == ("epoch", "validation accuracy")


# Its controls


def set_up(training, line, images=100, epochs=1):
    controls = training.controls
    controls.pattern.value, controls.images.value, controls.epochs.value = line, images, epochs
    return controls


def test_the_button_trains_what_the_controls_say(training):
    controls = set_up(training, LINE)
    controls.rate.value = 0.01
    assert controls.cost.value == '<pre role="status">1,010 parameters, 4,508 MACs</pre>'

    controls.train.click()
    controls.wait()

    (done,) = training.tries
    assert (done.pattern, done.images, done.epochs, done.learning_rate) == (LINE, 100, 1, 0.01)
    assert controls.progress.value == 1
    assert controls.accuracy.value.startswith("training accuracy ")
    assert 'alt="1  INPUT -&gt; CONV' in controls.result.value
    assert "<td>1,010</td>" in controls.result.value
    assert (controls.train.disabled, controls.stop.disabled) == (False, True)


def test_the_button_to_stop_stops_and_keeps_what_is_done(training):
    controls = set_up(training, "INPUT -> FC", images=3200, epochs=20)

    controls.train.click()
    assert (controls.train.disabled, controls.stop.disabled) == (True, False)
    controls.train.click()  # a second one changes nothing
    controls.stop.click()
    controls.wait()

    (done,) = training.tries
    assert done.stopped
    assert "stopped" in controls.message.value
    assert (controls.train.disabled, controls.stop.disabled) == (False, True)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("INPUT -> POLL -> FC", "did you mean POOL?\n  INPUT -&gt; POLL -&gt; FC\n           ^"),
        ("INPUT -> [CONV -> POOL]*6 -> FC", "use fewer POOLs"),
        ("INPUT -> FC(1000000) -> FC", "at most 10,000,000 parameters"),
        ("", "expected INPUT"),
    ],
)
def test_a_bad_pattern_is_explained_and_nothing_is_lost(training, line, message):
    training.train("INPUT -> FC", 32, 1)
    controls = set_up(training, line)

    assert 'role="alert"' in controls.cost.value
    assert message in controls.cost.value
    assert controls.train.disabled
    assert "7,850" in controls.result.value

    controls.pattern.value = LINE
    assert "1,010 parameters" in controls.cost.value
    assert not controls.train.disabled


def test_an_error_in_training_is_shown_and_training_goes_on_after_it(training, monkeypatch):
    controls = set_up(training, "INPUT -> FC")
    with monkeypatch.context() as patch:
        patch.setattr(training, "_fit", lambda *_: 1 / 0)
        controls.train.click()
        controls.wait()
    assert 'role="alert">division by zero' in controls.message.value

    controls.train.click()
    controls.wait()
    assert len(training.tries) == 1


def test_letters_and_question_marks_get_controls_of_their_own(training):
    controls = set_up(training, FAMILY)
    assert (list(controls.counts), len(controls.keep)) == (["N"], 1)
    before = controls.cost.value

    controls.counts["N"].value = 2
    controls.keep[0].value = False
    assert controls.cost.value != before
    controls.train.click()
    controls.wait()

    assert training.tries[0].pattern == "INPUT -> CONV(2)*2 -> FC"
    controls.pattern.value = "INPUT -> FC"
    assert controls.choices.children == ()


def test_an_example_fills_the_line(training):
    controls = training.controls
    controls.examples.value = controls.examples.options[-1]
    assert controls.pattern.value == controls.examples.options[-1]
    assert list(controls.counts) == ["N", "M", "K"]


def test_on_colab_the_kernel_waits_and_its_interrupt_stops(training, monkeypatch):
    monkeypatch.setitem(sys.modules, "google.colab", types.ModuleType("google.colab"))
    controls = set_up(training, "INPUT -> FC")
    seen = []
    controls.stop.observe(lambda change: seen.append(change["new"]), "disabled")

    controls.train.click()
    assert len(training.tries) == 1  # without waiting

    monkeypatch.setattr(training, "_fit", lambda *_: interrupt())
    controls.train.click()
    assert "Stopped within the first epoch: nothing is kept." in controls.message.value
    assert (len(training.tries), controls.train.disabled) == (1, False)


# Attribution


def test_an_explanation_is_what_the_functions_say(asking, network):
    found = asking.explain(3, target=7, patch=6, stride=3)
    image = MNIST.x_test[3] / 255

    np.testing.assert_array_equal(found.occlusion, occlusion_map(network, image, 7, 6, 3))
    np.testing.assert_array_equal(found.cam, grad_cam(network, image, 7, "conv1_1"))
    assert found.title == f"image 3, {MNIST.classes[MNIST.y_test[3]]}"
    assert sum(found.answers.values()) == pytest.approx(1, abs=1e-5)


def test_without_a_class_the_one_that_the_network_names_is_asked_about(asking):
    assert asking.explanation.target == asking.explanation.said
    assert "asked about" not in repr(asking)
    other = str((int(asking.explanation.said) + 1) % 10)
    assert f"asked about: {other}" in repr(asking.explain(0, target=int(other)))
    assert repr(asking) == repr(asking.explanation)


def test_the_picture_has_labels_and_units(asking):
    figure = asking.figure()
    axes = [axis for axis in figure.axes if axis.get_title()]
    assert [axis.get_xlabel() for axis in axes] == ["column"] * 3
    assert {axis.get_ylabel() for axis in figure.axes if axis not in axes} == {
        "points lost if hidden",
        "share of the largest",
    }


@pytest.mark.parametrize(
    ("question", "message"),
    [
        ({"image": 2000}, "image must be a number below 2,000, got 2000"),
        ({"image": -1}, "image must be a number below 2,000, got -1"),
        ({"image": b"no picture"}, "image must be a file that can be read.*of 10 bytes"),
        ({"image": np.zeros((3, 3))}, r"image must have the shape \(28, 28, 1\), got \(3, 3\)"),
        ({"image": 0, "target": 10}, "target must be a class from 0 to 9, got 10"),
        ({"image": 0, "layer": "scores"}, "layer must be one with rows and columns"),
        ({"image": 0, "patch": 29}, "patch must be from 1 to the image's 28, got 29"),
    ],
)
def test_what_cannot_be_explained_is_refused_and_the_last_answer_stays(asking, question, message):
    last = asking.explain(1)
    with pytest.raises(ValueError, match=message):
        asking.explain(**question)
    assert asking.explanation is last


def test_a_network_for_other_images_is_refused(network):
    cifar10 = coloured(MNIST)
    with pytest.raises(ValueError, match=r"images of \(28, 28, 1\) in 10 classes, as the model"):
        AttributionExperiment(network, cifar10)
    with pytest.raises(ValueError, match=r"images of \(28, 28, 1\), as the model, got \(32"):
        FilterExperiment(network, cifar10)
    with pytest.raises(ValueError, match="has none"):
        AttributionExperiment(patterns.build("INPUT -> FC", (28, 28, 1), 10), MNIST)


def test_every_control_asks_anew(asking):
    controls = asking.controls
    controls.number.value = 5
    assert asking.explanation.title.startswith("image 5, ")
    controls.target.value = 4
    controls.patch.value = 14
    controls.stride.value = 7
    controls.layer.value = "pool1"

    expected = Explanation.__repr__(asking.explain(5, 4, "pool1", 14, 7))
    assert controls.message.value == panel.told(expected)
    assert asking.explanation.cam.shape == (7, 7)


def test_what_the_controls_cannot_ask_leaves_the_last_answer(asking):
    controls = asking.controls
    before = controls.result.value
    controls.stride.value = 20
    assert 'role="alert">stride must be from 1 to the patch&#x27;s 8' in controls.message.value
    assert controls.result.value == before

    controls.patch.value = 20
    assert 'role="status"' in controls.message.value


def test_a_picture_of_ones_own_is_cut_and_scaled(asking):
    controls = asking.controls
    controls.upload.value = file_of_8(png(colour=(255, 255, 255)))

    assert asking.explanation.title == "your picture"
    np.testing.assert_array_equal(asking.explanation.image, np.ones((28, 28, 1)))
    controls.number.value = 2  # back to the test images
    assert asking.explanation.title.startswith("image 2, ")


def test_a_file_that_is_no_picture_is_explained(asking):
    asking.controls.upload.value = file_of_8(b"no picture")
    assert "such as a PNG or a JPEG" in asking.controls.message.value
    assert 'role="alert"' in asking.controls.message.value


@pytest.mark.parametrize("form", [file_of_7, file_of_8])
def test_both_releases_of_ipywidgets_give_the_file(form):
    assert panel.uploaded(form(b"content")) == b"content"
    assert panel.uploaded(type(form(b""))()) is None


def test_a_coloured_picture_keeps_its_colours_and_its_middle():
    data = coloured(MNIST)
    wide = Image.new("RGBA", (96, 32), (0, 0, 255, 255))
    wide.paste((0, 255, 0, 255), (32, 0, 64, 32))
    file = io.BytesIO()
    wide.save(file, format="PNG")

    pixels, _ = panel.chosen(file.getvalue(), data)

    np.testing.assert_array_equal(pixels, np.tile([0.0, 1.0, 0.0], (32, 32, 1)))


# Filters


def test_a_view_shows_the_kernel_and_the_map_of_its_channel(looking, network):
    found = looking.look(4, layer="conv1_1", channel=2)

    kernel = keras.ops.convert_to_numpy(network.get_layer("conv1_1").kernel.value)
    part = keras.Model(network.input, network.get_layer("conv1_1").output)
    maps = part.predict(MNIST.x_test[4:5] / np.float32(255), verbose=0)
    np.testing.assert_allclose(found.kernel, kernel[..., 2])
    np.testing.assert_allclose(found.feature_map, maps[0, ..., 2], rtol=1e-5, atol=1e-6)
    assert repr(found).startswith("conv1_1, channel 2: kernel 3×3×1, map 14×14, largest answer ")


def test_a_pooling_has_no_kernel(looking):
    assert looking.look(0, "pool1").kernel is None
    assert "no kernel" in repr(looking)


def test_of_a_deep_kernel_the_heaviest_parts_are_shown():
    network = architectures.build("mnist_tutorial")
    looking = FilterExperiment(network, MNIST)
    kernel = looking.look(0, "conv2", 1).kernel

    sums = (kernel**2).sum(axis=(0, 1))
    assert list(looking.view.slices) == np.argsort(-sums)[:6].tolist()
    assert len([axis for axis in looking.figure().axes if axis.get_title()]) == 2 + 6


@pytest.mark.parametrize(
    ("question", "message"),
    [
        ({"layer": "scores"}, "layer must be one of conv1_1, pool1, got 'scores'"),
        ({"layer": "conv1_1", "channel": 3}, "channel must be from 0 to 2 in conv1_1, got 3"),
        ({"image": b""}, "image must be a file that can be read"),
    ],
)
def test_what_cannot_be_looked_at_is_refused(looking, question, message):
    with pytest.raises(ValueError, match=message):
        looking.look(**question)


def test_every_control_looks_anew(looking):
    controls = looking.controls
    controls.channel.value = 2
    controls.number.value = 6
    assert "conv1_1, channel 2" in controls.message.value
    controls.layer.value = "pool1"
    assert looking.view.layer == "pool1"
    assert looking.view.title.startswith("image 6, ")
    controls.upload.value = file_of_8(png())
    assert looking.view.title == "your picture"
    controls.upload.value = file_of_8(b"none")
    assert 'role="alert"' in controls.message.value


def test_the_slider_ends_at_the_last_channel_of_the_layer():
    looking = FilterExperiment(architectures.build("mnist_tutorial"), MNIST)
    controls = looking.controls
    controls.layer.value = "conv2"
    controls.channel.value = 63
    controls.layer.value = "conv1"

    assert (controls.channel.max, controls.channel.value) == (31, 31)
    assert (looking.view.layer, looking.view.channel) == ("conv1", 31)


# What the book stores


@pytest.mark.parametrize("name", ["training", "asking", "looking"])
def test_a_stored_picture_is_the_same_twice_and_holds_no_widget(name, request):
    experiment = request.getfixturevalue(name)
    data, _ = DisplayFormatter().format(experiment)

    assert set(data) == {"image/png", "text/plain"}
    assert experiment._repr_png_() == experiment._repr_png_()
    assert data["text/plain"] == repr(experiment)


@pytest.mark.parametrize("name", ["training", "asking", "looking"])
def test_without_ipywidgets_there_is_the_picture_and_an_error_with_the_way_out(
    name, request, monkeypatch
):
    experiment = request.getfixturevalue(name)
    monkeypatch.setitem(sys.modules, "ipywidgets", None)

    assert experiment._repr_png_()
    with pytest.raises(ImportError, match="%pip install ipywidgets"):
        experiment.open()


@pytest.mark.parametrize("name", ["training", "asking", "looking"])
def test_opened_it_shows_its_controls(name, request, monkeypatch):
    shown = []
    monkeypatch.setattr("IPython.display.display", shown.append)
    experiment = request.getfixturevalue(name)

    experiment.open()

    assert shown == [experiment.widget]
    assert experiment.widget is experiment.controls.box
