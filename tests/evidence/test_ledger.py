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

[alexnet.kernel]
printed = "11"
unit = "pixels"
meaning = "A side of its kernels"
source = "a slide"
kind = "adopted"

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
        ("11×11×3×96", "34848", "1"),
        ("28 · 28 * 64", "50176", "1"),
    ],
)
def test_a_printed_number_keeps_its_value_and_precision(text, value, step):
    printed = ledger.parse_printed(text)
    assert (printed.value, printed.step) == (Decimal(value), Decimal(step))


@pytest.mark.parametrize("text", ["", "about 5", "1,23", "3x3", "5 apples", "1.2.3", "3×", "2.5×2"])
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
        ("inception.ops", 358_500_001, Verdict.TRUNCATED),
        ("inception.ops", 358_999_999, Verdict.TRUNCATED),
        ("inception.ops", 359_000_000, Verdict.ERRATUM),
        ("inception.ops", 357_499_999, Verdict.ERRATUM),
        ("inception.ops", 271_351_808, Verdict.ERRATUM),
    ],
)
def test_a_recomputed_number_gets_its_verdict(key, recomputed, verdict):
    assert ledger.compare(key, recomputed).verdict is verdict


def test_of_a_setting_that_was_adopted_nothing_is_said_but_that_the_two_agree():
    same = ledger.compare("alexnet.kernel", 11)
    assert (same.found, same.verdict) == ("built with 11", Verdict.ADOPTED)
    assert ledger.compare("alexnet.kernel", 10.9).verdict is Verdict.ERRATUM
    with pytest.raises(
        ValueError, match=r"alexnet\.kernel is adopted, not cited: use ledger\.compare"
    ):
        ledger.cite("alexnet.kernel")


ROUND = """
[alexnet.neurons]
printed = "650,000"
step = "10,000"
unit = "neurons"
meaning = "All of them"
source = "a paper"
kind = "recomputed"
"""


def test_a_round_number_is_no_more_precise_than_its_source_meant_it(monkeypatch):
    entries = ledger.read_entries(ROUND)
    monkeypatch.setattr(ledger, "_shipped_entries", lambda: entries)
    verdicts = {
        n: ledger.compare("alexnet.neurons", n).verdict for n in (645_001, 659_272, 660_000)
    }
    assert list(verdicts.values()) == [Verdict.ROUNDS, Verdict.TRUNCATED, Verdict.ERRATUM]


@pytest.mark.parametrize("step", ["40,000", "0", "-10,000", "many"])
def test_a_step_divides_its_number(step):
    with pytest.raises(ValueError, match=r"alexnet\.neurons: (step must divide|text must be)"):
        ledger.read_entries(ROUND.replace('"10,000"', f'"{step}"'))


@pytest.mark.parametrize(("found", "begins"), [("-3.86", True), ("-3.9", False), ("3.86", False)])
def test_a_negative_number_is_cut_off_towards_zero(found, begins):
    assert ledger.parse_printed("-3.8").begins(Decimal(found)) is begins


@pytest.mark.parametrize(
    ("source", "origin"),
    [
        ("Lecture 9, CNN Architectures, VGGNet", "lecture"),
        ("Lecture 9, GoogLeNet; Szegedy et al., table 1", "inherited"),
        ("Szegedy et al., table 1; the same, table 2", "other"),
    ],
)
def test_the_source_says_who_printed_a_number(source, origin):
    number = ledger.parse_printed("5")
    assert ledger.Entry("a.b", number, "layers", "Depth", source, "cited").origin == origin


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


def holds():
    return ledger.compare("alexnet.conv1", 34_944)


def wrong():
    return ledger.compare("alexnet.conv1", 34_848)


def adopted():
    return ledger.compare("alexnet.kernel", 11)


def cited():
    return ledger.cite("resnet.error")


def unlike_its_original():
    return ledger.cite("resnet.error", "resnet.error_one")


def reproduced():
    return ledger.judge("mnist.accuracy", Band(0.988, 0.993, 0.99, 0.001, 5))


def without_power():
    wide = Band.over([0.75, 0.85, 0.95], metric="test_accuracy")
    return ledger.judge("mnist.accuracy", wide)


@pytest.mark.parametrize(
    ("findings", "summary"),
    [
        ([holds], "Checked here: 1 of 1 holds"),
        ([holds, reproduced], "Checked here: 2 of 2 hold"),
        ([holds, wrong], "Checked here: 1 of 2 hold"),
        ([cited], "Cited here: 1 number"),
        ([cited, cited], "Cited here: 2 numbers"),
        ([adopted], "Adopted here: 1 number"),
        ([adopted, adopted, cited], "Adopted here: 2 numbers; 1 more is cited"),
        ([holds, adopted], "Checked here: 1 of 1 holds; 1 more is adopted"),
        ([holds, cited], "Checked here: 1 of 1 holds; 1 more is cited"),
        ([unlike_its_original, cited, cited], "Checked here: 0 of 1 holds; 2 more are cited"),
        ([holds, without_power], "Checked here: 1 of 2 hold; 1 cannot be decided by these runs"),
    ],
)
def test_a_table_is_one_line_that_counts_what_holds(findings, summary):
    shown = ledger.table(*(finding() for finding in findings))
    bundle = shown._repr_mimebundle_()
    assert shown.summary == bundle["text/plain"] == summary
    assert bundle["text/html"].startswith('<details class="ledger"')
    assert f"><summary>{summary}</summary><table" in bundle["text/html"]


def test_a_table_in_which_all_holds_is_folded_and_keeps_every_finding_in_html_and_as_data():
    bundle = ledger.table(holds(), cited())._repr_mimebundle_()
    assert " open" not in bundle["text/html"]
    assert bundle["text/html"].count("<tr") == 3
    for part in ("34,944 parameters", "recomputed 34,944", "3.57 % top-5 error", "a paper"):
        assert part in bundle["text/html"]
    assert bundle[ledger.MIME_TYPE] == [
        {"key": "alexnet.conv1", "found": "recomputed 34,944", "verdict": "exact"},
        {"key": "resnet.error", "found": "", "verdict": "cited"},
    ]


def test_what_does_not_hold_is_unfolded_and_the_rest_stays_folded_below():
    bundle = ledger.table(holds(), wrong(), cited())._repr_mimebundle_()
    above, below = bundle["text/html"].split("<summary>The other 2</summary>")
    assert above.startswith('<details class="ledger" open>')
    assert above.endswith('<details class="ledger">')
    assert above.count("<tr") == 2
    assert "✗ erratum" in above
    assert "✗" not in below
    keys = [finding["key"] for finding in bundle[ledger.MIME_TYPE]]
    assert keys == ["alexnet.conv1", "alexnet.conv1", "resnet.error"]


def test_a_finding_alone_is_shown_as_a_table_of_one():
    bundle = wrong()._repr_mimebundle_()
    assert bundle == ledger.table(wrong())._repr_mimebundle_()
    assert "The other" not in bundle["text/html"]


def test_a_table_that_is_printed_has_a_line_for_each_finding():
    shown = ledger.table(holds(), cited())
    assert str(shown).splitlines() == [str(holds()), str(cited())]


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
