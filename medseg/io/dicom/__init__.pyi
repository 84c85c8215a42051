from .find import Inventory as Inventory
from .find import Series as Series
from .find import find_series as find_series
from .plan import NoVolume as NoVolume
from .plan import Outcome as Outcome
from .plan import VolumePlan as VolumePlan
from .plan import plan_inventory as plan_inventory
from .plan import plan_series as plan_series
from .read import read_planned as read_planned
from .read import read_series as read_series
from .summary import summarise as summarise
from .write import write_series as write_series

__all__ = [
    "Inventory",
    "NoVolume",
    "Outcome",
    "Series",
    "VolumePlan",
    "find_series",
    "plan_inventory",
    "plan_series",
    "read_planned",
    "read_series",
    "summarise",
    "write_series",
]
