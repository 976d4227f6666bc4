"""Exercises of chapter 1, *From the cortex to convolution*."""

from coursecnn.exercises.answers import Exercise, Mistake

EXERCISES = (
    Exercise(
        name="cortex.dense_parameters",
        solution=28 * 28 * 100 + 100,
        hint="every one of the units has one weight per pixel, and one bias.",
        mistakes=(
            Mistake(28 * 28 * 100, "the weights are right; each unit also has a bias."),
            Mistake(28 * 28 + 100, "multiply inputs by units: every unit sees every pixel."),
        ),
    ),
)
