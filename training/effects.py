"""How large a variant's effect on a trait is beside those of the trait's other variants.

Effects on two traits have no common unit, so a rank inside the trait is all that can be said of both. A variant's own ties count by it when its
vector is put together at release: trained, all of them count alike, for a rank among few says little, and the ties are what is asked for.
"""

import numpy as np
import polars as pl
from scipy.sparse import csr_array

# Of a trait with so many variants, a rank is drawn half way to the middle.
SHRINKING = 5


def strengths_of(associations: pl.DataFrame, *, own: csr_array, curies: list[str], share: float) -> csr_array:
    """The cells of `own`, each 1 - share for the smallest effect on its trait to 1 + share for the largest, and 1 where no effect is known.

    Args:
        associations: ASSOCIATIONS; of several rows of a pair in one unit the most significant counts, of several units the largest rank.
        own: (n, n) which written concepts a variant is tied to by training; effects of other pairs are not looked at.
        curies: of the concepts.
        share: from 0, where all count alike, to 1, where the smallest effects count nothing.
    """
    cells = own.tocoo()
    tied = pl.DataFrame({"left": cells.row.astype(np.int64), "right": cells.col.astype(np.int64)}).with_row_index("cell")
    numbered = pl.DataFrame({"curie": curies, "number": np.arange(len(curies))})
    rows = associations.filter(pl.col("beta").is_finite() & pl.col("effect_unit").is_not_null()).select("variant", "trait", "effect_unit", "neg_log10_p", size=pl.col("beta").abs())
    rows = rows.join(numbered.rename({"curie": "variant", "number": "left"}), on="variant").join(numbered.rename({"curie": "trait", "number": "right"}), on="trait")
    rows = rows.join(tied, on=["left", "right"]).sort("cell", "effect_unit", "neg_log10_p", "size", descending=[False, False, True, True])
    effects = rows.unique(["cell", "effect_unit"], keep="first", maintain_order=True)
    rank = (pl.col("size").rank() - 0.5) / pl.len()
    shrunk = (rank - 0.5) * pl.len() / (pl.len() + SHRINKING)
    ranks = effects.select("cell", shrunk.over("trait", "effect_unit").alias("rank")).group_by("cell").agg(pl.col("rank").max()).sort("cell")
    strengths = np.ones(len(cells.data), dtype=np.float32)
    strengths[ranks["cell"].to_numpy()] += (2 * share * ranks["rank"].to_numpy()).astype(np.float32)
    return csr_array((strengths, (cells.row, cells.col)), shape=own.shape)
