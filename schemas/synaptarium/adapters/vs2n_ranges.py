"""VS2N's per-event collections in ranges of their ``_id``, so that many processes read one of them, each its own part."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from synaptarium.adapters.ahead import ahead
from synaptarium.adapters.vs2n import MongoDocuments
from synaptarium.adapters.vs2n_documents import Columns
from synaptarium.adapters.vs2n_raw import columns_of
from synaptarium.schemas.errors import InvalidInput

#: Documents drawn for each edge: ranges come out equal to within a quarter.
_DRAWN_PER_RANGE = 20
#: Documents looked at for the type of their times.
_LOOKED_AT = 100


@dataclass(frozen=True)
class IdRange:
    """Documents with ``low <= _id < high`` in the order of the index, whatever type an id has; None leaves a side open.

    Parameters
    ----------
    low, high : Any
        Ids of documents.
    """

    low: Any
    high: Any


def id_ranges(documents: MongoDocuments, collection: str, rows: int) -> list[IdRange]:
    """Return ranges that join to the whole collection and hold about ``rows`` documents each.

    Parameters
    ----------
    documents : MongoDocuments
        The database.
    collection : str
        ``spikes``, ``potential`` or ``synapseWeight``.
    rows : int
        Documents wanted in each range.

    Notes
    -----
    Edges are quantiles of a random sample, drawn by the database without reading the collection.
    """
    with documents.database() as database:
        n = database[collection].estimated_document_count()
        pieces = -(-n // max(1, rows))
        if pieces < 2:
            return [IdRange(None, None)]
        pipeline = [
            {"$sample": {"size": pieces * _DRAWN_PER_RANGE}},
            {"$project": {"_id": 1}},
            {"$sort": {"_id": 1}},
        ]
        drawn = [found["_id"] for found in database[collection].aggregate(pipeline, allowDiskUse=True)]
    edges = [drawn[len(drawn) * place // pieces] for place in range(1, pieces)]
    # The sample of a small collection may draw a document twice.
    distinct = [edge for place, edge in enumerate(edges) if not place or edge != edges[place - 1]]
    return [IdRange(low, high) for low, high in pairwise([None, *distinct, None])]


def columns_between(documents: MongoDocuments, collection: str, ids: IdRange) -> Iterator[Columns]:
    """Yield the columns of a range, batch by batch of the database, in the order of ``_id``."""
    with documents.database() as database:
        cursor = database[collection].find_raw_batches({}).hint([("_id", 1)])
        # Bounds of the index: a condition on _id would leave out ids of another type than its own.
        if ids.low is not None:
            cursor = cursor.min([("_id", ids.low)])
        if ids.high is not None:
            cursor = cursor.max([("_id", ids.high)])
        for raw in ahead(cursor):
            if raw:
                yield columns_of(collection, raw, documents.where)


def time_unit_of(documents: MongoDocuments, collection: str) -> str:
    """Return the unit of a collection's times: seconds where they are doubles, microseconds where they are integers.

    Raises
    ------
    InvalidInput
        They are both, so the unit has to be said.
    """
    with documents.database() as database:
        found = list(database[collection].find({}, {"_id": 0, "T": 1}).limit(_LOOKED_AT))
    kinds = {"s" if isinstance(document.get("T"), float) else "us" for document in found}
    if len(kinds) > 1:
        raise InvalidInput(
            f"The times of {collection!r} in {documents.where!r} are doubles and integers.",
            hint="Say which unit is right with the option time_unit: s, ms or us.",
            where=documents.where,
        )
    return kinds.pop() if kinds else "s"
