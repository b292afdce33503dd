"""Rows that a schema could hold: strategies from the catalog, datasets, and loading them."""

from migrate_validate.data.dataset import dataset
from migrate_validate.data.given import Given
from migrate_validate.data.learned import Learned
from migrate_validate.data.learning import learn
from migrate_validate.data.loading import Refused, accepted, load
from migrate_validate.data.mining import mined
from migrate_validate.data.model import Dataset
from migrate_validate.data.strategies import Row, rows
from migrate_validate.data.values import DEFAULT, Value

__all__ = [
    "DEFAULT",
    "Dataset",
    "Given",
    "Learned",
    "Refused",
    "Row",
    "Value",
    "accepted",
    "dataset",
    "learn",
    "load",
    "mined",
    "rows",
]
