"""Tumult Analytics itself, on Spark, in an environment of its own.

MaxGroupsPerID and MaxRowsPerGroupPerID (or MaxRowsPerID) hold a device to the limits; counts over a public KeySet of
the whole grid. Gaussian noise under RhoZCDPBudget, with the rho that OpenDP grants for the case's epsilon and delta, or
its discrete Laplace noise under PureDPBudget.
"""

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl

from benchmarks._runs import python
from benchmarks.accuracy._bounding import Limits
from benchmarks.accuracy._case import Case, Estimates, Float64
from benchmarks.accuracy._peers import Sampling
from shoal.privacy.accounting import rho_for

CODE = """
import json, os, sys
os.environ["PYSPARK_PYTHON"] = sys.executable
import numpy as np
import pandas as pd
from pyspark.sql import SparkSession
from tmlt.analytics import (
    AddRowsWithID, CountMechanism, KeySet, MaxGroupsPerID, MaxRowsPerGroupPerID, MaxRowsPerID, PureDPBudget,
    QueryBuilder, RhoZCDPBudget, Session,
)
folder, kind, queries = sys.argv[1], sys.argv[2], json.loads(sys.argv[3])
spark = SparkSession.builder.master("local[2]").config("spark.ui.enabled", "false")
for name, value in {"spark.driver.host": "127.0.0.1", "spark.driver.memory": "6g", "spark.local.dir": folder,
                    "spark.sql.warehouse.dir": folder, "spark.sql.shuffle.partitions": "8"}.items():
    spark = spark.config(name, value)
spark = spark.getOrCreate()
budget = RhoZCDPBudget if kind == "gaussian" else PureDPBudget
mechanism = CountMechanism.GAUSSIAN if kind == "gaussian" else CountMechanism.LAPLACE
session = Session.from_dataframe(
    budget(sum(q["budget"] for q in queries)), "rows", spark.read.parquet(folder + "/rows.parquet"),
    protected_change=AddRowsWithID("who"),
)
for q in queries:
    query = QueryBuilder("rows")
    if q["cells"]:
        query = query.enforce(MaxGroupsPerID(q["column"], q["cells"]))
        query = query.enforce(MaxRowsPerGroupPerID(q["column"], q["rows"]))
    else:
        query = query.enforce(MaxRowsPerID(q["rows"]))
    keys = KeySet.from_dataframe(spark.createDataFrame(pd.DataFrame({q["column"]: np.arange(q["keys"])})))
    table = session.evaluate(query.groupby(keys).count(mechanism=mechanism), budget(q["budget"])).toPandas()
    counts = np.zeros(q["keys"])
    counts[table[q["column"]].to_numpy()] = table["count"].to_numpy()
    np.save(folder + "/" + q["column"] + ".npy", counts)
said = {"queries": len(queries)}
"""


@dataclass(frozen=True, slots=True)
class Tumult:
    """The real library with the limits and the kind of noise of its twin.

    executable  Python of its environment
    scratch     folder for Spark and for what goes in and out
    """

    twin: Sampling
    executable: str
    scratch: Path
    name: str = "Tumult Analytics"

    @property
    def setting(self) -> str:
        return self.twin.setting

    def __call__(self, case: Case, seed: int) -> Estimates:
        total = float(rho_for(case.epsilon, case.delta) if self.twin.kind == "gaussian" else case.epsilon)
        rows = {"who": case.who, "cell": case.cell}
        queries = [_query("cell", case.cells, self.twin.limits, total * (1 - self.twin.regions))]
        if self.twin.region_limits is not None:
            rows["region"] = case.region[case.cell // case.bins] * case.bins + case.cell % case.bins
            keys = (int(case.region.max()) + 1) * case.bins
            queries.append(_query("region", keys, self.twin.region_limits, total * self.twin.regions))
        self.scratch.mkdir(parents=True, exist_ok=True)
        repeated = {name: np.repeat(column, case.weight) for name, column in rows.items()}
        pl.DataFrame(repeated).write_parquet(self.scratch / "rows.parquet")
        python(CODE, self.scratch, self.twin.kind, json.dumps(queries), executable=self.executable)
        cells: Float64 = np.load(self.scratch / "cell.npy")
        regions = {"regions": np.load(self.scratch / "region.npy")} if self.twin.region_limits is not None else {}
        return Estimates(cells, self.twin.stderr(case), {}, regions)


def _query(column: str, keys: int, limits: Limits, budget: float) -> dict[str, int | float | str]:
    return {"column": column, "keys": keys, "cells": limits.cells, "rows": limits.rows, "budget": budget}
