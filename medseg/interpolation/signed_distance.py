"""Shape-based interpolation: signed distances to the drawn outlines, monotone cubic across slices."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from medseg.interpolation.gap import Gap


def signed_distance(gap: Gap) -> npt.NDArray[np.float32]:
    """Fill a gap by the distance to the outline.

    Between slices each pixel's depth follows a monotone cubic (PCHIP): it never overshoots, so that
    nothing grows beyond what was drawn on the slices above and below.

    Source:
        Raya & Udupa, Shape-based interpolation of multidimensional objects, IEEE TMI 9:32-42 (1990);
        Fritsch & Carlson, Monotone piecewise cubic interpolation, SIAM J. Numer. Anal. 17:238-246 (1980).
    """
    from medseg.interpolation.ends import with_ends
    from medseg.interpolation.pchip import across_gap

    ended, _ = with_ends(gap)
    return across_gap(ended.depth_mm, ended.indices, ended.before)
