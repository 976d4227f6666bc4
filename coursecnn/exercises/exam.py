"""Papers for an examination: the same questions with other numbers, and the answers apart.

- `papers(chapters, ...)`: draw the questions;
- `write(folder, chapters, ...)`: write each paper, and the answers, as HTML files to print.

The numbers follow from the seed: the same seed gives the same bytes, on every machine.

>>> paper, = papers(["lenet"], seed=1, questions=1)
>>> paper.letter, paper.questions[0].answer
('A', 11)
"""

from __future__ import annotations

import html
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from string import ascii_uppercase
from typing import Any

import numpy as np

import coursecnn
from coursecnn import _files
from coursecnn._checks import check_count
from coursecnn._values import integer
from coursecnn.exercises import CHAPTERS
from coursecnn.exercises.variations import VARIATIONS, Variation, of_chapter

__all__ = ["Paper", "Question", "papers", "write"]

TRIES = 1000  # to find numbers whose answer no other paper has

DOCUMENT = """\
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>{title}</title>
<style>
body {{ font: 1rem/1.5 serif; margin: 2rem auto; max-width: 42rem; padding: 0 1rem; }}
h1 {{ font-size: 1.3rem; }}
li {{ break-inside: avoid; margin-bottom: 1rem; padding-left: 0.5rem; }}
.paper li::after {{ content: "Answer:"; display: block; margin: 0.5rem 0 5rem; }}
.answers {{ break-before: page; }}
.answers:first-of-type {{ break-before: auto; }}
.matrix {{ border-inline: 1px solid; border-radius: 0.4rem; display: inline-table;
  margin: 0.3rem 1rem 0.3rem 0; vertical-align: middle; }}
.matrix td {{ padding: 0 0.5rem; text-align: right; }}
small {{ color: #555; }}
@page {{ margin: 2cm; }}
</style>
</head>
<body>
{body}
</body>
</html>
"""


@dataclass(frozen=True)
class Question:
    """A question of a paper.

    Attributes:
        name: the variation, `chapter.exercise`.
        text: what is asked, as HTML.
        answer: the right answer: a number, a tuple, or an array.
        decimals: how many of them are asked for, and printed, zeros at the end too; None if all
            that there are.

    >>> Question("demo.sum", "2 + 3?", 5).answer
    5
    """

    name: str
    text: str
    answer: Any
    decimals: int | None = None


@dataclass(frozen=True)
class Paper:
    """A variant of the examination.

    >>> Paper("A", ()).letter
    'A'
    """

    letter: str
    questions: tuple[Question, ...]


def papers(
    chapters: Sequence[str], *, seed: int = 0, variants: int = 1, questions: int | None = None
) -> list[Paper]:
    """Draw papers with the same questions, in which every answer differs from paper to paper.

    Args:
        chapters: names among `coursecnn.exercises.CHAPTERS`, in the order of the questions.
        seed: decides the numbers, and which questions there are if not all are wanted.
        variants: how many papers, at most 26.
        questions: how many in a paper; all that the chapters have if it is not given.

    Raises:
        ValueError: for a chapter that does not exist or has no numeric questions, for more
            variants or questions than there can be.

    >>> [paper.letter for paper in papers(["vgg", "resnet"], variants=3)]
    ['A', 'B', 'C']
    """
    seed, variants = integer("seed", seed), check_count("variants", variants)
    if variants > len(ascii_uppercase):
        raise ValueError(f"variants must be at most {len(ascii_uppercase)}, got {variants}")
    chosen = _chosen(chapters, seed, questions)
    columns = [_different(variation, seed, variants) for variation in chosen]
    return [
        Paper(letter, tuple(column[place] for column in columns))
        for place, letter in enumerate(ascii_uppercase[:variants])
    ]


def write(
    folder: Path,
    chapters: Sequence[str],
    *,
    seed: int = 0,
    variants: int = 1,
    questions: int | None = None,
) -> list[Path]:
    """Write `paper_A.html`, `paper_B.html`, ... and `answers.html` into an empty folder.

    Args:
        folder: a new or an empty one.
        chapters: as in `papers`.
        seed: as in `papers`.
        variants: as in `papers`.
        questions: as in `papers`.

    Returns:
        The files, the answers last.

    Raises:
        ValueError: as `papers`; or if the folder holds anything, which could be taken for a part
            of this examination.
    """
    drawn = papers(chapters, seed=seed, variants=variants, questions=questions)
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise ValueError(f"folder must be new or empty, got {str(folder)!r}")
    texts = {f"paper_{paper.letter}.html": _sheet(paper) for paper in drawn}
    command = f"coursecnn exam {' '.join(chapters)} --seed {seed} --variants {variants}"
    command += "" if questions is None else f" --questions {questions}"
    texts["answers.html"] = _answers(drawn, command)
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in texts.items():
        _files.write_atomically(folder / name, text.encode())
    return [folder / name for name in texts]


def _chosen(chapters: Sequence[str], seed: int, questions: int | None) -> list[Variation]:
    """The variations of the chapters, or some of them."""
    with_questions = list(dict.fromkeys(each.name.partition(".")[0] for each in VARIATIONS))
    for chapter in chapters:
        if chapter not in with_questions:
            why = "has no numeric questions" if chapter in CHAPTERS else "is no chapter"
            raise ValueError(f"{chapter!r} {why}: take some of {', '.join(with_questions)}")
    found = [each for chapter in dict.fromkeys(chapters) for each in of_chapter(chapter)]
    if not found:
        raise ValueError(f"chapters must name at least one of {', '.join(with_questions)}")
    if questions is None:
        return found
    count = check_count("questions", questions)
    if count > len(found):
        raise ValueError(
            f"questions must be at most {len(found)}, which {', '.join(chapters)} can ask, "
            f"got {count}"
        )
    kept = sorted(_random(seed, "which").sample(range(len(found)), count))
    return [found[place] for place in kept]


def _random(seed: int, what: str) -> Random:
    """A generator for one purpose, so that a new question changes no other one."""
    return Random(f"{seed} {what}")  # noqa: S311 - whoever knows the seed may know the numbers


def _different(variation: Variation, seed: int, variants: int) -> list[Question]:
    """A question for each paper, no two with the same answer."""
    random = _random(seed, variation.name)
    found: dict[str, Question] = {}
    for _ in range(TRIES):
        numbers = variation.draw(random)
        answer = variation.answer(**numbers)
        text = variation.text.format(**{name: _shown(value) for name, value in numbers.items()})
        question = Question(variation.name, text, answer, variation.decimals)
        found.setdefault(_shown(answer, variation.decimals), question)
        if len(found) == variants:
            return list(found.values())
    raise ValueError(
        f"variants must be at most {len(found)} where {variation.name} is asked, got {variants}"
    )


def _shown(value: Any, decimals: int | None = None) -> str:
    """A number, a tuple or a matrix as HTML."""
    if isinstance(value, np.ndarray):
        rows = (f"<tr>{''.join(f'<td>{_shown(n)}</td>' for n in row)}</tr>" for row in value)
        return f'<table class="matrix">{"".join(rows)}</table>'
    if isinstance(value, tuple):
        parts = [_shown(part, decimals) for part in value]
        return f"({('; ' if any(',' in part for part in parts) else ', ').join(parts)})"
    number = value.item() if isinstance(value, np.generic) else value
    if decimals is not None:
        return f"{number:,.{decimals}f}".replace("-", "−")
    return format(number, ",d" if isinstance(number, int) else ",.10g").replace("-", "−")


def _sheet(paper: Paper) -> str:
    """A paper to hand out."""
    title = f"Convolutional networks, paper {paper.letter}"
    items = "\n".join(f"<li>{question.text}</li>" for question in paper.questions)
    body = (
        f"<h1>{title}</h1>\n<p>Name: ________________________________</p>\n"
        f'<ol class="paper">\n{items}\n</ol>'
    )
    return DOCUMENT.format(title=title, body=body)


def _origin(name: str) -> str:
    """The exercise that a question varies; of one that no chapter asks, the chapter and a title."""
    title = next(each.title for each in VARIATIONS if each.name == name)
    return f"{name.partition('.')[0]}: {title}" if title else name


def _answers(drawn: Sequence[Paper], command: str) -> str:
    """The answers of all papers, each with what its question varies or asks for."""
    origin = html.escape(f"coursecnn {coursecnn.__version__}: {command}")
    parts = []
    for paper in drawn:
        items = "\n".join(
            f"<li>{_shown(question.answer, question.decimals)} "
            f"<small>{html.escape(_origin(question.name))}</small></li>"
            for question in paper.questions
        )
        parts.append(
            f'<section class="answers">\n<h1>Answers, paper {paper.letter}</h1>\n'
            f"<p><small>{origin}</small></p>\n"
            f"<ol>\n{items}\n</ol>\n</section>"
        )
    return DOCUMENT.format(title="Convolutional networks, answers", body="\n".join(parts))
