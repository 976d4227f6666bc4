"""The guess form: questions to answer before one looks, and then what was found.

- `GuessForm`: what a notebook cell shows;
- `Finding`: what is known about one of its questions.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from html import escape

from coursecnn.interactive import page

MOST = 40


@dataclass(frozen=True)
class Finding:
    """What a question of a guess form was answered by.

    Attributes:
        answer: one of the form's options; None while nobody knows.
        words: what is shown beside it, such as the interval.

    Examples:
        >>> Finding("loss", "-2.3 points").answer
        'loss'
    """

    answer: str | None
    words: str


@dataclass(frozen=True)
class GuessForm:
    """Questions that the reader guesses, all by the same options, before the findings are shown.

    Attributes:
        findings: of each question.
        options: what can be guessed, from two on.

    Raises:
        ValueError: there is no question, or more than 40; there are not two different options; or
            a finding is none of them.

    Examples:
        >>> GuessForm({"tanh for ReLU": Finding("loss", "-2.3 points")}, ("gain", "loss"))
        Guess form
        tanh for ReLU: gain or loss?
    """

    findings: Mapping[str, Finding]
    options: tuple[str, ...]

    def __post_init__(self) -> None:
        if not 1 <= len(self.findings) <= MOST:
            raise ValueError(f"findings must hold 1 to {MOST}, got {len(self.findings)}")
        if len(set(self.options)) < max(2, len(self.options)):
            raise ValueError(f"options must be two or more different texts, got {self.options!r}")
        for question, finding in self.findings.items():
            if finding.answer not in (None, *self.options):
                raise ValueError(
                    f"the answer must be one of {self.options} or None, got {finding.answer!r} "
                    f"for {question!r}"
                )

    @property
    def _asked(self) -> str:
        return f"{', '.join(self.options[:-1])} or {self.options[-1]}?"

    def __repr__(self) -> str:
        return "\n".join(["Guess form", *(f"{text}: {self._asked}" for text in self.findings)])

    def _repr_html_(self) -> str:
        data = {
            "options": list(self.options),
            "questions": [
                {"text": text, "answer": finding.answer, "words": finding.words}
                for text, finding in self.findings.items()
            ],
        }
        listed = "".join(f"<li>{escape(text)}" for text in self.findings)
        static = f"<p>{escape(self._asked)}</p><ol>{listed}</ol>"
        return page.fragment("guesses.js", "Guess form", data, static)
