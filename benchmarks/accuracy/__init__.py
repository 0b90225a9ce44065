"""How far published numbers lie from the truth: Shoal against its peers at one guarantee."""
