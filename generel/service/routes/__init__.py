"""The API, one group of pages a file."""
