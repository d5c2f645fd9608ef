"""Mutated files for every reader, parser and writer (`make fuzz`, `tests/test_fuzz.py`)."""
