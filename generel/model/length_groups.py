"""Batches without padding: rows of equal length together."""

from collections.abc import Sequence


def length_groups(lengths: Sequence[int], *, tokens_a_batch: int) -> list[list[int]]:
    """Row numbers in batches of equal length, longest first; a batch holds at most `tokens_a_batch` tokens, or one row."""
    by_length: dict[int, list[int]] = {}
    for row, length in enumerate(lengths):
        by_length.setdefault(length, []).append(row)
    batches = []
    for length, rows in sorted(by_length.items(), reverse=True):
        size = max(1, tokens_a_batch // max(1, length))
        batches += [rows[start : start + size] for start in range(0, len(rows), size)]
    return batches
