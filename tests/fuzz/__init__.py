"""Files that somebody hands in, damaged in every way: each is read rightly, or refused by name.

    python -m tests.fuzz                                      a hundred inputs of each format
    python -m tests.fuzz --inputs 10000 record photograph     ten thousand of two

Input number N of a format is always the same: `--first N --inputs 1` shows it again, with the
traceback if it is unsound.

- `kinds`: the formats, with what is written, and how users have it read;
- `damage`, `lies`: what is done to the files, whatever their format and by their format;
- `law`: what must hold.
"""
