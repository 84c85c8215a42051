"""Delineate: what a reader draws, step by step, and what the engine proposes meanwhile."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
