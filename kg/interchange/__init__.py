"""Formats that other programs read and write: KGX, SSSOM, GMT and PyKEEN's triples."""
