"""Exercises of a chapter to come."""

from coursecnn.exercises.answers import Exercise

EXERCISES: tuple[Exercise, ...] = ()
