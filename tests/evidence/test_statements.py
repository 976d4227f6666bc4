"""Statements: whole, of a known kind, refused by their place otherwise."""

from dataclasses import replace

import pytest

from coursecnn.evidence import statements
from coursecnn.evidence.statements import Statement

WHOLE = Statement("2 + 2 = 5", "2 + 2 = 4", "A slide", "foundations/01_cortex", "slip")


@pytest.mark.parametrize("field", ["said", "right", "source", "chapter"])
def test_half_a_statement_is_refused_by_its_field(field):
    with pytest.raises(ValueError, match=f"{field} must be a text that is not blank"):
        replace(WHOLE, **{field: " "})
    with pytest.raises(ValueError, match=field):
        replace(WHOLE, **{field: 5})


def test_an_unknown_kind_is_refused():
    with pytest.raises(ValueError, match="kind must be one of"):
        replace(WHOLE, kind="typo")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ('[a.b]\nsaid = "5"', r"bad\.toml: a: b: a statement has exactly"),
        ("a = 5", r"bad\.toml: a: statements are tables"),
        ("[a]\nb = 5", r"bad\.toml: a: b: a statement has exactly"),
        ("a = ", r"bad\.toml is not TOML"),
    ],
)
def test_a_damaged_file_is_refused_with_the_place(tmp_path, text, reason):
    path = tmp_path / "bad.toml"
    path.write_text(text)
    with pytest.raises(ValueError, match=reason):
        statements.read(path)
