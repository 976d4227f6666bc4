"""The training replay shows the values of the records, and nothing else."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from itertools import combinations
from typing import Any

import numpy as np
import pytest

from coursecnn.evidence.records import SHIPPED, Record, read
from coursecnn.interactive import TrainingReplay
from coursecnn.training.recipes import LEAGUE as ARMS_OF_LEAGUE
from tests import browser

RECORDS = {
    f"{kind} {depth}": read(f"degradation_{kind}{depth}")
    for kind in ("plain", "residual")
    for depth in (20, 44)
}
EPOCHS = 4
REPLAY = TrainingReplay(RECORDS, blocks={name: name.split()[0] for name in RECORDS})
Show = Callable[..., Any]


ROWS = """() => [...document.querySelectorAll(".replay tbody tr")].map((row) =>
  [...row.querySelectorAll("th, td:not(:first-child)")].map((cell) => cell.innerText))"""
# The places of the dots, and of the corners of the lines of one kind.
DOTS = """() => [...document.querySelectorAll(".dot")].map((dot) =>
  [dot.getAttribute("cx"), dot.getAttribute("cy")].map(Number))"""
CORNERS = """(kind) => [...document.querySelectorAll(`polyline.${kind}`)].map((line) =>
  [...line.points].map((point) => point.y))"""


def expected_rows(curve: str, epoch: int) -> list[list[str]]:
    rows = []
    for name, record in RECORDS.items():
        values = record.values(curve, epoch)
        numbers = np.mean(values), min(values), max(values)
        rows.append([name, *(f"{number:.3f}" for number in numbers)])
    return rows


@pytest.mark.parametrize("curve", ["loss", "accuracy"])
def test_every_epoch_shows_the_values_of_the_records(show: Show, curve: str) -> None:
    page = show(REPLAY)
    page.select_option("select", f"training {curve}")
    for epoch in range(1, EPOCHS + 1):
        assert page.evaluate(ROWS) == expected_rows(curve, epoch)
        page.get_by_role("button", name="Step", exact=True).click()


@pytest.mark.parametrize("curve", ["loss", "accuracy"])
def test_the_lines_are_the_curves_of_the_runs_and_their_means(show: Show, curve: str) -> None:
    """Heights in the drawing are a straight-line function of all recorded values."""
    page = show(REPLAY)
    page.select_option("select", f"training {curve}")
    recorded = [run.curves[curve] for record in RECORDS.values() for run in record.runs]
    averages = [REPLAY.means(name, curve) for name in RECORDS]
    page.get_by_label("epoch", exact=True).fill(str(EPOCHS))

    drawn = np.array(page.evaluate(CORNERS, "run"))
    slope, offset = np.polyfit(np.ravel(recorded), drawn.ravel(), 1)

    assert slope < 0
    assert drawn == pytest.approx(slope * np.array(recorded) + offset, abs=1e-4)
    assert np.array(page.evaluate(CORNERS, "mean")) == pytest.approx(
        slope * np.array(averages) + offset, abs=1e-4
    )


def test_a_line_is_drawn_as_far_as_the_training_has_gone(show: Show) -> None:
    page = show(REPLAY)

    page.get_by_label("epoch", exact=True).fill("2")

    assert {len(line) for line in page.evaluate(CORNERS, "run")} == {2}
    assert len(page.evaluate(DOTS)) == 2 * sum(len(record.runs) for record in RECORDS.values())


def test_play_goes_from_the_first_epoch_to_the_last_and_stops(show: Show) -> None:
    page = show(REPLAY, motion=True)
    page.clock.install()

    page.get_by_role("button", name="Play").click()
    assert page.evaluate(ROWS) == expected_rows("loss", 1)
    page.clock.run_for(1500)
    assert page.evaluate(ROWS) == expected_rows("loss", 2)
    page.clock.run_for(9000)

    assert page.evaluate(ROWS) == expected_rows("loss", EPOCHS)
    assert page.get_by_role("button", name="Play").count() == 1


def test_the_keyboard_pauses_and_steps(show: Show) -> None:
    page = show(REPLAY, motion=True)
    page.clock.install()
    page.get_by_role("button", name="Play").focus()
    page.keyboard.press("Enter")

    page.keyboard.press("Enter")
    page.clock.run_for(3000)
    page.get_by_role("button", name="Step", exact=True).press("Enter")

    assert page.evaluate(ROWS) == expected_rows("loss", 2)


def test_a_tap_steps(show: Show) -> None:
    page = show(REPLAY, width=360, touch=True)

    page.get_by_role("button", name="Step", exact=True).tap()

    assert page.evaluate(ROWS) == expected_rows("loss", 2)


# What the reader draws

MEANS = REPLAY.means("plain 20", "loss")
NUMBER = r"[\d.]+"


def told(page: Any, name: str = "plain 20") -> tuple[float, float]:
    """How far the line is from the mean, on average and at the end: more if it is too high."""
    words = page.locator("p[role=status]").inner_text()
    sentence = (
        rf"Your line for {name} is ({NUMBER}) away from the mean of the runs on average; "
        rf"at the end it is ({NUMBER}) too (high|low)"
    )
    found = re.search(sentence, words)
    assert found, words
    mean, end, side = found.groups()
    return float(mean), float(end) * (1 if side == "high" else -1)


def distance(line: list[float], recorded: list[float]) -> tuple[float, float]:
    gaps = np.array(line) - recorded
    return float(np.abs(gaps).mean()), float(gaps[-1])


def test_before_a_line_is_drawn_nothing_can_be_revealed(show: Show) -> None:
    page = show(REPLAY)

    assert page.evaluate(ROWS) == expected_rows("loss", 1)
    assert page.get_by_role("button", name="Reveal").is_disabled()
    assert "How does the training loss of plain 20 go on?" in page.inner_text("p[role=status]")


def test_the_keyboard_draws_a_line_and_hears_how_far_it_is_from_the_record(show: Show) -> None:
    page = show(REPLAY)
    page.get_by_role("slider", name="your line").focus()

    for key in ("ArrowRight", "ArrowRight", "ArrowUp", "ArrowUp", "ArrowRight", "ArrowDown"):
        page.keyboard.press(key)
    line = browser.sliders(page)[0]
    assert line.is_focused
    assert line.text.startswith("epoch 4: ")
    values = [MEANS[0]]
    page.keyboard.press("ArrowLeft")
    values.append(float(browser.sliders(page)[0].text.partition(": ")[2]))
    values.append(float(line.text.partition(": ")[2]))
    page.get_by_role("button", name="Reveal").click()

    assert values[1] > MEANS[0] > 2 * values[2] - values[1] - 1e-3
    assert told(page) == pytest.approx(distance(values, MEANS[1:]), abs=2e-3)
    assert page.evaluate(ROWS) == expected_rows("loss", EPOCHS)


def dragged(page: Any, places: list[tuple[float, float]]) -> list[tuple[float, float]]:
    """Where shares of the width and the height of the drawing are."""
    box = page.locator(".sketched").bounding_box()
    return [(box["x"] + box["width"] * x, box["y"] + box["height"] * y) for x, y in places]


def with_the_mouse(page: Any, places: list[tuple[float, float]]) -> None:
    first, *others = places
    page.mouse.move(*first)
    page.mouse.down()
    for place in others:
        page.mouse.move(*place)
    page.mouse.up()


def with_a_finger(page: Any, places: list[tuple[float, float]]) -> None:
    session = page.context.new_cdp_session(page)
    kinds = ["touchStart", *["touchMove"] * (len(places) - 1)]
    for kind, (x, y) in zip(kinds, places, strict=True):
        touch = {"type": kind, "touchPoints": [{"x": x, "y": y}]}
        session.send("Input.dispatchTouchEvent", touch)
    session.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    session.detach()


@pytest.mark.parametrize("draw", [with_the_mouse, with_a_finger])
def test_a_line_is_drawn_by_hand_and_compared_with_the_record(show: Show, draw: Any) -> None:
    """Its heights are on the axis of the recorded means, and so is the distance that is told."""
    page = show(REPLAY, width=390, touch=draw is with_a_finger)

    draw(page, dragged(page, [(0.3, 0.2), (0.5, 0.35), (0.7, 0.3), (0.9, 0.55)]))
    page.get_by_role("button", name="Reveal").click()

    [heights] = page.evaluate(CORNERS, "sketch")
    averages = [REPLAY.means(name, "loss") for name in RECORDS]
    drawn = np.array(page.evaluate(CORNERS, "mean"))
    slope, offset = np.polyfit(drawn.ravel(), np.ravel(averages), 1)
    values = slope * np.array(heights) + offset
    assert values[0] == pytest.approx(MEANS[0], abs=1e-3)
    assert len(values) == EPOCHS
    assert told(page) == pytest.approx(distance(values[1:], MEANS[1:]), abs=2e-3)
    assert page.evaluate(ROWS) == expected_rows("loss", EPOCHS)


def test_who_draws_after_the_comparison_begins_anew(show: Show) -> None:
    page = show(REPLAY)
    line = [(0.3, 0.2), (0.9, 0.55)]
    with_the_mouse(page, dragged(page, line))
    page.get_by_role("button", name="Reveal").click()

    with_the_mouse(page, dragged(page, [(0.4, 0.3), (0.45, 0.3)]))

    assert page.evaluate(ROWS) == expected_rows("loss", 1)
    assert [len(corners) for corners in page.evaluate(CORNERS, "sketch")] == [2]
    assert page.get_by_role("button", name="Reveal").is_disabled()


def test_lines_of_several_records_are_compared_each_with_its_own(show: Show) -> None:
    page = show(REPLAY)
    for name in ("plain 44", "residual 20"):
        page.get_by_label("Your line for").select_option(name)
        with_the_mouse(page, dragged(page, [(0.3, 0.5), (0.9, 0.5)]))
    page.get_by_role("button", name="Reveal").click()

    ends = [told(page, name)[1] for name in ("plain 44", "residual 20")]
    recorded = [REPLAY.means(name, "loss")[-1] for name in ("plain 44", "residual 20")]
    assert ends[0] - ends[1] == pytest.approx(recorded[1] - recorded[0], abs=2e-3)


def test_of_a_long_training_the_first_quarter_is_known(show: Show) -> None:
    record = read("lab")
    long = TrainingReplay({"the network": record}, ["test_accuracy", "loss"])
    page = show(long, width=360)
    means = long.means("the network", "test_accuracy")
    known = record.runs[0].epochs // 4

    [corners] = page.evaluate(CORNERS, "mean")
    assert len(corners) == known
    assert page.get_by_label("Your line for").is_hidden()
    page.get_by_role("slider", name="your line").focus()
    for _ in range(record.runs[0].epochs - known):
        page.keyboard.press("ArrowRight")
    page.get_by_role("button", name="Reveal").click()

    flat = [means[known - 1]] * (len(means) - known)
    assert told(page, "the network") == pytest.approx(distance(flat, means[known:]), abs=2e-3)
    assert "test accuracy" in page.locator("svg[role=img]").first.get_attribute("aria-label")


# What the drawing of a block has: its words, its colour, and whether it adds.
BLOCKS = """() => [...document.querySelectorAll(".block")].map((block) => [
  block.querySelector("text").textContent,
  block.ariaLabel,
  getComputedStyle(block).stroke,
  block.querySelectorAll("circle").length,
])"""
STROKE = "(line) => getComputedStyle(line).stroke"


def test_a_plain_and_a_residual_block_are_drawn_in_the_colours_of_their_curves(show: Show) -> None:
    page = show(REPLAY)

    (plain, _, orange, sums), (residual, words, blue, residual_sums) = page.evaluate(BLOCKS)

    assert (plain, sums) == ("plain: F(x)", 0)
    assert (residual, residual_sums) == ("residual: F(x) + x", 1)
    assert "a shortcut leads around them; both are added" in words
    for colour, kinds in ((orange, "01"), (blue, "23")):
        for kind in kinds:
            assert page.eval_on_selector(f"polyline.kind-{kind}", STROKE) == colour


def test_the_letters_of_the_blocks_are_legible_on_a_phone(show: Show) -> None:
    page = show(REPLAY, width=360)

    heights = "(all) => all.map((text) => text.getBoundingClientRect().height)"

    assert min(page.eval_on_selector_all(".block text", heights)) >= 11


def test_without_blocks_none_are_drawn(show: Show) -> None:
    assert show(TrainingReplay(RECORDS)).evaluate(BLOCKS) == []


# The arms of the league that have all of their runs, two at a time.
LEAGUE = {
    arm: record
    for arm in ARMS_OF_LEAGUE
    if (SHIPPED / f"league_{arm}.json").exists()
    for record in [read(f"league_{arm}")]
    if len(record.runs) == 5
}
ARMS = TrainingReplay(LEAGUE, ["validation_accuracy", "loss"], pair=("residual20", "plain20"))


def seen(page: Any) -> list[list[str]]:
    """The names of the two records, their means and their spread in the epoch that is shown."""
    return [row[:4] for row in page.evaluate(ROWS)]


def recorded(name: str, curve: str, epoch: int) -> list[str]:
    values = LEAGUE[name].values(curve, epoch)
    return [name, *(f"{number:.3f}" for number in (np.mean(values), min(values), max(values)))]


def test_of_many_records_the_reader_chooses_any_two(show: Show) -> None:
    page = show(ARMS)
    assert seen(page) == [recorded(a, "validation_accuracy", 2) for a in ("residual20", "plain20")]

    for one, other in combinations(LEAGUE, 2):
        page.locator("select").nth(0).select_option(one)
        page.locator("select").nth(1).select_option(other)
        assert seen(page) == [recorded(name, "validation_accuracy", 2) for name in (one, other)]
        options = page.get_by_label("Your line for").locator("option").all_inner_texts()
        assert options == [one, other]
    colours = {page.locator(f".sample .kind-{n}").evaluate(STROKE) for n in (0, 2)}
    assert len(colours) == 2


def test_a_record_is_never_compared_with_itself(show: Show) -> None:
    page = show(ARMS)

    page.locator("select").nth(0).select_option("plain20")

    assert [row[0] for row in seen(page)] == ["plain20", "residual20"]


def test_of_two_other_records_nothing_is_revealed(show: Show) -> None:
    page = show(ARMS)
    with_the_mouse(page, dragged(page, [(0.3, 0.5), (0.95, 0.5)]))
    page.get_by_role("button", name="Reveal").click()
    assert seen(page)[0] == recorded("residual20", "validation_accuracy", 10)

    page.locator("select").nth(1).select_option("plain")

    assert seen(page)[1] == recorded("plain", "validation_accuracy", 2)
    assert "2 epochs are known" in page.locator("[role=status]").first.inner_text()


def test_where_scripts_do_not_run_each_of_many_records_is_a_row() -> None:
    means = "".join(f"<td>{mean:.3f}" for mean in ARMS.means("plain", "loss"))

    assert f"<tr><th scope=row>plain{means}<tr>" in ARMS._repr_html_()


def test_where_scripts_do_not_run_the_means_and_the_blocks_are_there() -> None:
    assert "<p>A residual block: x goes through" in REPLAY._repr_html_()
    first = "".join(f"<td>{REPLAY.means(name, 'loss')[0]:.3f}" for name in RECORDS)

    assert f"<th scope=row>1{first}" in REPLAY._repr_html_()


def shorter(record: Record) -> Record:
    runs = [
        replace(run, curves={name: values[:-1] for name, values in run.curves.items()})
        for run in record.runs
    ]
    return replace(record, runs=tuple(runs))


PLAIN = RECORDS["plain 20"]


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: TrainingReplay({}), "records must hold 1 to 4, got 0"),
        (lambda: TrainingReplay({str(n): PLAIN for n in range(5)}), "1 to 4, got 5"),
        (lambda: TrainingReplay({"a": PLAIN, "b": shorter(PLAIN)}), r"got \[3, 4\]"),
        (lambda: TrainingReplay(RECORDS, pair=("plain 20", "plain 20")), "two names of records"),
        (lambda: TrainingReplay(RECORDS, pair=("plain 20", "plain")), "got .'plain 20', 'plain'."),
        (lambda: TrainingReplay({"a": PLAIN}, ["speed"]), "curve must be one of .* got 'speed'"),
        (lambda: TrainingReplay({"a": PLAIN}, blocks={"b": "plain"}), "got 'plain' for 'b'"),
        (lambda: TrainingReplay({"a": PLAIN}, blocks={"a": "dense"}), "'plain' or 'residual' by"),
    ],
)
def test_what_cannot_be_replayed_is_refused(make: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make()


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_it_fits_on_a_phone_and_axe_finds_nothing(show: Show, dark: bool) -> None:
    page = show(REPLAY, width=360, dark=dark)

    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    assert browser.faults(page) == []
