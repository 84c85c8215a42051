"""DICOM: series of CT, MR and PET images ↔ Volume and VolumeSeries.

The way in is ``files → headers → series → parts → stacks → plans → pixels``, a module each:

==================  ================================================================================
``tags``            every element that is read, by keyword
``walk``            where elements lie in a file, the quick way
``pydicom_source``  the same, leniently, for files that are not quite DICOM
``elements``        their values
``header``          what one image says about itself, without its pixels
``dimensions``      what tells images at one place apart; ``diffusion`` and ``mosaic`` help
``kinds``           images, segmentations and everything else
``find``            which files are DICOM, and which of them belong to one series
``parts``           the parts of a series that could be volumes, without localizers and pictures
``announced``       how many images there should be
``checks``          why images are no volume: the tables of refusals
``stacks``          one volume, several, or a series of volumes: by what headers declare
``undeclared``      the same, by times, counts and order where nothing is declared
``places``          which images lie in one place
``series_axis``     what the fourth axis of such a series is
``geometry``        the grid that fits all slice positions, or the reason why none does
``quantity``        what the values measure; ``suv``, ``pet``, ``decay`` and ``clock`` for PET
``plan``            all of the above for one series
``pixels``          stored values, decoded by ``codecs`` where they are compressed
``rescale``         stored values → real values in the smallest type that holds them exactly
``read``            the whole way to a Volume
``summary``         the way up to the pixels, as a table for people and scripts
``write``           a Volume → a classic series
==================  ================================================================================
"""

import lazy_loader

# pydicom, which writing needs, takes a third of a second to import: reading shall not wait for it.
__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
