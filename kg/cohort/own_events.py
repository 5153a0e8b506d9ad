"""The format `events`: a user's own table of `patient, day, code`, counted as a cohort; nothing of a patient is written anywhere.

    [[own]]
    name = "our_clinic"
    format = "events"
    file = "diagnoses.parquet"
    license = "private"
    vocabulary = "ICD10CM"                        # of codes that are no CURIEs, where no column says it
    columns = { patient = "mrn", day = "date" }   # where the file calls them otherwise
    window_days = 365                             # both codes at most so many days apart; for ever if left out
    minimum_patients = 20                         # tell no smaller count; 11 if left out
    roll_up = "icd_to_phecode.csv"                # count ICD codes as phecodes
    code_map = "mondo_exactmatch_icd10cm.sssom.tsv"   # count codes as the concepts that are exactly the same
    names = "names.tsv"                           # `code, name` of codes that no other source of the build names
"""

from collections.abc import Mapping
from pathlib import Path

from generel.concepts.errors import BadInput
from kg.cohort.codebook import NAMELESS, Cohort
from kg.cohort.event_files import COLUMNS, Layout, read_events
from kg.cohort.store import EventStore
from kg.cohort.telling import COUNTING, MAPS, counting_of, map_cohort, tell_cohort
from kg.harvest import Harvest, SetAside
from kg.own_format import Format
from kg.sources.record import Source


def read(files: Mapping[str, Path], source: Source) -> Harvest:
    """COOCCURRENCES of the codes in the file, and CONCEPTS of those that have a name.

    Raises:
        BadInput: a setting that cannot be.
        NotThere, BadTable: as `read_events`.
    """
    set_aside, counting, layout = SetAside(source.name), counting_of(source), _layout_of(source)
    with EventStore() as store:
        meanings = read_events(files["file"], store, layout=layout, set_aside=set_aside)
        cohort = map_cohort(Cohort(store, meanings, NAMELESS, None), files, set_aside=set_aside)
        return tell_cohort(cohort, counting, source, set_aside=set_aside)


def _layout_of(source: Source) -> Layout:
    columns = source.parameters.get("columns", {})
    wrong = [f"'{name}' should be one of {', '.join(COLUMNS)}" for name in columns if name not in COLUMNS] if isinstance(columns, Mapping) else ["it should be a table"]
    if isinstance(columns, Mapping):
        wrong += [f"'{name}' should be the name of a column, not {value!r}" for name, value in columns.items() if not isinstance(value, str)]
    if wrong or not isinstance(columns, Mapping):
        raise BadInput(f"the setting 'columns' of {source.name} cannot be: {'; '.join(wrong)}")
    return Layout(columns, str(source.parameters.get("vocabulary", "")))


FORMAT = Format(
    read=read, gives=("CONCEPTS", "COOCCURRENCES"), more_files=MAPS, settings={**COUNTING, "vocabulary": str, "columns": dict}
)
