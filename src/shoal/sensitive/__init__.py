"""Sensitive places: clinics, shelters, places of worship and the like, near which no record is used.

Public side knowledge, like the zones: what is left out for their sake follows from a public list and from geometry.
"""

from shoal.sensitive.applied import Sensitive, load_sensitive

__all__ = ["Sensitive", "load_sensitive"]
