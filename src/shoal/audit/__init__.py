"""Audit: a simulated copy of a release is attacked before the real one is published. Never opens real records."""

from shoal.audit.run import audit

__all__ = ["audit"]
