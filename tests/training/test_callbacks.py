"""For callbacks a run is one `fit` of a Keras model: the reference is Keras's own."""

import csv
from dataclasses import replace

import numpy as np
import pytest

from coursecnn.backend import keras
from coursecnn.training.timing import EpochClock
from tests.small_runs import TINY, build_tiny, fit_tiny, tiny_dataset

WATCHED = replace(TINY, evaluate_every_epoch=True)


class Diary(keras.callbacks.Callback):
    """Everything that a callback is told, in order: event, number, names of the logs."""

    def __init__(self):
        super().__init__()
        self.events = []

    def on_train_begin(self, _logs=None):
        self.events.append(("train begin", self.params["epochs"], self.params["steps"]))

    def on_train_end(self, logs=None):
        self.events.append(("train end", *sorted(logs or {})))

    def on_epoch_begin(self, epoch, _logs=None):
        self.events.append(("epoch begin", epoch))

    def on_epoch_end(self, epoch, logs=None):
        self.events.append(("epoch end", epoch, *sorted(logs or {})))

    def on_train_batch_begin(self, batch, logs=None):
        self.events.append(("batch begin", batch))

    def on_train_batch_end(self, batch, logs=None):
        self.events.append(("batch end", batch, *sorted(logs or {})))

    def on_test_begin(self, _logs=None):
        self.events.append(("test begin",))

    def on_test_end(self, logs=None):
        self.events.append(("test end", *sorted(logs or {})))


def keras_fit(callbacks, epochs=TINY.epochs, evaluated=True):
    """The same training by Keras itself, but for the order of the images."""
    data = tiny_dataset()
    model = build_tiny()
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    validation = (data.x_eval / np.float32(255), data.y_eval) if evaluated else None
    model.fit(
        data.x_train / np.float32(255),
        data.y_train,
        batch_size=TINY.batch_size,
        epochs=epochs,
        validation_data=validation,
        verbose=0,
        callbacks=callbacks,
    )


@pytest.mark.slow
@pytest.mark.parametrize("evaluated", [True, False])
def test_a_callback_is_told_what_keras_tells(evaluated):
    ours, theirs = Diary(), Diary()

    fit_tiny(replace(TINY, evaluate_every_epoch=evaluated), callbacks=[ours])
    keras_fit([theirs], evaluated=evaluated)

    assert ours.events == theirs.events


class StopAt(Diary):
    """Stop the training at the end of a step or of an epoch."""

    def __init__(self, epoch, batch=None):
        super().__init__()
        self.epoch, self.batch, self.now = epoch, batch, 0

    def on_epoch_begin(self, epoch, logs=None):
        super().on_epoch_begin(epoch, logs)
        self.now = epoch

    def on_train_batch_end(self, batch, logs=None):
        super().on_train_batch_end(batch, logs)
        if (self.now, batch) == (self.epoch, self.batch):
            self.model.stop_training = True

    def on_epoch_end(self, epoch, logs=None):
        super().on_epoch_end(epoch, logs)
        if self.batch is None and epoch == self.epoch:
            self.model.stop_training = True


@pytest.mark.slow
@pytest.mark.parametrize(("epoch", "batch"), [(0, None), (1, None), (0, 1), (1, 3)])
def test_a_callback_stops_the_training_as_in_keras(epoch, batch):
    ours, theirs = StopAt(epoch, batch), StopAt(epoch, batch)

    run = fit_tiny(WATCHED, callbacks=[ours]).run
    keras_fit([theirs])

    assert ours.events == theirs.events
    assert (run.epochs, run.metrics) == (epoch + 1, {})


@pytest.mark.slow
def test_an_epoch_that_was_stopped_half_way_is_no_checkpoint(tmp_path):
    whole = fit_tiny(WATCHED, seed=3).run

    fit_tiny(WATCHED, seed=3, checkpoint=tmp_path / "run.npz", callbacks=[StopAt(1, 1)])
    resumed = fit_tiny(WATCHED, seed=3, checkpoint=tmp_path / "run.npz").run

    assert resumed.curves == whole.curves


class Epochs(keras.callbacks.Callback):
    def __init__(self):
        super().__init__()
        self.logs = []

    def on_epoch_end(self, _epoch, logs=None):
        self.logs.append(dict(logs))


@pytest.mark.slow
def test_early_stopping_stops_when_it_does_in_keras():
    """No accuracy gains two, so both must stop when two epochs have passed without a gain."""
    counts = []
    for train in (lambda c: fit_tiny(replace(WATCHED, epochs=5), callbacks=c), keras_fit_five):
        seen = Epochs()
        stopping = keras.callbacks.EarlyStopping("val_accuracy", patience=2, min_delta=2.0)
        train([stopping, seen])
        counts.append(len(seen.logs))

    assert counts == [3, 3]


def keras_fit_five(callbacks):
    keras_fit(callbacks, epochs=5)


@pytest.mark.slow
def test_reduce_lr_on_plateau_lowers_the_rate_as_in_keras():
    rates = []
    for train in (lambda c: fit_tiny(replace(WATCHED, epochs=5), callbacks=c), keras_fit_five):
        seen = Epochs()
        plateau = keras.callbacks.ReduceLROnPlateau(
            "val_accuracy", factor=0.5, patience=1, min_delta=2.0
        )
        train([plateau, seen])
        rates.append([float(logs["learning_rate"]) for logs in seen.logs])

    assert rates[0] == pytest.approx(rates[1])
    assert rates[0][-1] < rates[0][0]


@pytest.mark.slow
def test_csv_logger_writes_the_file_that_it_writes_for_keras(tmp_path):
    ours, theirs = tmp_path / "ours.csv", tmp_path / "theirs.csv"

    run = fit_tiny(WATCHED, callbacks=[keras.callbacks.CSVLogger(ours)]).run
    keras_fit([keras.callbacks.CSVLogger(theirs)])

    rows, reference = (
        list(csv.DictReader(path.read_text().splitlines())) for path in (ours, theirs)
    )
    assert [row.keys() for row in rows] == [row.keys() for row in reference]
    assert [row["epoch"] for row in rows] == ["0", "1", "2"]
    curves = run.curves["test_accuracy"], run.curves["loss"]
    for row, accuracy, loss in zip(rows, *curves, strict=True):
        assert float(row["val_accuracy"]) == pytest.approx(accuracy)
        assert float(row["loss"]) == pytest.approx(loss)


@pytest.mark.slow
def test_model_checkpoint_keeps_a_model_of_bytes_that_keras_loads(tmp_path):
    data, path = tiny_dataset(), tmp_path / "{epoch}.keras"

    trained = fit_tiny(WATCHED, callbacks=[keras.callbacks.ModelCheckpoint(str(path))])

    assert sorted(found.name for found in tmp_path.iterdir()) == ["1.keras", "2.keras", "3.keras"]
    loaded = keras.saving.load_model(tmp_path / "3.keras")
    np.testing.assert_allclose(
        loaded.predict(data.x_eval, verbose=0),
        trained.network.predict(data.x_eval / np.float32(255), verbose=0),
        rtol=1e-5,
    )


def test_the_checkpoint_of_keras_is_refused_in_favour_of_ours(tmp_path):
    backup = keras.callbacks.BackupAndRestore(str(tmp_path))
    with pytest.raises(ValueError, match="BackupAndRestore: fit's checkpoint does that"):
        fit_tiny(callbacks=[backup])


@pytest.mark.slow
def test_the_clock_hears_of_each_epoch():
    clock = EpochClock()

    run = fit_tiny(callbacks=[clock]).run

    assert len(clock.seconds) == TINY.epochs
    assert 0 < sum(clock.seconds) <= run.seconds + 0.1
