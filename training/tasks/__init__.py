"""Kinds of pair that training draws: `relation` (known ties) and `synonym` (two names of one concept)."""
