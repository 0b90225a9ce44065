"""The only place where OpenDP is imported: the parts that Shoal uses, with their features switched on.

Not through `opendp.prelude`, which also imports whatever data libraries happen to be installed and takes seconds.
"""

from functools import cache
from types import SimpleNamespace


@cache
def opendp() -> SimpleNamespace:
    """OpenDP's constructors. Its whole interface is marked `contrib`; our use of it is cross-checked in tests."""
    from opendp import accuracy, combinators, domains, measurements, metrics, mod

    mod.enable_features("contrib")
    return SimpleNamespace(
        atom_domain=domains.atom_domain,
        vector_domain=domains.vector_domain,
        l1_distance=metrics.l1_distance,
        l2_distance=metrics.l2_distance,
        make_gaussian=measurements.make_gaussian,
        make_laplace=measurements.make_laplace,
        make_zcdp_to_approxdp=combinators.make_zCDP_to_approxDP,
        gaussian_accuracy=accuracy.discrete_gaussian_scale_to_accuracy,
        laplace_accuracy=accuracy.discrete_laplacian_scale_to_accuracy,
    )
