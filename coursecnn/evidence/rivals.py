"""Records of recipes that were trained alike, side by side: what a comparison on a page shows.

>>> heads = Rivals({"average": "league_plain", "dense head": "league_dense_head"})
>>> print(heads)
45,000 training and 5,000 validation images of cifar10, 10 epochs, 5 seeds
>>> heads.difference("average", "dense head").verdict
'gain'
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from coursecnn._checks import check_choice
from coursecnn.evidence import records
from coursecnn.evidence.comparisons import Difference, paired

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Rivals"]

IMAGES = {"cifar10": 50_000, "mnist": 60_000}  # official ones for training
# What a comparison is about. Everything else in two recipes must be the same.
DIFFERS = {"name", "architecture", "architecture_options"}
CURVES = {"training images": "accuracy", "validation images": "validation_accuracy"}


class Rivals:
    """Records that may be compared, under the names that a page gives them.

    Args:
        names: of each rival the name of its record.
        differs: fields of the recipe in which the rivals differ besides the network, such as
            `("learning_rate",)` where each has the rate that suits it best.

    Raises:
        ValueError: if there are fewer than two, or their recipes differ in anything else, or their
            seeds or images do; says in what.
        FileNotFoundError: if there is no such record.
    """

    def __init__(self, names: Mapping[str, str], *, differs: tuple[str, ...] = ()) -> None:
        """Read the records, and refuse those that were not judged alike."""
        if len(names) < 2:
            raise ValueError(f"names must be of at least two records, got {dict(names)}")
        self.records = {rival: records.read(name) for rival, name in names.items()}
        first, *others = self.records.values()
        self._recipe, self._seeds = first.recipe, first.seeds
        for other in others:
            _require_alike(first, other, DIFFERS | set(differs))

    def __str__(self) -> str:
        recipe, dataset = self._recipe, self._recipe["dataset"]
        held_out = round(recipe["validation_split"] * IMAGES[dataset])
        return (
            f"{IMAGES[dataset] - held_out:,} training and {held_out:,} validation images of "
            f"{dataset}, {recipe['epochs']} epochs, {len(self._seeds)} seeds"
        )

    def curves(self) -> dict[str, dict[str, NDArray[np.float64]]]:
        """Return the accuracies in per cent: by images, then by rival, shape (seeds, epochs).

        As `coursecnn.figures.rival_curves` draws them.
        """
        return {
            images: {
                rival: 100 * np.array([run.curves[curve] for run in record.runs])
                for rival, record in self.records.items()
            }
            for images, curve in CURVES.items()
        }

    def accuracies(self) -> dict[str, NDArray[np.float64]]:
        """Return the validation accuracies after the last epoch in per cent, one per seed."""
        return {
            rival: 100 * np.array(record.values("validation_accuracy"))
            for rival, record in self.records.items()
        }

    def difference(self, new: str, old: str) -> Difference:
        """Return by how many points the new one is better on validation images, seed by seed."""
        for name, rival in (("new", new), ("old", old)):
            check_choice(name, rival, tuple(self.records))
        found = self.accuracies()
        return paired(found[new], found[old])

    def table(self) -> pd.DataFrame:
        """Show of each rival what it costs, and the accuracies after the last epoch in per cent.

        The training accuracy is the mean over the steps of the last epoch, of augmented images.
        """
        import pandas as pd

        learned = self.curves()["training images"]
        rows = {
            rival: _costs(self.records[rival])
            | {
                "training (%)": f"{learned[rival][:, -1].mean():.1f}",
                "validation (%)": f"{found.mean():.1f}",
                "± over seeds": f"{found.std(ddof=1):.1f}",
            }
            for rival, found in self.accuracies().items()
        }
        return pd.DataFrame(rows).T


def _costs(record: records.Record) -> dict[str, str]:
    from coursecnn.architectures import build
    from coursecnn.backend import without_weights
    from coursecnn.models import totals

    with without_weights():
        model = build(record.recipe["architecture"], **record.recipe["architecture_options"])
    counted = totals(model)
    return {"parameters": f"{counted.params:,}", "million MACs": f"{counted.macs / 1e6:.2f}"}


def _require_alike(one: records.Record, other: records.Record, differs: set[str]) -> None:
    """Refuse two records that were not judged alike."""
    fields = sorted(set(one.recipe) | set(other.recipe))
    unlike = [
        f"recipe[{field!r}]"
        for field in fields
        if field not in differs and one.recipe.get(field) != other.recipe.get(field)
    ]
    if one.seeds != other.seeds:
        unlike.append(f"seeds {one.seeds} and {other.seeds}")
    if one.data != other.data:
        unlike.append("data")
    if unlike:
        raise ValueError(
            f"names must be records that differ in the network alone; {one.name} and {other.name} "
            f"differ in {', '.join(unlike)}"
        )
