"""The evidence for every published number.

- `records`: the runs of an experiment, sealed, and the bands that a further run should meet;
- `comparisons`: which of two recipes is better by their runs, or of many, and what stays open;
- `rivals`: records that were judged alike, side by side as a page shows them;
- `ledger`: every number that was printed elsewhere, and whether it holds.

Their data lie beside them: `results/` holds the records, `published.toml` the printed numbers.
"""
