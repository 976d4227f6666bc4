"""The ledger reads printed numbers, judges them, and refuses half an entry."""

from decimal import Decimal

import pytest

from coursecnn.evidence import ledger
from coursecnn.evidence.ledger import Verdict
from coursecnn.evidence.records import Band

ENTRIES = """
[inception.ops]
printed = "358M"
unit = "operations"
meaning = "A bottleneck"
source = "a slide"
kind = "recomputed"

[alexnet.conv1]
printed = "34,944"
unit = "parameters"
meaning = "The first layer"
source = "a slide"
kind = "recomputed"

[mnist.accuracy]
printed = "99 %"
unit = "test accuracy"
meaning = "A claim"
source = "a page"
kind = "measured"

[resnet.error]
printed = "3.57 %"
unit = "top-5 error"
meaning = "A result"
source = "a paper"
kind = "cited"

[resnet.error_paper]
printed = "3.567 %"
unit = "top-5 error"
meaning = "The same result where it was first printed"
source = "a table"
kind = "cited"

[resnet.error_one]
printed = "4.49 %"
unit = "top-5 error"
meaning = "Another result"
source = "a table"
kind = "cited"
"""


@pytest.fixture(autouse=True)
def small_ledger(monkeypatch):
    entries = ledger.read_entries(ENTRIES)
    monkeypatch.setattr(ledger, "_shipped_entries", lambda: entries)


@pytest.mark.parametrize(
    ("text", "value", "step"),
    [
        ("-25", "-25", "1"),
        ("−498", "-498", "1"),
        ("1,253,674", "1253674", "1"),
        ("18.05 %", "0.1805", "0.0001"),
        ("2.7K", "2700", "100"),
        ("138 million", "138000000", "1000000"),
        ("0.5701", "0.5701", "0.0001"),
        ("1e-5", "0.00001", "0.00001"),
        ("~800K", "800000", "100000"),
        ("~150K", "150000", "10000"),
        ("~60,000", "60000", "10000"),
        ("~3.20M", "3200000", "10000"),
        ("~0", "0", "1"),
    ],
)
def test_a_printed_number_keeps_its_value_and_precision(text, value, step):
    printed = ledger.parse_printed(text)
    assert (printed.value, printed.step) == (Decimal(value), Decimal(step))


@pytest.mark.parametrize("text", ["", "about 5", "1,23", "3x3", "5 apples", "1.2.3"])
def test_what_is_not_one_number_is_refused(text):
    with pytest.raises(ValueError, match="text must be one printed number"):
        ledger.parse_printed(text)


@pytest.mark.parametrize(
    ("key", "recomputed", "verdict"),
    [
        ("alexnet.conv1", 34_944, Verdict.EXACT),
        ("alexnet.conv1", 34_848, Verdict.ERRATUM),
        ("inception.ops", 358_000_000, Verdict.EXACT),
        ("inception.ops", 358_421_000, Verdict.ROUNDS),
        ("inception.ops", 358_500_001, Verdict.ERRATUM),
        ("inception.ops", 271_351_808, Verdict.ERRATUM),
    ],
)
def test_a_recomputed_number_gets_its_verdict(key, recomputed, verdict):
    assert ledger.compare(key, recomputed).verdict is verdict


@pytest.mark.parametrize(
    ("low", "high", "verdict"),
    [
        (0.988, 0.993, Verdict.REPRODUCED),
        (0.9940, 0.9990, Verdict.REPRODUCED),
        (0.9951, 0.9990, Verdict.NOT_REPRODUCED),
        (0.970, 0.984, Verdict.NOT_REPRODUCED),
    ],
)
def test_a_measured_claim_is_judged_by_the_band(low, high, verdict):
    finding = ledger.judge("mnist.accuracy", Band(low, high, (low + high) / 2, 0.001, 5))
    assert finding.verdict is verdict


@pytest.mark.parametrize(
    ("original", "sentence"),
    [
        ("resnet.error_paper", "printed 3.57 %, the original has 3.567 %: cited"),
        ("resnet.error_one", "printed 3.57 %, the original has 4.49 %: erratum"),
    ],
)
def test_a_number_that_was_passed_on_is_held_against_its_original(original, sentence):
    assert str(ledger.cite("resnet.error", original)) == f"resnet.error: {sentence}"


def test_findings_read_as_sentences():
    assert str(ledger.compare("inception.ops", 271_351_808)) == (
        "inception.ops: printed 358M, recomputed 271,351,808: erratum"
    )
    assert str(ledger.cite("resnet.error")) == "resnet.error: printed 3.57 %: cited"
    band = Band(0.988, 0.99312, 0.99, 0.001, 5)
    assert str(ledger.judge("mnist.accuracy", band)) == (
        "mnist.accuracy: printed 99 %, measured 98.8 % to 99.31 %: reproduced"
    )


def test_a_table_shows_each_finding_and_carries_them_as_data():
    shown = ledger.table(ledger.compare("alexnet.conv1", 34_848), ledger.cite("resnet.error"))
    bundle = shown._repr_mimebundle_()
    assert bundle["text/html"].count("<tr") == 3
    assert "✗ erratum" in bundle["text/html"]
    assert bundle[ledger.MIME_TYPE][0] == {
        "key": "alexnet.conv1",
        "found": "recomputed 34,848",
        "verdict": "erratum",
    }


def test_the_wrong_verb_is_answered_with_the_right_one():
    with pytest.raises(ValueError, match=r"mnist\.accuracy is measured.*use ledger\.judge"):
        ledger.compare("mnist.accuracy", 0.99)


def test_a_misspelt_key_is_answered_with_the_nearest():
    with pytest.raises(KeyError, match=r"did you mean inception\.ops"):
        ledger.compare("inception.op", 1)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('source = "a paper"\n', "", r"resnet\.error: an entry has exactly .* check source"),
        ('source = "a paper"', 'source = " "', r"resnet\.error: source must not be blank"),
        ('kind = "cited"', 'kind = "guessed"', r"resnet\.error: kind must be one of .*'guessed'"),
        ('printed = "3.57 %"', 'printed = "a few"', r"resnet\.error: text must be one printed"),
        ('printed = "3.57 %"', "printed = 3.57", r"resnet\.error: printed must be text in quotes"),
        ("[resnet.error]", "loose = 1\n[resnet.error]", r"mnist\.accuracy: .* check loose"),
        ("\n[inception.ops]", "loose = 1\n[inception.ops]", "loose: an entry is a table"),
    ],
)
def test_half_an_entry_is_refused(old, new, message):
    assert old in ENTRIES
    with pytest.raises(ValueError, match=message):
        ledger.read_entries(ENTRIES.replace(old, new))


@pytest.mark.parametrize("value", [float("nan"), float("inf"), "many", None])
def test_what_is_no_number_is_not_compared(value):
    with pytest.raises(ValueError, match="recomputed must be a finite number, got "):
        ledger.compare("inception.ops", value)
