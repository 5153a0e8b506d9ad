"""Gene-set completion by the GSFM protocol, a time split, and training at full size: Markdown tables on stdout.

    python tests/benchmarks/gene_sets.py protocol --build open            # GO BP 2021 from libraries that are not GO's
    python tests/benchmarks/gene_sets.py time --build open                # GO of 2015, asked about the annotations of 2018
    python tests/benchmarks/gene_sets.py scale --sets 500000 --genes 20000 # a made-up GMT; time a pass, peak memory

Of the libraries of GO none is learned from, nor any relation to a process, function or component; near copies of the sets asked about go too.
What is chosen (weights, passes) is chosen on GO's molecular functions and cellular components of 2018, printed as *validation*. Genes are
ranked among two universes: those of the pathway, Hallmark, DISEASES and HPO memberships, which the goal was set on, and all that is learned from.
"""

import argparse
import resource
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.sparse import csr_array

from generel.concepts.home import Home
from generel.concepts.kinds import Kind
from kg.build import Build, find_build
from training.evaluate.gene_set_halves import (
    GeneSets,
    Half,
    Method,
    cut_in_halves,
    find_twins,
    memberships,
    popularity,
    rank_hidden,
    select_sets,
)
from training.gene_sets.collection import Collection, collect
from training.gene_sets.fit import (
    divide,
    first_vectors,
    fit_ridge,
    halve,
    make_profiles,
    make_written_sets,
    prepare,
    weigh_profiles,
    with_profiles,
)
from training.gene_sets.identities import NOBODY, Identities, identities_of_build, identities_of_space
from training.gene_sets.libraries import GmtLibrary, libraries_of_table
from training.gene_sets.pipeline import train_model
from training.gene_sets.profiles import membership_block, profile_vectors
from training.gene_sets.ridge import CompletionScorer, RidgeScorer, make_ridge, weigh_ridge
from training.gene_sets.scorer import NetworkScorer, Scorer
from training.gene_sets.settings import Settings

Floats = NDArray[np.float32]
TEST, VALIDATION, EARLIER = "GO Biological Process 2021 (Enrichr)", "GO 2018 experimental", "GO 2015"
OF_GO = (TEST, VALIDATION, EARLIER)
# What the goal was set on; other libraries only add to these.
GOAL = ("pathways", "wikipathways", "hallmark", "hpo", "diseases")
NOT_FUNCTIONS = ("takes_part_in", "acts_in", "has_function")
LEAST_GENES, OVERLAP, LEAST_NEW, STEPS = 10, 0.8, 3, 20


def main() -> None:
    """Measure, and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("protocol", "time", "scale"))
    parser.add_argument("--build", default="open")
    parser.add_argument("--space", type=Path, help="folder of a space that was trained without GO, to start from its vectors")
    parser.add_argument("--only", help="of the trained methods, this one alone, such as 'profiles'")
    parser.add_argument("--passes", type=float, default=Settings().passes)
    parser.add_argument("--shuffles", type=int, default=5)
    parser.add_argument("--sets", type=int, default=500_000)
    parser.add_argument("--genes", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=Settings().seed)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        if options.what == "scale":
            measure_scale(Path(scratch), n_sets=options.sets, n_genes=options.genes, seed=options.seed)
            return
        build = find_build(options.build, home=Home.from_environment())
        settings = Settings(passes=options.passes, shuffles=options.shuffles, seed=options.seed)
        if options.what == "time":
            measure_time(build, Path(scratch), settings)
        else:
            measure_protocol(build, Path(scratch), settings, space=options.space, only=options.only or "")


def relation_sets(build: Build) -> pl.DataFrame:
    """Sets that relations and GWAS make: the genes tied to a disease, phenotype, drug, tissue, trait or other gene; a library a source and predicate."""
    kinds = build.concepts.select("curie", "kind").unique("curie")
    genes = kinds.filter(kind=Kind.GENE.value)["curie"].implode()
    rows = build.relations.filter(~pl.col("predicate").is_in(NOT_FUNCTIONS))
    # The tables stamp nothing that a library needs besides these.
    out = rows.select("source", "predicate", set="object", gene="subject")
    back = rows.select("source", predicate=pl.col("predicate") + " of", set="subject", gene="object")
    tied = pl.concat([out, back]).filter(pl.col("gene").is_in(genes)).join(kinds.rename({"curie": "set", "kind": "set_kind"}), on="set").filter(pl.col("set_kind") != Kind.VARIANT.value)
    variants = build.relations.filter(predicate="variant_of_gene", source="gwas_catalog").select(variant="subject", gene="object")
    traits = build.associations.filter(source="gwas_catalog").select("variant", set="trait").join(variants, on="variant")
    gwas = traits.select(source=pl.lit("gwas_catalog"), library=pl.lit("gwas_catalog traits"), set="set", gene="gene")
    return pl.concat([tied.select("source", library=pl.col("source") + " " + pl.col("predicate"), set="set", gene="gene"), gwas]).unique()


def library_rows(build: Build) -> pl.DataFrame:
    """`source, library, set, name, gene` of everything that is not GO's."""
    own = build.gene_sets.filter(~pl.col("library").is_in(OF_GO)).select("source", "library", "set", "gene")
    return pl.concat([own, relation_sets(build)]).unique().with_columns(name=pl.col("set")).sort("library", "set", "gene")


def asked_sets(build: Build, genes: Sequence[str]) -> dict[str, GeneSets]:
    """The validation sets and the test sets."""
    kinds = build.concepts.filter(pl.col("kind").is_in([Kind.FUNCTION.value, Kind.COMPONENT.value]))["curie"].unique().implode()
    chosen = build.gene_sets.filter(pl.col("set").is_in(kinds) | (pl.col("library") == TEST))
    return {
        "validation": select_sets(chosen, library=VALIDATION, minimum=LEAST_GENES, genes=genes),
        "test": select_sets(chosen, library=TEST, minimum=LEAST_GENES, genes=genes),
    }


def measure_protocol(build: Build, scratch: Path, settings: Settings, *, space: Path | None, only: str) -> None:
    """Every method on both parts and both universes."""
    rows = library_rows(build)
    everything = asked_sets(build, sorted(set(rows["gene"])))
    twins = pl.concat([find_twins(sets, rows, libraries=sorted(set(rows["library"])), overlap=OVERLAP) for sets in everything.values()]).unique()
    rows = rows.join(twins, on=["library", "set"], how="anti")
    known = identities_of_build(build)
    collection = collect(list(libraries_of_table(rows)), known=known, folder=scratch / "collection", settings=settings)
    print(f"Learned from {len(collection):,} sets of {len(collection.genes):,} genes; left out: {', '.join(OF_GO)} and {twins.height} near copies.\nLibraries: {', '.join(collection.libraries)}\n")
    goal = rows.filter(pl.col("source").is_in(GOAL))
    universes = {"goal": sorted(set(goal["gene"]) & set(collection.genes)), "all": collection.genes}
    print("| method | genes | part | sets | AUROC | AP | minutes |\n|---|---|---|---|---|---|---|", flush=True)
    for name, method, minutes in methods(collection, rows, goal, known.of(collection.genes), settings, space=space, only=only):
        for universe, genes in universes.items():
            columns = np.array([collection.genes.index(gene) for gene in genes]) if len(genes) < len(collection.genes) else np.arange(len(genes))
            for part, sets in asked_sets(build, genes).items():
                auroc, precision = figures_of(among(method, columns, len(collection.genes)), sets, settings)
                print(f"| {name} | {len(genes):,} ({universe}) | {part} | {len(sets.sets):,} | {auroc:.3f} | {precision:.3f} | {minutes:.1f} |", flush=True)


def figures_of(method: Method, sets: GeneSets, settings: Settings) -> tuple[float, float]:
    """Mean AUROC and average precision over sets and shuffles."""
    halves = [cut_in_halves(sets.members, seed=settings.seed + shuffle) for shuffle in range(settings.shuffles)]
    auroc, precision = np.mean([rank_hidden(method, half).mean(axis=0) for half in halves], axis=0)
    return float(auroc), float(precision)


def among(method: Method, columns: NDArray[np.int64], n_genes: int) -> Method:
    """The method, for shown halves that are told over these genes alone."""
    if not callable(method):
        return method[columns]

    def score(shown: csr_array) -> Floats:
        wide = csr_array((shown.data, columns[shown.indices], shown.indptr), shape=(shown.shape[0], n_genes))
        return np.ascontiguousarray(method(wide)[:, columns])

    return score


def methods(
    collection: Collection, rows: pl.DataFrame, goal: pl.DataFrame, genes: Identities, settings: Settings, *, space: Path | None, only: str
) -> Iterator[tuple[str, Method, float]]:
    """Name, method, minutes of training."""
    for word, table in (("pathways, Hallmark, DISEASES, HPO", goal), ("all libraries", rows)):
        libraries = sorted(set(table["library"]))
        yield f"number of sets, {word}", popularity(table, libraries=libraries, genes=collection.genes), 0.0
        for weighted, how in ((False, ""), (True, ", rare sets first")):
            yield f"membership cosine{how}, {word}", memberships(table, libraries=libraries, genes=collection.genes, weighted=weighted), 0.0
    started = {
        "plain multi-hot autoencoder (BCE)": replace(settings, start="free", loss="bce", gene_rate=1e-3), "free vocabulary": replace(settings, start="free", gene_rate=2e-3),
        "profiles without summaries": replace(settings, summaries=False), "profiles": settings,
    }
    for name, theirs in started.items():
        if only in ("", name):
            yield from trained_methods(name, collection, genes, theirs, plain=name.startswith("plain"))
    if space is not None:
        own = identities_of_space(space).of(collection.genes)
        yield from trained_methods("the space's vectors", collection, own, replace(settings, start="space"))


def trained_methods(name: str, collection: Collection, genes: Identities, settings: Settings, *, plain: bool = False) -> Iterator[tuple[str, Method, float]]:
    """The profiles' cosine, the network, the two together, the regression on terms, and all three."""
    began = time.perf_counter()
    learned, held_out = divide(np.arange(len(collection)), settings)
    halves = halve(collection, held_out, settings)
    profiles = make_profiles(collection, learned, genes, settings)
    if profiles.shape[1]:
        yield f"{name}: cosine", profiles, (time.perf_counter() - began) / 60
    written = make_written_sets(genes, settings)
    training = prepare(collection, learned, settings, first=None if plain else first_vectors(profiles, settings), halves=halves, written=written)
    tensors = training.run().tensors
    training.network.take(tensors)
    yield f"{name}: denoising network" if not plain else name, NetworkScorer(training.network), (time.perf_counter() - began) / 60
    if profiles.shape[1]:
        weighed = weigh_profiles(with_profiles(tensors, profiles), halves)
        yield f"{name}: network and cosine (weight {weighed.profile_scale[0]:.1f})", Scorer(weighed), (time.perf_counter() - began) / 60
        ridge = fit_ridge(collection, learned, genes, settings, network=weighed, halves=halves)
        if ridge is not None:
            yield f"{name}: ridge regression on terms", RidgeScorer(replace(ridge, scale=np.ones(1, np.float32))), (time.perf_counter() - began) / 60
            yield f"{name}: network, cosine and regression", CompletionScorer(weighed, ridge), (time.perf_counter() - began) / 60


def measure_time(build: Build, scratch: Path, settings: Settings) -> None:
    """Terms of 2015 that have new genes in 2018, asked for these: only memberships of 2015 are known, no name and no summary."""
    rows = build.gene_sets.filter(library=EARLIER).unique(["set", "gene"])
    known = identities_of_build(build)
    collection = collect(list(libraries_of_table(rows)), known=known, folder=scratch / "collection", settings=replace(settings, minimum=LEAST_NEW))
    half = new_members(build, collection)
    print(f"{half.shown.shape[0]:,} terms with new genes in 2018; {int(half.hidden.sum()):,} new memberships; {len(collection.genes):,} genes are ranked.")
    print("New are genes with experimental evidence in 2018 that had none of any kind in 2015.\n")
    print("| method | AUROC | AP |\n|---|---|---|")
    everything = collection.matrix(np.arange(len(collection)))
    learned, held_out = divide(np.arange(len(collection)), settings)
    profiles = profile_vectors([membership_block(everything)], dims=settings.profile_dims, seed=settings.seed)
    halves = halve(collection, held_out, settings)
    training = prepare(collection, learned, settings, first=first_vectors(profiles, settings), halves=halves)
    tensors = training.run().tensors
    training.network.take(tensors)
    plain_settings = replace(settings, start="free", loss="bce", gene_rate=1e-3)
    plain = prepare(collection, learned, plain_settings, first=None, halves=halves)
    plain.network.take(plain.run().tensors)
    weighed = weigh_profiles(with_profiles(tensors, profiles), halves)
    ridge = make_ridge([membership_block(everything)])
    asked: Mapping[str, Method] = {
        "number of sets": np.asarray(everything.sum(axis=0), dtype=np.float32), "membership cosine": memberships(rows, libraries=[EARLIER], genes=collection.genes, weighted=True),
        "profiles' cosine": profiles, "plain multi-hot autoencoder (BCE)": NetworkScorer(plain.network), "denoising network": NetworkScorer(training.network),
        "network and profiles": Scorer(weighed), "ridge regression on memberships": RidgeScorer(replace(ridge, scale=np.ones(1, np.float32))),
        "network, profiles and regression": CompletionScorer(weighed, weigh_ridge(ridge, weighed, halves.shown) if halves else None),
    }
    for name, method in asked.items():
        auroc, precision = rank_hidden(method, half).mean(axis=0)
        print(f"| {name} | {auroc:.3f} | {precision:.3f} |", flush=True)


def new_members(build: Build, collection: Collection) -> Half:
    """Of each term that both years have: the genes of 2015 as shown, those of 2018 alone as hidden."""
    later = build.gene_sets.filter(library=VALIDATION).unique(["set", "gene"]).filter(pl.col("gene").is_in(collection.genes))
    place = {gene: number for number, gene in enumerate(collection.genes)}
    found = {name: {place[gene] for gene in genes} for name, genes in later.group_by("set").agg("gene").iter_rows()}
    names = collection.sets["set"].to_list()
    new = {number: sorted(found.get(name, set()) - set(collection.rows(number).tolist())) for number, name in enumerate(names)}
    numbers = np.array([number for number, genes in new.items() if genes], dtype=np.int64)
    sizes = [len(new[number]) for number in numbers.tolist()]
    columns = np.concatenate([new[number] for number in numbers.tolist()]).astype(np.int32)
    hidden = csr_array((np.ones(len(columns), np.float32), columns, np.concatenate([[0], np.cumsum(sizes)])), shape=(len(numbers), len(collection.genes)))
    return Half(collection.matrix(numbers), hidden)


def measure_scale(scratch: Path, *, n_sets: int, n_genes: int, seed: int) -> None:
    """A made-up GMT of Rummagene's shape: sizes log-normal about 60, at least 5 and at most 2,000; genes of unequal fame."""
    path = scratch / "made-up.gmt"
    began = time.perf_counter()
    n_members = write_made_up(path, n_sets=n_sets, n_genes=n_genes, seed=seed)
    print(f"{n_sets:,} sets of {n_genes:,} genes, {n_members:,} memberships, {path.stat().st_size / 1e6:,.0f} MB, written in {time.perf_counter() - began:.0f} s\n")
    print("| what | seconds | CPU seconds | peak memory so far, MB |\n|---|---|---|---|")
    settings = Settings(start="free", passes=1, checks=1, minimum=5, seed=seed, gene_rate=2e-3)
    with timed("read, number and store"):
        collection = collect([GmtLibrary(path)], known=None, folder=scratch / "collection", settings=settings)
    learned, _ = divide(np.arange(len(collection)), settings)
    print(f"| *a pass is {len(learned) // settings.batch:,} steps of {settings.batch} sets* | | | |")
    for loss in ("sampled", "softmax", "bce"):
        few = replace(settings, loss=loss, passes=settings.batch * STEPS / len(learned))
        training = prepare(collection, learned, few, first=first_vectors(make_profiles(collection, learned, NOBODY, few), few), halves=None)
        with timed(f"{training.steps} steps, loss {loss}"):
            training.run()
    with timed("the whole: read, one pass, check, release"):
        train_model([GmtLibrary(path)], None, out=scratch / "model", settings=settings, measure=False)


@contextmanager
def timed(what: str) -> Iterator[None]:
    """A line of the table for what is done inside; on a busy machine, CPU seconds say more."""
    began, cpu = time.perf_counter(), time.process_time()
    yield
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"| {what} | {time.perf_counter() - began:.1f} | {time.process_time() - cpu:.1f} | {peak:,.0f} |", flush=True)


def write_made_up(path: Path, *, n_sets: int, n_genes: int, seed: int) -> int:
    """Write the GMT; how many memberships it has. A set is of one of 200 topics, which have their own likely genes."""
    rng = np.random.default_rng(seed)
    names = np.array([f"GENE{number}" for number in range(n_genes)])
    fame = rng.permutation(1 / np.arange(1, n_genes + 1) ** 0.5)
    topics = [np.cumsum(fame * rng.exponential(size=n_genes) ** 4) for _ in range(200)]
    total = 0
    with path.open("w", encoding="utf-8") as file:
        for number in range(n_sets):
            size = int(np.clip(rng.lognormal(np.log(60), 1.1), 5, 2000))
            chances = topics[number % len(topics)]
            genes = np.unique(np.searchsorted(chances, rng.random(size) * chances[-1]).clip(max=n_genes - 1))
            total += len(genes)
            file.write(f"PMC{number}-table\t\t{chr(9).join(names[genes])}\n")
    return total


if __name__ == "__main__":
    main()
