"""The page "Use it on your own model": its programs print what it says."""

import doctest
from pathlib import Path

PAGE = Path(__file__).parents[2] / "book" / "appendix" / "reference" / "own_model.rst"


def test_the_programs_print_what_the_page_says():
    result = doctest.testfile(str(PAGE), module_relative=False)
    assert result.attempted > 15
    assert result.failed == 0
