"""The tree of errors: what the command line and the service read from it."""

import inspect
import os

import pytest

from generel.concepts import errors
from generel.concepts.errors import (
    AmbiguousConcept,
    BadInput,
    GenerelError,
    MissingExtra,
    UnknownConcept,
    UnknownPrefix,
)

CLASSES = [each for _, each in inspect.getmembers(errors, inspect.isclass) if issubclass(each, GenerelError)]
# After sysexits.h: of data, of a missing input, of a service, of the program, of output that cannot be made, of reading and writing, of "try later", of not being let in.
CODES = {os.EX_DATAERR, os.EX_NOINPUT, os.EX_UNAVAILABLE, os.EX_SOFTWARE, os.EX_CANTCREAT, os.EX_IOERR, os.EX_TEMPFAIL, os.EX_NOPERM}


@pytest.mark.parametrize("kind", CLASSES, ids=lambda kind: kind.__name__)
def test_every_error_has_an_exit_code_of_sysexits_and_a_status_of_http(kind: type[GenerelError]) -> None:
    """No failure ends as success, and the service never says 200."""
    assert kind.exit_code in CODES
    assert 400 <= kind.status <= 599
    assert kind.__doc__


@pytest.mark.parametrize("kind", CLASSES, ids=lambda kind: kind.__name__)
def test_what_a_user_got_wrong_is_bad_input_and_nothing_else_is(kind: type[GenerelError]) -> None:
    """A class answers as `BadInput` does (exit code and status) only if it is one; all that are leave with its exit code and blame the client."""
    if issubclass(kind, BadInput):
        assert kind.exit_code == BadInput.exit_code
        assert 400 <= kind.status < 500
    else:
        assert (kind.exit_code, kind.status) != (BadInput.exit_code, BadInput.status)


def test_all_errors_are_one_tree() -> None:
    """`except GenerelError` catches whatever this module defines, and nothing in it is a Python error in disguise."""
    own = [each for _, each in inspect.getmembers(errors, inspect.isclass) if each.__module__ == errors.__name__]
    assert own
    assert all(issubclass(each, GenerelError) and not issubclass(each, (ValueError, OSError)) for each in own)


@pytest.mark.parametrize(
    ("error", "message", "fields"),
    [
        (UnknownPrefix("MODNO", "MODNO:1", near="mondo"), "'MODNO' in 'MODNO:1' is not a known prefix; did you mean 'mondo'?", {"prefix": "MODNO", "near": "mondo"}),
        (UnknownConcept("diabetis", ["diabetes"]), "no concept is called 'diabetis'; nearest: diabetes", {"near": ("diabetes",)}),
        (UnknownConcept("zzz", where="a.txt, line 2"), "no concept is called 'zzz' (a.txt, line 2); `generel lookup` searches names and synonyms", {"near": ()}),
        (AmbiguousConcept("MI", ["mondo:1", "hp:2"]), "'MI' names 2 concepts: mondo:1, hp:2; give the CURIE of the one you mean", {"candidates": ("mondo:1", "hp:2")}),
        (MissingExtra("torch", "text", "embedding free text"), "embedding free text needs torch; install it with: pip install 'generel[text]'", {"extra": "text"}),
    ],
)
def test_a_message_says_what_was_wrong_and_the_way_out(error: GenerelError, message: str, fields: dict[str, object]) -> None:
    """The sentence is for people; the fields are for programs."""
    assert str(error) == message
    assert {name: getattr(error, name) for name in fields} == fields
