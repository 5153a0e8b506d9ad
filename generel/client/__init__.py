"""Asking a service as one asks a space: `generel.connect("https://…")`."""
