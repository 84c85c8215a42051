"""DICOM: series of classic single-frame CT, MR and PET images ↔ Volume.

The way in is ``files → headers → series → one volume → pixels``, a module each:

=============  =====================================================================================
``find``       which files are DICOM, and which of them belong together
``header``     what one file says about itself, without its pixels
``kinds``      images, segmentations and everything else
``checks``     why a series is not one volume: the table of refusals
``geometry``   the grid that fits all slice positions, or the reason why none does
``quantity``   what the values measure
``plan``       all of the above for one series
``pixels``     the stored values of one file
``rescale``    stored values → real values in the smallest type that holds them exactly
``read``       the whole way to a Volume
``summary``    the way up to the pixels, as a table for people and scripts
``write``      a Volume → a classic series
=============  =====================================================================================
"""

from medseg.io.dicom.find import Inventory, Series, find_series
from medseg.io.dicom.read import read_planned, read_series
from medseg.io.dicom.summary import summarise
from medseg.io.dicom.write import write_series

__all__ = ["Inventory", "Series", "find_series", "read_planned", "read_series", "summarise", "write_series"]
