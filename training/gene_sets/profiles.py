"""The vector that a gene has before training: what sets it is in, what it is called, what is written of it.

A gene's profile is four blocks side by side, each of unit norm: its memberships, where a set weighs log((1 + genes) / (1 + its genes)) + 1 as a
word does in TF-IDF; the words and word pairs of its summary, and those of its names; and the letter groups of its symbol, for members of a family
are called alike. The profiles are centered, so that what all genes share says nothing, and cut to so many dimensions by a truncated singular value
decomposition. Whatever should be new to the model must not be among the memberships.
"""

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.sparse import csr_array, diags_array, hstack
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.preprocessing import normalize
from sklearn.utils.extmath import randomized_svd

Floats = NDArray[np.float32]
# Weights of the blocks, chosen on GO's molecular functions and cellular components, which are not what is reported.
MEMBERSHIPS, SUMMARIES, NAMES, SYMBOLS = "memberships", "summaries", "names", "symbols"
WEIGHTS = {MEMBERSHIPS: 1.0, SUMMARIES: 1.0, NAMES: 0.7, SYMBOLS: 0.7}
# Singular values to this power stretch the dimensions; 1 is the profiles themselves, 0 makes all dimensions weigh alike.
STRETCH = 0.75
ITERATIONS = 2


def membership_block(matrix: csr_array) -> csr_array:
    """(n_genes, n_sets) the memberships, weighted.

    Args:
        matrix: (n_sets, n_genes) 1 where a gene is in a set.
    """
    n_genes = matrix.shape[1]
    weights = np.log((1 + n_genes) / (1 + np.diff(matrix.indptr))) + 1
    weighted = csr_array(matrix.T @ diags_array(weights.astype(np.float32), dtype=np.float32))
    return csr_array(WEIGHTS[MEMBERSHIPS] * normalize(weighted))


def text_blocks(concepts: pl.DataFrame) -> dict[str, csr_array]:
    """(n_genes, terms) each: summaries, names and symbols, weighted; a block that has no term twice is left out.

    Args:
        concepts: SPACE_CONCEPTS, a row a gene; summaries are the definitions.
    """
    named = [". ".join([name, *synonyms]) for name, synonyms in concepts.select("name", "synonyms").iter_rows()]
    words = {"ngram_range": (1, 2), "stop_words": "english", "min_df": 2, "sublinear_tf": True, "dtype": np.float32}
    letters = {"analyzer": "char", "ngram_range": (2, 5), "min_df": 2, "sublinear_tf": True, "dtype": np.float32}
    asked = {
        SUMMARIES: (concepts["definition"].fill_null("").to_list(), words), NAMES: (named, words), SYMBOLS: ([f"^{name}" for name in concepts["name"]], letters),
    }
    blocks = {sort: _terms(texts, form) for sort, (texts, form) in asked.items()}
    return {sort: csr_array(WEIGHTS[sort] * block) for sort, block in blocks.items() if block is not None}


def profile_vectors(blocks: list[csr_array], *, dims: int, seed: int) -> Floats:
    """(n_genes, dims or fewer) float32, unit norm or zero: the blocks' leading dimensions, the largest first, centered."""
    profiles = csr_array(hstack(blocks, format="csr", dtype=np.float32))
    kept = min(dims, *profiles.shape)
    left, values, _ = randomized_svd(profiles, kept, n_iter=ITERATIONS, random_state=seed)
    vectors = left * values**STRETCH
    vectors -= vectors.mean(axis=0)
    return np.asarray(normalize(vectors), dtype=np.float32)


def _terms(texts: list[str], form: dict[str, object]) -> csr_array | None:
    try:
        return csr_array(TfidfVectorizer(**form).fit_transform(texts))
    except ValueError:
        # No term stands in two texts.
        return None
