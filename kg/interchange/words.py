"""The setting `predicates` of an entry: what the predicates of a user's file are called here."""

import difflib
from collections.abc import Mapping

from generel.concepts.errors import BadTable
from generel.concepts.predicates import BY_NAME
from kg.sources.record import Source


def predicates_of(source: Source) -> dict[str, str]:
    """Theirs → ours, as the setting says; empty where it is not given.

    Raises:
        BadTable: some of them are none of our predicates; all are named.
    """
    given = source.parameters.get("predicates", {})
    words = {str(theirs): str(ours) for theirs, ours in given.items()} if isinstance(given, Mapping) else {}
    if strange := [ours for ours in words.values() if ours not in BY_NAME]:
        shown = ", ".join(f"'{ours}' (did you mean '{difflib.get_close_matches(ours, BY_NAME, n=1, cutoff=0.0)[0]}'?)" for ours in dict.fromkeys(strange))
        raise BadTable(f"the setting 'predicates' of {source.name} gives predicates that there are not: {shown}")
    return words
