"""ITK's MorphologicalContourInterpolator as a process of its own: jobs come in by lines, results go out.

Loading it takes 10 s and 1.5 GB, and with SimpleITK or scipy in the same process it ends in an abort, so it
is loaded once, with numpy alone, by an interpreter of its own (see ``peer.py``). A job is a line of JSON,
``{"input": NPY, "output": NPY, "axis": 0…2 or -1, "spacing_kji_mm": […]}``; the answer is a line with the
seconds that the filter itself took.
"""

from __future__ import annotations

import json
import os
import sys
import time

import itk
import numpy as np

THREADS = 4


def main() -> None:
    """Answer until the input ends."""
    itk.MultiThreaderBase.SetGlobalDefaultNumberOfThreads(THREADS)
    kind = itk.Image[itk.UC, 3]
    itk.MorphologicalContourInterpolator[kind]
    print(json.dumps({"ready": itk.Version.GetITKVersion()}), flush=True)
    for line in sys.stdin:
        job = json.loads(line)
        sparse = np.load(job["input"])
        image = itk.image_from_array(sparse)
        image.SetSpacing([float(mm) for mm in job["spacing_kji_mm"][::-1]])
        completion = itk.MorphologicalContourInterpolator[kind].New()
        completion.SetInput(image)
        # ITK counts axes from the fastest one; -1 takes all along which it finds slices.
        completion.SetAxis(-1 if job["axis"] < 0 else 2 - job["axis"])
        start = time.perf_counter()
        completion.Update()
        seconds = time.perf_counter() - start
        np.save(job["output"], itk.array_from_image(completion.GetOutput()))
        print(json.dumps({"seconds": seconds}), flush=True)
    # ITK's own end of the process is an abort on some systems.
    os._exit(0)


if __name__ == "__main__":
    main()
