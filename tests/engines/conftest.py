"""One cluster of Spark for all tests that need one."""

from collections.abc import Iterator

import pytest

from tests.engines import spark_cluster
from tests.engines.spark_cluster import Cluster


@pytest.fixture(scope="session")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    yield from spark_cluster.start(tmp_path_factory.mktemp("spark"))
