"""Sets on disk as numbers: who is in which, memory-mapped, so that half a million sets need no memory but what a batch touches.

A collection is made in two goes through its libraries: the first finds which genes there are, the second writes the members. The
folder holds `members.i32` and `offsets.i64` (raw, little-endian), `sets.parquet` (`library, set, name`), `genes.json`.
"""

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.sparse import csr_array

from generel.concepts.atomic import build_beside
from generel.concepts.errors import BadTable
from generel.concepts.progress import SILENT, Advance, Progress
from kg.sources.gmt_lines import WEIGHTED
from training.gene_sets.gmt_stream import Faults
from training.gene_sets.identities import Identities
from training.gene_sets.libraries import Library, NamedSet
from training.gene_sets.settings import Settings

MEMBERS, OFFSETS, SETS, GENES = "members.i32", "offsets.i64", "sets.parquet", "genes.json"
WEIGHT = re.compile(WEIGHTED)
Numbers = NDArray[np.int64]


@dataclass(frozen=True)
class Collection:
    """Sets of many libraries.

    Attributes:
        genes: what the numbers in `members` stand for: CURIEs where a space knows the names, else the names.
        members: (n_members,) int32, set after set, ascending within one.
        offsets: (n_sets + 1,) int64 where each set's members begin.
        sets: `library, set, name` of each set.
        remarks: sentences about what was left out, and about names that mean no gene.
    """

    genes: list[str]
    members: NDArray[np.int32]
    offsets: Numbers
    sets: pl.DataFrame
    remarks: list[str]

    def __len__(self) -> int:
        return len(self.offsets) - 1

    @property
    def sizes(self) -> Numbers:
        """(n_sets,) members of each."""
        return np.diff(self.offsets)

    @property
    def libraries(self) -> list[str]:
        """Names, ascending."""
        return sorted(self.sets["library"].unique())

    def numbers_of(self, library: str) -> Numbers:
        """The numbers of a library's sets, ascending."""
        return np.flatnonzero((self.sets["library"] == library).to_numpy())

    def rows(self, number: int) -> NDArray[np.int32]:
        """The members of a set."""
        return self.members[self.offsets[number] : self.offsets[number + 1]]

    def matrix(self, numbers: Numbers) -> csr_array:
        """(len(numbers), n_genes) float32: 1 where a gene is in a set."""
        sizes = self.sizes[numbers]
        members = np.concatenate([np.empty(0, np.int32), *(self.rows(int(number)) for number in numbers)])
        return csr_array((np.ones(len(members), np.float32), members, np.concatenate([[0], np.cumsum(sizes)])), shape=(len(numbers), len(self.genes)))


def open_collection(folder: Path) -> Collection:
    """The collection in the folder, members and offsets as memory maps."""
    told = json.loads((folder / GENES).read_text(encoding="utf-8"))
    members, offsets = np.memmap(folder / MEMBERS, dtype="<i4", mode="r"), np.memmap(folder / OFFSETS, dtype="<i8", mode="r")
    return Collection(told["genes"], members, offsets, pl.read_parquet(folder / SETS), told["remarks"])


def collect(libraries: Sequence[Library], *, known: Identities | None, folder: Path, settings: Settings, progress: Progress = SILENT) -> Collection:
    """The sets of all libraries with enough known genes, written to `folder` and opened.

    Args:
        known: what genes there are and what they are called; None where every name in enough sets is a gene of its own.

    Raises:
        BadTable: a file has no sets, or no set has enough genes; what the names look like is said.
    """
    faults = Faults()
    with progress.task("Find the genes", total=sum(library.size for library in libraries)) as advance:
        numbers, genes, remarks = _number_genes(libraries, known=known, settings=settings, advance=advance)
    with build_beside(folder) as beside, progress.task("Store the sets", total=sum(library.size for library in libraries)) as advance:
        n_sets = _write_sets(beside, libraries, numbers, settings=settings, faults=faults, advance=advance)
        if not n_sets:
            reasons = "; ".join(faults.sentences() + remarks)
            raise BadTable(f"no set has from {settings.minimum:,} to {settings.maximum:,} known genes: {reasons}")
        told = {"genes": genes, "remarks": faults.sentences() + remarks}
        (beside / GENES).write_text(json.dumps(told, ensure_ascii=False), encoding="utf-8")
    return open_collection(folder)


def _number_genes(
    libraries: Sequence[Library], *, known: Identities | None, settings: Settings, advance: Advance
) -> tuple[Mapping[str, int], list[str], list[str]]:
    """The number of each name that means a gene, the genes by number, and sentences about the other names."""
    counts: Counter[str] = Counter()
    for library in libraries:
        # The faults of the lines are told when the sets are written.
        for each in library.sets(faults=Faults(), advance=advance):
            counts.update(set(each.genes))
    spelled = sorted(counts)
    if known is None:
        plain = Counter[str]()
        for name in spelled:
            plain[_plain(name)] += counts[name]
        genes = sorted(name for name, n in plain.items() if n >= settings.least_sets)
        places = {name: number for number, name in enumerate(genes)}
        return {name: places[_plain(name)] for name in spelled if _plain(name) in places}, genes, []
    found = known.names.find(_plain(name) for name in spelled)
    rows, numbers = np.unique(found.rows[found.known], return_inverse=True)
    meant = [name for name, is_known in zip(spelled, found.known.tolist(), strict=True) if is_known]
    # Two names of one gene are no fault: libraries are of different years.
    remarks = [sentence for sentence in found.sentences() if "more than once" not in sentence]
    return dict(zip(meant, numbers.tolist(), strict=True)), [known.curies[row] for row in rows.tolist()], remarks


def _plain(name: str) -> str:
    """The name without the weight that some of Enrichr's libraries write behind it."""
    match = WEIGHT.fullmatch(name) if "," in name else None
    return match[1] if match else name


def _write_sets(folder: Path, libraries: Sequence[Library], numbers: Mapping[str, int], *, settings: Settings, faults: Faults, advance: Advance) -> int:
    """Write members, offsets and names of all sets of the right size; how many there are."""
    offsets, named = [0], []
    with (folder / MEMBERS).open("wb") as file:
        for library, each in _all_sets(libraries, faults, advance):
            members = {numbers[gene] for gene in each.genes if gene in numbers}
            if len(members) < settings.minimum:
                faults.add(f"fewer than {settings.minimum} known genes", f"{library}: {each.set}")
            elif len(members) > settings.maximum:
                faults.add(f"more than {settings.maximum:,} genes", f"{library}: {each.set}")
            else:
                file.write(np.sort(np.fromiter(members, dtype="<i4", count=len(members))).tobytes())
                offsets.append(offsets[-1] + len(members))
                named.append((library, each.set, each.name))
    np.array(offsets, dtype="<i8").tofile(folder / OFFSETS)
    schema = {"library": pl.String, "set": pl.String, "name": pl.String}
    pl.DataFrame(named, schema=schema, orient="row").write_parquet(folder / SETS)
    return len(named)


def _all_sets(libraries: Sequence[Library], faults: Faults, advance: Advance) -> Iterator[tuple[str, NamedSet]]:
    for library in libraries:
        yield from ((library.name, each) for each in library.sets(faults=faults, advance=advance))
