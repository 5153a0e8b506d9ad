"""A random space knows nothing: on every protocol there is, it is at chance. A protocol without a case here fails."""

import string
from collections.abc import Callable, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import polars as pl
import pytest

from generel.concepts.kinds import KINDS
from generel.concepts.tables import GENE_SETS, SPLIT_CONCEPTS, SPLIT_NAMES, SPLIT_RELATIONS
from generel.concepts.tables import VARIANTS as VARIANTS_TABLE
from tests.training.evaluate_world import random_unit
from training.evaluate import measuring
from training.evaluate.examination import Examination
from training.evaluate.graph_scorers import ppmi_vectors
from training.evaluate.knowledge import Knowledge, draw
from training.evaluate.metrics import Interval
from training.evaluate.names import FORMS, NameTerms, RawFeatures, composed_mask
from training.evaluate.opening import Opened
from training.evaluate.outcomes import Evaluation
from training.evaluate.settings import MEASURED, PROTOCOLS, RANKED, Settings
from training.evaluate.space import SpaceVectors
from training.evaluate.split import NumberedSplit, number_split

pytestmark = pytest.mark.slow
DIMS, SPACES = 16, 6
COSINE = "generel cosine"
# Of protocols that rank nothing: what the figure is about (its beginning), which figure, and what chance makes of it.
CHANCE = {
    "effect-size": ("all", "Spearman", 0.0), "indications": ("approved", "AUROC", 0.5), "gene-sets": ("made up", "AUROC", 0.5), "ratings": ("umnsrs", "Spearman", 0.0),
    "gene-pairs": ("co-mentioned", "AUROC", 0.5), "gene-properties": ("coins", "AUROC", 0.5), "cells": ("coins", "accuracy of logistic regression", 0.5),
}
Row = tuple[str, str, str, str]


def numbered(prefix: str, n: int) -> list[str]:
    return [f"{prefix}{number}" for number in range(1, n + 1)]


GENES, VARIANTS, DISEASES = numbered("hgnc:", 120), numbered("dbsnp:rs", 320), numbered("mondo:", 90)
PHENOTYPES, DRUGS = numbered("hp:", 80), numbered("chebi:", 60)
KIND = {"hgnc": "gene", "dbsnp": "variant", "mondo": "disease", "hp": "phenotype", "chebi": "drug"}
# Diseases 1 to 10 are cold, 11 to 20 a branch of their own; variants 1 to 120 have known traits, to 180 none, to 250 are cold, the others of held-out loci.
COLD = {*DISEASES[:20], *VARIANTS[180:250]}


def relations(rng: np.random.Generator) -> list[Row]:
    """Rows in all directions alike: whoever is tied to whom says nothing of any other tie."""

    def some(among: Sequence[str], n: int) -> list[str]:
        return [among[place] for place in rng.choice(len(among), n, replace=False)]

    rows: list[Row] = []
    for place, disease in enumerate(DISEASES):
        parts = ["cold"] * 8 if place < 10 else ["branch"] * 8 if place < 20 else ["test", "test", "test", "validation", "train", "train", "train", "train"]
        rows += [(disease, "has_phenotype", phenotype, part) for phenotype, part in zip(some(PHENOTYPES, 8), parts, strict=True)]
    for place, variant in enumerate(VARIANTS):
        rows.append((variant, "variant_of_gene", GENES[place % len(GENES)], "cold" if variant in COLD else "train"))
        parts = ["train"] * 3 + ["later"] * 3 if place < 120 else ["later"] * 3 if place < 180 else ["cold"] * 3 if place < 250 else ["locus"] * 3
        rows += [(variant, "variant_associated_with", trait, part) for trait, part in zip(some(DISEASES[20:], len(parts)), parts, strict=True)]
    for drug in DRUGS:
        rows += [(drug, "treats" if rng.random() < 0.5 else "failed_for", disease, "test") for disease in some(DISEASES[20:], 5)]
    return sorted(set(rows))


def split_of(rng: np.random.Generator) -> NumberedSplit:
    curies = sorted([*GENES, *VARIANTS, *DISEASES, *PHENOTYPES, *DRUGS])
    concepts = [(curie, KIND[curie.partition(":")[0]], "cold" if curie in COLD else "train") for curie in curies]
    words = ["".join(rng.choice(list(string.ascii_lowercase), 9)) for _ in range(2 * len(curies))]
    names = [(curie, words[place], "name", part) for place, (curie, _, part) in enumerate(concepts)]
    names += [(curie, words[-1 - place], "synonym", "cold" if part == "cold" else "test") for place, (curie, kind, part) in enumerate(concepts) if kind != "variant"]
    return number_split(
        pl.DataFrame(concepts, schema=SPLIT_CONCEPTS.columns, orient="row"),
        pl.DataFrame(names, schema=SPLIT_NAMES.columns, orient="row"),
        pl.DataFrame([(*row, 1.0) for row in relations(rng)], schema=SPLIT_RELATIONS.columns, orient="row"),
    )


def build_of(split: NumberedSplit, rng: np.random.Generator) -> SimpleNamespace:
    """What the protocols read of a build: effects and gene sets that follow nothing."""
    known = pl.DataFrame([(subject, predicate, object_, part) for subject, predicate, object_, part in relations(rng)], schema=["subject", "predicate", "object", "part"], orient="row")
    effects = [(variant, trait, "study", "A", float(rng.normal()), "log odds", 9.0) for trait in DISEASES[20:26] for variant in VARIANTS[:120:2]]
    columns = ["variant", "trait", "study", "effect_allele", "beta", "effect_unit", "neg_log10_p"]
    sets = [
        (f"{source} {number}", GENES[gene], library, "a set", source, "1", "CC0-1.0")
        for source, library, n in (("go_bp_2021", "made up", 80), ("pathways", "another", 60)) for number in range(n) for gene in rng.choice(len(GENES), 14, replace=False)
    ]
    return SimpleNamespace(
        split=SimpleNamespace(relations=known), relations=known.with_columns(source=pl.lit("made up")),
        associations=pl.DataFrame(effects, schema=columns, orient="row"), gene_sets=pl.DataFrame(sets, schema=GENE_SETS.columns, orient="row"),
        variants=VARIANTS_TABLE.empty(),
    )


def write_files(folder: Path, split: NumberedSplit, rng: np.random.Generator) -> None:
    """The user's files, labeled by tossed coins."""
    names = dict(zip(split.curies, split.preferred_names(), strict=True))
    symbols = [names[gene] for gene in GENES]
    for name in ("relatedness", "gene_properties", "cells"):
        (folder / name).mkdir()
    rated = [f"{'term ' * 2}{left}\tother {left}\t{rng.normal():.4f}" for left in range(150)]
    (folder / "relatedness" / "umnsrs_made_up.tsv").write_text("\n".join(rated) + "\n")
    for part, n in (("train", 300), ("valid", 300)):
        pairs = [" ".join(rng.choice(symbols, 2, replace=False)) for _ in range(n)]
        (folder / "relatedness" / f"{part}_text.txt").write_text("\n".join(pairs) + "\n")
        (folder / "relatedness" / f"{part}_label.txt").write_text("\n".join(map(str, rng.integers(0, 2, n))) + "\n")
    lines = [f"{symbol},{names[GENES[place]]} is a gene,{'ab'[place % 2]}" for place, symbol in enumerate(symbols)]
    (folder / "gene_properties" / "coins.csv").write_text("Gene name,Summary,StrLabel\n" + "\n".join(lines) + "\n")
    try:
        import anndata
    except ImportError:
        return
    cells = anndata.AnnData(np.log1p(rng.poisson(1.0, (120, len(symbols)))).astype(np.float32), obs={"label": ["a", "b"] * 60}, var={"symbol": symbols})
    cells.var_names = symbols
    cells.write_h5ad(folder / "cells" / "coins.h5ad")


def random_reader(seed: int) -> Callable[[Sequence[str]], np.ndarray]:
    """Every text has a direction of its own, the same every time."""

    def read(texts: Sequence[str]) -> np.ndarray:
        return np.concatenate([random_unit(1, dims=DIMS, seed=[seed, *text.encode()]) for text in texts])

    return read


def evaluate_at_random(folder: Path, seed: int) -> Evaluation:
    """A world and a space, both random, through the whole examination; the language model is as random."""
    rng = np.random.default_rng(seed)
    split = split_of(rng)
    write_files(folder, split, rng)
    settings = Settings(protocols=PROTOCOLS, data=folder, queries=400, resamples=200, seed=seed)
    space = SpaceVectors(random_unit(split.n_concepts, dims=DIMS, seed=seed), np.zeros((split.n_concepts, len(KINDS)), dtype=np.float32), np.zeros(split.n_concepts, dtype=bool))
    space.vectors[split.cold & (split.kind_numbers == KINDS.index("variant"))] = 0
    reader = SimpleNamespace(embed=random_reader(seed), encode=random_reader(1000 + seed))
    manifest: Any = SimpleNamespace(raw={"recipe": {"composed_kinds": ["variant"]}}, encoder={})
    opened = Opened(manifest, build_of(split, rng), split, space, reader, reader, folder, rare=np.zeros(split.n_concepts, dtype=bool))  # type: ignore[arg-type]
    opened.__dict__["_long_encoder"] = reader
    texts = sorted(set(split.names["name"]))
    features = RawFeatures({text: row for row, text in enumerate(texts)}, reader.encode(texts).astype(np.float16))
    composed = composed_mask(split, ["variant"])
    knowledge = Knowledge(
        draw(split, "test", limit=400, settings=settings), features, features.of(split.preferred_names()), ppmi_vectors(split.training_neighbors(), dims=8, seed=0),
        {form: NameTerms(split, form=form, composed=composed) for form in FORMS}, {},
    )
    return Examination(opened, knowledge, settings).run()


@pytest.fixture(scope="module")
def evaluations(tmp_path_factory: pytest.TempPathFactory) -> list[Evaluation]:
    """Some random worlds and spaces, examined in all protocols."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(measuring, "REPETITIONS", 1)
        patch.setattr(measuring, "SHUFFLES", 1)
        return [evaluate_at_random(tmp_path_factory.mktemp("random"), seed) for seed in range(SPACES)]


def figures_of(evaluation: Evaluation, protocol: str) -> list[Interval]:
    """The figure that has to be at chance: the space's AUROC for the predicate asked about most, or that of CHANCE."""
    if protocol in RANKED:
        rows = [row for row in evaluation.rows if row.protocol == protocol and row.method == COSINE]
        return [max(rows, key=lambda row: row.queries).figures.auroc] if rows else []
    about, metric, _ = CHANCE[protocol]
    return [each.interval for each in evaluation.measures if (each.protocol, each.method, each.metric) == (protocol, COSINE, metric) and each.about.startswith(about)][:1]


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_random_spaces_are_at_chance(evaluations: list[Evaluation], protocol: str) -> None:
    """Nearly all of their 95 % intervals hold what chance makes of the figure, and their mean is near it."""
    if protocol == "cells":
        pytest.importorskip("anndata", reason="anndata is not installed (extra 'cells')")
    assert not any(evaluation.failed for evaluation in evaluations)
    chance = 0.5 if protocol in RANKED else CHANCE[protocol][2]
    found = [interval for evaluation in evaluations for interval in figures_of(evaluation, protocol)]
    assert len(found) == SPACES
    assert sum(each.low <= chance <= each.high for each in found) >= SPACES - 2, found
    assert np.mean([each.value for each in found]) == pytest.approx(chance, abs=0.06)


def test_every_protocol_has_its_chance() -> None:
    """What ranks has an AUROC of .5; what does not is told above."""
    assert set(CHANCE) == set(MEASURED)
