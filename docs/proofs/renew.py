"""Write the hash of each statistic's code into its proof note. Run it only after reading the proof against the code."""

import re
from hashlib import sha256
from pathlib import Path

ROOT = Path(__file__).parents[2]

for note in sorted((ROOT / "docs/proofs").glob("[!_]*.md")):
    code = ROOT / "src/shoal/statistics" / f"{note.stem}.py"
    if code.exists():
        digest = sha256(code.read_bytes()).hexdigest()
        note.write_text(re.sub(r"SHA-256 `[^`]*`", f"SHA-256 `{digest}`", note.read_text(), count=1))
