"""The parts of :func:`medseg.workflows.convert.convert`, in the order of the work.

===========  ======================================================================================
``options``  what a user may ask for
``intake``   inputs → planned volumes, images that are none, and whose every file is
``job``      one planned volume → files under their final names; runs in any process
``pool``     jobs on the processors of one machine
``cluster``  the same jobs on a Dask cluster
``tally``    how far it has come
===========  ======================================================================================
"""
