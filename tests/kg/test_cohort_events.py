"""A user's table of `patient, day, code`: all its forms, every line an event or counted, and nobody's line in any message or file."""

import gzip
import random
from datetime import date
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mutations import damage_lines

from generel.concepts.errors import BadInput, BadTable, NotThere
from generel.concepts.tables import SET_ASIDE, check
from kg.cohort import meetings, store
from kg.cohort.codebook import NAMELESS, Cohort
from kg.cohort.codes import NO_VOCABULARY, NOT_OF_VOCABULARY, UNKNOWN_VOCABULARY
from kg.cohort.event_files import NO_CODE, NO_DAY, NO_PATIENT, Layout, read_events
from kg.cohort.own_events import FORMAT
from kg.cohort.store import EventStore
from kg.harvest import Harvest, SetAside
from kg.own_data import read_own_sources
from kg.sources.quoted_rows import MALFORMED
from kg.sources.record import File, Source
from kg.sources.rows import NOT_UTF8, RAGGED
from tests.oracles import cooccurrences_by_loop

PATIENT = "8675309"
ROWS = [(PATIENT, "2012-05-01", "icd10cm:E11.9"), (PATIENT, "2012-05-20", "ICD10CM:I10"), ("2", "2012-05-01", "icd10cm:i10")]
TEXT = "patient,day,code\n" + "".join(",".join(row) + "\n" for row in ROWS)
EVENTS = [(date(2012, 5, 1), "icd10cm:E11.9"), (date(2012, 5, 1), "icd10cm:I10"), (date(2012, 5, 20), "icd10cm:I10")]


def read(path: Path, columns: dict[str, str] | None = None, vocabulary: str = "") -> tuple[Cohort, dict[str, int]]:
    """The events, and how many lines were set aside for what reason."""
    set_aside, events = SetAside("test"), EventStore()
    meanings = read_events(path, events, layout=Layout(columns or {}, vocabulary), set_aside=set_aside)
    return Cohort(events, meanings, NAMELESS, None), {reason: n for *_, reason, n in set_aside.frame().rows()}


def told(cohort: Cohort) -> list[tuple[date, str]]:
    return cohort.events().select("day", "code").sort("day", "code").rows()


def as_csv(folder: Path) -> Path:
    (folder / "events.csv").write_text(TEXT)
    return folder / "events.csv"


def as_quoted_csv(folder: Path) -> Path:
    (folder / "events.csv").write_text("\ufeff" + "".join(",".join(f'"{field}"' for field in line.split(",")) + "\r\n" for line in TEXT.splitlines()))
    return folder / "events.csv"


def as_tsv_gz(folder: Path) -> Path:
    (folder / "events.tsv.gz").write_bytes(gzip.compress(TEXT.replace(",", "\t").encode()))
    return folder / "events.tsv.gz"


def as_parquet(folder: Path) -> Path:
    pl.read_csv(TEXT.encode(), try_parse_dates=True).write_parquet(folder / "events.parquet")
    return folder / "events.parquet"


def as_parts(folder: Path) -> Path:
    (folder / "events").mkdir()
    frame = pl.read_csv(TEXT.encode(), try_parse_dates=True).with_columns(pl.col("day").cast(pl.Datetime))
    for number in range(3):
        frame[number : number + 1].write_parquet(folder / "events" / f"{number}.parquet")
    return folder / "events"


@pytest.mark.parametrize("write", [as_csv, as_quoted_csv, as_tsv_gz, as_parquet, as_parts])
def test_all_forms_of_files_are_read_alike(tmp_path: Path, write: object) -> None:
    """CSV, quoted and with a byte order mark, tabs in gzip, Parquet with numbers and dates, a folder of parts with times."""
    cohort, lost = read(write(tmp_path))  # type: ignore[operator]
    assert (told(cohort), cohort.events()["patient"].n_unique(), lost) == (EVENTS, 2, {})


def test_columns_may_be_called_otherwise_and_codes_need_no_prefix(tmp_path: Path) -> None:
    """The layout says what the file calls its columns; a row's own vocabulary comes before that of the file."""
    (tmp_path / "e.csv").write_text("MRN,Seen On,ICD,System\n1,20120501,E119,\n1,2012-05-20 13:14:15,401.9,ICD9CM\n")
    columns = {"patient": "mrn", "day": "Seen On", "code": "icd", "vocabulary": "SYSTEM"}
    assert told(read(tmp_path / "e.csv", columns, "ICD10CM")[0]) == [(date(2012, 5, 1), "icd10cm:E11.9"), (date(2012, 5, 20), "icd9cm:401.9")]


def test_days_may_be_counted_from_anywhere(tmp_path: Path) -> None:
    """Numbers, negative ones too, as text or as numbers."""
    (tmp_path / "e.csv").write_text("patient,day,code\n1,-30,mesh:D003924\n1,0,mesh:D006973\n1,365.0,mesh:D006973\n")
    pl.DataFrame({"patient": [1, 1, 1], "day": [-30, 0, 365], "code": ["mesh:D003924", "mesh:D006973", "mesh:D006973"]}).write_parquet(tmp_path / "e.parquet")
    for name in ("e.csv", "e.parquet"):
        assert [day for (day, _) in told(read(tmp_path / name)[0])] == [date(1969, 12, 2), date(1970, 1, 1), date(1971, 1, 1)]


def test_dates_and_numbers_in_one_file_are_refused(tmp_path: Path) -> None:
    """How far the day 30 is from the first of May cannot be told."""
    (tmp_path / "e.csv").write_text(f"{TEXT}2,30,icd10cm:I10\n")
    with pytest.raises(BadTable, match="days that are dates and days that are numbers"):
        read(tmp_path / "e.csv")


def test_lines_that_are_no_events_are_counted(tmp_path: Path) -> None:
    """Each for its first fault; a quotation mark that does not close spoils its own line only, and a line that is blank is none."""
    lines = ["", "\r", ",2012-05-01,mesh:D003924", "1,May,mesh:D003924", "1,,mesh:D003924", "1,2012-05-01,", "1,2012-05-01", "1,2012-02-30,mesh:D003924", "1,2012-05-01,E11.9", "1,2012-05-01,mesh:x", '1,2012-05-01,"mesh:D003924', "1,2012-05-01,mesh:D003924,surplus", "\udcff,2012-05-01,mesh:D003924", "2,2012-05-01,mesh:D003924"]
    (tmp_path / "e.csv").write_text("patient,day,code\n" + "\n".join(lines) + "\n", errors="surrogateescape")
    cohort, lost = read(tmp_path / "e.csv")
    assert cohort.events().height == 1
    assert lost == {NO_PATIENT: 1, NO_DAY: 3, NO_CODE: 1, NO_VOCABULARY: 1, NOT_OF_VOCABULARY: 1, MALFORMED: 1, RAGGED: 2, NOT_UTF8: 1}


def test_quoted_fields_may_hold_separators(tmp_path: Path) -> None:
    """A description with a comma, or a tab, and with quotation marks of its own does not move the fields after it."""
    for separator in ",\t":
        rows = [["patient", "what", "day", "code"], ["1", f'"Diabetes{separator} ""type 2"""', "2012-05-01", '"mesh:D003924"'], ["2", "", "2012-05-01", "mesh:D006973"]]
        (tmp_path / "e").write_text("\n".join(separator.join(row) for row in rows))
        cohort, lost = read(tmp_path / "e")
        assert (told(cohort), lost) == ([(date(2012, 5, 1), "mesh:D003924"), (date(2012, 5, 1), "mesh:D006973")], {})


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (f"patient,day\n{PATIENT},2012-05-01\n", "lacks the columns code; its first line should name them"), (f"{PATIENT},2012-05-01,I10\n", "lacks the columns patient, day, code"),
        ("", "lacks the columns patient, day, code"),
    ],
)
def test_damage_is_told_without_the_patient(tmp_path: Path, text: str, message: str) -> None:
    """What cannot be read is refused with the file and the line, and neither the message nor its cause quotes a row."""
    (tmp_path / "events.csv").write_text(text)
    with pytest.raises(BadTable, match=message) as raised:
        read(tmp_path / "events.csv")
    assert PATIENT not in str(raised.value)
    assert raised.value.__cause__ is None


@pytest.mark.parametrize("write", [as_tsv_gz, as_parquet])
def test_a_file_cut_short_is_refused(tmp_path: Path, write: object) -> None:
    """Half of a compressed file or of a Parquet file is an error that names it."""
    path = write(tmp_path)  # type: ignore[operator]
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(BadTable, match="cannot be read"):
        read(path)


def test_what_is_not_there_is_named(tmp_path: Path) -> None:
    """A file that is gone, a folder without parts, and one with parts of two sorts."""
    with pytest.raises(NotThere, match="gone is not there"):
        read(tmp_path / "gone")
    with pytest.raises(NotThere, match="has no parts"):
        read(tmp_path)
    as_csv(tmp_path), as_parquet(tmp_path)
    with pytest.raises(BadTable, match="parts in Parquet and others"):
        read(tmp_path)


@settings(max_examples=25, deadline=None)
@given(
    events=st.lists(st.tuples(st.integers(0, 5), st.integers(-40, 40), st.sampled_from("ABCDE")), min_size=1, max_size=40),
    window_days=st.sampled_from([None, 0, 7, 30]), minimum=st.integers(1, 3), in_files=st.booleans(),
)
def test_a_file_is_counted_as_a_plain_loop_counts(
    tmp_path_factory: pytest.TempPathFactory, events: list[tuple[int, int, str]], window_days: int | None, minimum: int, in_files: bool
) -> None:
    """From the file to the counts, in memory and in temporary files: what looping over pairs of events gives."""
    path = tmp_path_factory.mktemp("events") / "e.csv"
    path.write_text("patient,day,code\n" + "".join(f"p{patient},{day},{code}00\n" for patient, day, code in events))
    settings_ = {"vocabulary": "ICD10CM", "minimum_patients": minimum} | ({} if window_days is None else {"window_days": window_days})
    with pytest.MonkeyPatch.context() as patch:
        if in_files:
            patch.setattr(store, "IN_MEMORY", 0)
            patch.setattr(meetings, "CHUNK", 3)
        harvest = FORMAT.read({"file": path}, source(path, **settings_))
    expected, codes, pairs = cooccurrences_by_loop(events, window_days=window_days, minimum_patients=minimum)
    rows = harvest.cooccurrences.select(pl.col("left", "right").str.extract(r":(.)"), "n_together", "n_left", "n_right").rows()
    assert {(left, right): tuple(n) for left, right, *n in rows} == expected
    assert harvest.set_aside["n"].sum() == codes + pairs


def source(path: Path, **parameters: object) -> Source:
    return Source("ours", "ours", "1", "private", "", "", (File("file", str(path)),), FORMAT.gives, FORMAT.read, parameters=parameters)


def test_codes_are_mapped_before_they_are_counted(tmp_path: Path) -> None:
    """Six patients with E11.9 and six with E11.65 are twelve with type 2 diabetes; a name is told where a file has one."""
    lines = [f"p{n},2012-05-01,{'E11.9' if n < 6 else 'E11.65'}\np{n},2012-06-01,I10\n" for n in range(12)]
    (tmp_path / "e.csv").write_text("patient,day,code\n" + "".join(lines))
    (tmp_path / "map.csv").write_text('"icd","flag","phecode"\n"E11.9",10,"250.2"\n"E11.65",10,"250"\n"E11.65",10,"250.2"\n')
    (tmp_path / "map.tsv").write_text("subject_id\tsubject_label\tpredicate_id\tobject_id\nMONDO:0001134\tessential hypertension\tskos:exactMatch\tICD10CM:I10\n")
    (tmp_path / "names.csv").write_text("code,name\nphecode:250.2,Type 2 diabetes\nicd10cm:I11,Not among them\n")
    files = {"file": tmp_path / "e.csv", "roll_up": tmp_path / "map.csv", "code_map": tmp_path / "map.tsv", "names": tmp_path / "names.csv"}
    harvest = FORMAT.read(files, source(tmp_path, vocabulary="ICD10CM", window_days=60))
    assert harvest.cooccurrences.select("left", "right", "n_together", "n_patients", "window_days", "cohort").rows() == [("mondo:0001134", "phecode:250.2", 12, 12, 60, "ours")]
    assert harvest.concepts.select("curie", "kind", "name").rows() == [("mondo:0001134", "disease", "essential hypertension"), ("phecode:250.2", "disease", "Type 2 diabetes")]


def test_nothing_of_a_patient_or_a_rare_code_is_in_any_table(tmp_path: Path) -> None:
    """Neither who somebody is, nor a day, nor a code of too few patients, nor what stood in a line that is no event."""
    lines = [f"{PATIENT}{n},2012-05-{n + 1:02d},icd10cm:{code}\n" for n in range(12) for code in ("I10", "E11.9")]
    lines += [f"{PATIENT}99,2012-05-31,icd10cm:Q99.9\n", f"{PATIENT}98,secret-day,icd10cm:I10\n", f"{PATIENT}98,2012-05-31,secret-code\n"]
    (tmp_path / "e.csv").write_text("patient,day,code\n" + "".join(lines))
    harvest = FORMAT.read({"file": tmp_path / "e.csv"}, source(tmp_path / "e.csv"))
    assert harvest.cooccurrences.select("n_together", "n_patients").rows() == [(12, 13)]
    written = everything(harvest)
    assert not [word for word in (PATIENT, "2012", "Q99", "secret") if word in written]


def everything(harvest: Harvest) -> str:
    return "\n".join(str(frame.rows()) + str(frame.columns) for frame in vars(harvest).values())


def recipe(folder: Path, **more: object) -> tuple[tuple[Source, ...], list[str]]:
    """The sources of an `[[own]]` entry, and what is wrong with it."""
    faults: list[str] = []
    entry = {"name": "ours", "format": "events", "file": "events.csv", "license": "private", **more}
    return read_own_sources([entry], folder=folder, faults=faults), faults


def test_a_recipe_names_the_file_and_its_settings(tmp_path: Path) -> None:
    """An `[[own]]` entry of the format `events` is a source whose reader counts it."""
    path = as_csv(tmp_path)
    (own,), faults = recipe(tmp_path, window_days=30, minimum_patients=1, cohort="clinic", columns={"patient": "patient"})
    assert faults == []
    harvest = own.read({"file": path}, own)
    assert harvest.cooccurrences.select("left", "right", "cohort", "window_days", "source").rows() == [("icd10cm:E11.9", "icd10cm:I10", "clinic", 30, "ours")]


@pytest.mark.parametrize(
    ("settings_", "message"),
    [
        ({"window_days": -1}, "ours cannot be counted: window_days is a number of days from 0 on"), ({"minimum_patients": 0}, "minimum_patients is at least 1"),
        ({"columns": {"date": "x"}}, "'date' should be one of patient, day, code, vocabulary"), ({"columns": {"day": 3}}, "'day' should be the name of a column, not 3"),
    ],
)
def test_impossible_settings_are_refused(tmp_path: Path, settings_: dict[str, object], message: str) -> None:
    """With what is wrong and what may be."""
    path = as_csv(tmp_path)
    with pytest.raises(BadInput, match=message):
        FORMAT.read({"file": path}, source(path, **settings_))


def test_misspelled_settings_are_refused(tmp_path: Path) -> None:
    """A setting that the format does not have, and one of the wrong type."""
    assert recipe(tmp_path, window=30)[1] == ["'window' of [[own]] 1 is no setting of its format; did you mean 'window_days'?"]
    assert recipe(tmp_path, window_days="30")[1] == ["'window_days' of [[own]] 1 should be a whole number, not '30'"]


@pytest.mark.parametrize("seed", range(150))
def test_damage_never_loses_a_good_line(tmp_path: Path, seed: int) -> None:
    """Whatever happens to lines below the header: each is an event or counted, unless days of both forms make the file unreadable."""
    dice = random.Random(seed)
    separator = dice.choice(",\t")
    days = ("2012-05-01", "2013-01-01 10:00", "20130101", "", "May") if dice.random() < 0.9 else ("30", "2012-05-01")
    rows = [(dice.choice(("p1", "p2", PATIENT, "")), dice.choice(days), dice.choice(("icd10cm:I10", "mesh:D003924", "x", ""))) for _ in range(12)]
    body = damage_lines("\n".join(separator.join(row) for row in rows).encode(), seed=seed, times=3)
    (tmp_path / "e").write_bytes(separator.join(("patient", "day", "code")).encode() + b"\n" + body)
    set_aside, events = SetAside("test"), EventStore()
    try:
        read_events(tmp_path / "e", events, layout=Layout({}), set_aside=set_aside)
    except BadTable as error:
        assert "cannot be compared" in str(error)
        assert PATIENT not in str(error)
        return
    check(set_aside.frame(), SET_ASIDE)
    unread = sum(n for *_, reason, n in set_aside.frame().rows() if reason not in (NO_VOCABULARY, NOT_OF_VOCABULARY, UNKNOWN_VOCABULARY))
    assert events.n_events + unread == sum(bool(line.strip()) for line in body.decode(errors="replace").split("\n"))
