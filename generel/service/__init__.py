"""The HTTP service: `generel serve`, and `generel.service.application.make_application` for who embeds it."""
