"""How the notebooks are executed, normalised, linted and guarded."""
