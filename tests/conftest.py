"""Settings of the whole suite. Tests never assert on time, so no example of hypothesis has a deadline."""

from hypothesis import settings

settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")
