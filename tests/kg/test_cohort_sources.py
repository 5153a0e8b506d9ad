"""The open cohorts and phecodes: their slices, their traps, and the real files counted by a plain loop."""

import csv
import gzip
import io
import itertools
import re
import zipfile
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path

import polars as pl
import pytest
from mutations import damaged_copies
from source_slices import DATA, assert_as_expected, files_of, read

from generel.concepts.errors import GenerelError
from kg.cohort.omop_tables import EVERY_TABLE
from kg.harvest import Harvest
from kg.sources import eunomia, mimic_demo, phecode
from kg.sources.record import Source

REAL = Path(__file__).parents[3] / "shared" / "data"


@pytest.mark.parametrize("name", ["eunomia", "mimic_demo", "phecode"])
def test_the_slice_gives_the_expected_tables(name: str) -> None:
    """Every table and everything set aside are as written down by hand beside the slice."""
    assert_as_expected(name)


def test_synthetic_patients_are_called_so() -> None:
    """Eunomia's are made up; those of MIMIC are people."""
    assert eunomia.SOURCE.synthetic
    assert not mimic_demo.SOURCE.synthetic


def test_the_zip_file_holds_the_tables_beside_it() -> None:
    """What a reviewer can read is what is read."""
    with zipfile.ZipFile(DATA / "eunomia" / eunomia.ARCHIVE) as archive:
        packed = {name: archive.read(name) for name in archive.namelist() if not name.startswith("__MACOSX")}
    assert packed == {path.name: path.read_bytes() for path in (DATA / "eunomia" / "tables").iterdir()}


def with_parameters(source: Source, **parameters: object) -> Source:
    return replace(source, parameters={**source.parameters, **parameters})


def pairs(harvest: Harvest) -> list[tuple[str, str, int]]:
    return harvest.cooccurrences.select("left", "right", "n_together").rows()


def test_the_window_is_a_parameter() -> None:
    """Within 31 days the thirteenth patient has both; within a year nothing more; of one admission, twelve."""
    files = files_of("mimic_demo")
    both = {days: pairs(read(with_parameters(mimic_demo.SOURCE, window_days=days), files))[1] for days in (0, 30, 31, 365)}
    assert both == {days: ("phecode:250.2", "phecode:401.1", n) for days, n in ((0, 12), (30, 12), (31, 13), (365, 13))}


def test_an_ambiguous_code_is_of_the_version_of_its_visit() -> None:
    """E872 is acidosis in six visits, an external cause in one, and nothing in the last."""
    files = {name: path for name, path in files_of("mimic_demo").items() if not name.startswith("roll_up")}
    harvest = read(with_parameters(mimic_demo.SOURCE, minimum_patients=1), files)
    had = {code: n for left, right, n_left, n_right in harvest.cooccurrences.select("left", "right", "n_left", "n_right").rows() for code, n in ((left, n_left), (right, n_right))}
    assert {code: had[code] for code in ("icd10cm:E87.2", "icd9cm:E872", "icd9cm:276.2", "icd9cm:V08", "icd10cm:S06.357A")} == {
        "icd10cm:E87.2": 6, "icd9cm:E872": 1, "icd9cm:276.2": 5, "icd9cm:V08": 1, "icd10cm:S06.357A": 1,
    }
    assert harvest.concepts.is_empty()


@pytest.mark.parametrize("name", ["mimic_demo", "phecode"])
@pytest.mark.parametrize("seed", range(60))
def test_damage_never_loses_a_good_line(tmp_path: Path, name: str, seed: int) -> None:
    """Whatever happens to lines, the file is refused or each is an event, a phecode or counted; no table breaks, and nobody is quoted."""
    source, victim = {"mimic_demo": (mimic_demo.SOURCE, "condition_occurrence.csv"), "phecode": (phecode.SOURCE, "icd9.csv")}[name]
    files = damaged_copies(files_of(name), tmp_path, victim=victim, seed=seed, times=2)
    try:
        harvest = read(source, files)
    except GenerelError as error:
        assert not re.search(r"\d{19}", str(error))
        return
    if name == "phecode":
        lost = harvest.set_aside.filter(pl.col("key").str.starts_with("icd9.csv"))["n"].sum()
        lines = [line for line in files[victim].read_bytes().decode(errors="replace").split("\n")[1:] if line.strip()]
        kept = harvest.mappings.filter(pl.col("object").str.starts_with("icd9cm:")).height
        assert lost + kept <= len(lines) <= lost + kept + 2


@pytest.fixture
def real() -> Path:
    if not (REAL / "ehr").is_dir():
        pytest.skip("the real files are not on this disk")
    return REAL


def real_harvest(source: Source, folder: Path, **parameters: object) -> Harvest:
    return read(with_parameters(source, **parameters), {file.name: folder / file.local for file in source.files})


def rows_of(path: Path) -> Iterator[dict[str, str]]:
    with gzip.open(path, "rt", encoding="utf-8-sig", newline="") if path.suffix == ".gz" else path.open(encoding="utf-8-sig", newline="") as stream:
        yield from csv.DictReader(stream)


def count_by_patient(
    events: list[tuple[int, int, str]], *, window_days: int | None, minimum_patients: int
) -> tuple[dict[tuple[str, str], tuple[int, int, int]], int, int]:
    """What `tests.oracles.cooccurrences_by_loop` gives, for events too many for it."""
    days = defaultdict(lambda: defaultdict(set))
    for patient, day, code in events:
        days[patient][code].add(day)
    having = Counter(code for codes in days.values() for code in codes)
    common = {code for code, n in having.items() if n >= minimum_patients}
    together = Counter(
        (left, right)
        for codes in days.values()
        for left, right in itertools.combinations(sorted(common & set(codes)), 2)
        if window_days is None or any(abs(one - other) <= window_days for one in codes[left] for other in codes[right])
    )
    told = {pair: (n, having[pair[0]], having[pair[1]]) for pair, n in together.items() if n >= minimum_patients}
    return told, len(having) - len(common), len(together) - len(told)


def days_between_1970_and(text: str) -> int:
    return (date.fromisoformat(text[:10]) - date(1970, 1, 1)).days


def nines_and_tens(code: str) -> tuple[str, str]:
    """The code of ICD-9-CM and that of ICD-10-CM that a text without a dot may be; empty if none."""
    nine = re.fullmatch(r"(\d{3}|V\d{2}|E(?:0[0-2]\d|030|8\d\d|9\d\d))(\d{0,2})", code)
    ten = re.fullmatch(r"([A-UW-Z]\d[0-9A-Z])([0-9A-Z]{0,4})|(V\d[0-9A-Z])([0-9A-Z]{3}[ADS])", code)
    nine_code = ".".join(filter(None, nine.groups())) if nine and not (code[0] == "E" and len(code) > 5) else ""
    ten_code = ".".join(filter(None, ten.groups())) if ten and not code.startswith("E9") else ""
    return nine_code, ten_code


@pytest.mark.slow
@pytest.mark.parametrize("window_days", [0, 30])
def test_the_real_mimic_is_counted_as_a_plain_loop_counts(real: Path, window_days: int) -> None:
    """From the file to the pairs of phecodes: every count, and how many were suppressed."""
    folder = real / "ehr"
    phecodes = defaultdict(set)
    for row in rows_of(folder / "phecode" / "pgrm__icd_to_phecode_V1_2.csv.gz"):
        if re.fullmatch(r"\d{1,4}(\.\d{1,2})?", row["phecode"]):
            phecodes[row["flag"], row["icd"]].add(row["phecode"])
    people = {row["person_id"]: n for n, row in enumerate(rows_of(folder / "mimic_iv_demo_omop" / "person.csv"))}
    rows = [(row["person_id"], row["condition_start_date"], row["visit_occurrence_id"], *nines_and_tens(row["condition_source_value"].strip())) for row in rows_of(folder / "mimic_iv_demo_omop" / "condition_occurrence.csv.gz")]
    versions = defaultdict(set)
    for _, _, visit, nine, ten in rows:
        if bool(nine) != bool(ten):
            versions[visit].add("9" if nine else "10")
    events, lost = [], 0
    for person, day, visit, nine, ten in rows:
        said = ({"9"} if nine and not ten else {"10"} if ten and not nine else versions[visit]) if nine or ten else set()
        if len(said) != 1:
            lost += 1
            continue
        (flag,) = said
        code = nine if flag == "9" else ten
        found = phecodes[flag, code]
        specific = {one for one in found if not any(other != one and other.startswith(one if "." in one else f"{one}.") for other in found)}
        prefix = "icd9cm" if flag == "9" else "icd10cm"
        events += [(people[person], days_between_1970_and(day), each) for each in ({f"phecode:{one}" for one in specific} or {f"{prefix}:{code}"})]
    told, codes, untold = count_by_patient(events, window_days=window_days, minimum_patients=11)
    harvest = real_harvest(mimic_demo.SOURCE, real, window_days=window_days)
    assert {(left, right): tuple(n) for left, right, *n in harvest.cooccurrences.select("left", "right", "n_together", "n_left", "n_right").rows()} == told
    counted: Counter[tuple[str, str]] = Counter()
    for _, table, key, _, n in harvest.set_aside.rows():
        counted[table, key] += n
    assert counted["COOCCURRENCES", "mimic-iv-demo"] == codes + untold
    assert counted["EVENTS", "CONDITION_OCCURRENCE"] == lost
    assert len(told) >= 40
    assert all(name in set(harvest.concepts["curie"]) for pair in told for name in pair if name.startswith("phecode:"))


@pytest.mark.slow
def test_the_real_eunomia_is_counted_as_a_plain_loop_counts(real: Path) -> None:
    """Straight from the zip file: conditions and exposures by the standard concept."""
    with zipfile.ZipFile(real / eunomia.SOURCE.files[0].local) as archive:
        tables = {name: list(csv.DictReader(io.TextIOWrapper(archive.open(f"{name}.csv"), "utf-8-sig", newline=""))) for name in EVERY_TABLE if f"{name}.csv" in archive.namelist()}
    prefixes = {("SNOMED", "Condition"): "snomedct", ("RxNorm", "Drug"): "rxnorm"}
    codes = {row["concept_id"]: f"{prefixes[key]}:{row['concept_code']}" for row in tables["CONCEPT"] if (key := (row["vocabulary_id"], row["domain_id"])) in prefixes}
    people = {row["person_id"]: n for n, row in enumerate(tables["PERSON"])}
    events = [
        (people[row["person_id"]], days_between_1970_and(row[day]), codes[row[concept]])
        for name, day, concept in (("CONDITION_OCCURRENCE", "condition_start_date", "condition_concept_id"), ("DRUG_EXPOSURE", "drug_exposure_start_date", "drug_concept_id"))
        for row in tables[name] if row[concept] in codes
    ]
    told, suppressed, untold = count_by_patient(events, window_days=None, minimum_patients=11)
    harvest = real_harvest(eunomia.SOURCE, real)
    assert {(left, right): tuple(n) for left, right, *n in harvest.cooccurrences.select("left", "right", "n_together", "n_left", "n_right").rows()} == told
    assert harvest.cooccurrences["n_patients"].unique().to_list() == [len(people)]
    assert harvest.set_aside.filter(pl.col("table") == "COOCCURRENCES")["n"].sum() == suppressed + untold
    assert len(told) == 15


@pytest.mark.slow
def test_the_real_phecodes_are_counted_as_a_plain_loop_counts(real: Path) -> None:
    """Concepts, the one above each, and kept and set aside together are all lines."""
    harvest = real_harvest(phecode.SOURCE, real)
    names, above, lines = {}, set(), 0
    for file in phecode.SOURCE.files:
        for row in rows_of(real / file.local):
            lines += 1
            code = row["PheCode"]
            if re.fullmatch(r"\d{1,4}(\.\d{1,2})?", code) and row["Phenotype"].strip():
                names.setdefault(code, row["Phenotype"].strip())
                if row.get("Rollup") == "1.0" and "." in code:
                    above.add((code, code[:-1].rstrip(".")))
    told = dict(harvest.concepts.select(pl.col("curie").str.strip_prefix("phecode:"), "name").rows())
    assert {code: " ".join(name.split()) for code, name in names.items()} == told
    assert {(f"phecode:{code}", f"phecode:{parent}") for code, parent in above if parent in names} == set(harvest.relations.select("subject", "object").rows())
    assert harvest.set_aside["n"].sum() + harvest.mappings.height == lines
