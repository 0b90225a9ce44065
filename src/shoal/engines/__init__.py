"""Engines: map every bucket, add up. Every engine gives the same integers."""

from shoal.engines._engine import Engine, Opened, Progress
from shoal.engines.local import LocalEngine
from shoal.engines.spark import SparkEngine

__all__ = ["Engine", "LocalEngine", "Opened", "Progress", "SparkEngine"]
