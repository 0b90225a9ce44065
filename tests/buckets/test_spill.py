"""Records on disk, as threads take them by turns."""

import os
from pathlib import Path
from threading import Thread

import numpy as np
import pytest

from shoal.buckets import POINT
from shoal.buckets.spill import Spill


@pytest.mark.skipif(not hasattr(os, "posix_fadvise"), reason="this system is not told what will be read")
def test_a_file_is_not_closed_while_the_disk_is_told_of_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One thread says which part comes next; another has taken it by then, and it was the last of its file."""
    spill, others = Spill(POINT, 1, tmp_path), []
    spill.write(0, np.zeros(10, dtype=POINT))

    def slow(file: int, *_: int) -> None:
        others.append(Thread(target=spill.forget, args=(0,)))
        others[0].start()
        others[0].join(0.2)
        os.fstat(file)  # fails where it was closed

    monkeypatch.setattr(os, "posix_fadvise", slow)
    spill.fetch(0)
    others[0].join()
    assert spill.nbytes == 0
