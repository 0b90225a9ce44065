"""The plan that comes with a simulated city, with a word on each of its lines."""

from datetime import date, timedelta
from typing import Literal

from shoal.simulate.frame import TIMEZONE

DAYS_OF = {"day": 1, "week": 7}
"""Days of the units of privacy that a simulated city's plan may have."""


def unit_of(start: date, days: int) -> Literal["day", "week"]:
    """The unit of privacy: of whole weeks from a Monday on, the week, else the day."""
    return "week" if days % 7 == 0 and start.weekday() == 0 else "day"


def plan_text(*, start: date, days: int, seed: int, devices: int, records_per_day: float, resolution: int) -> str:
    """The plan as TOML."""
    unit = unit_of(start, days)
    return f"""\
# A plan says what is published about which records, and how those in them are protected. Nothing else is published.
#
#   shoal check plan.toml       what this would publish, and how precise; reads no record
#   shoal release plan.toml     publish it
#
# The records are simulated: shoal simulate OUT --devices {devices} --days {days} --seed {seed} \
--records-per-day {records_per_day:g}
# What the simulated people really did lies in truth/, to see how far a release is off.

[source]
name = "simulated-city"               # an account in the budget; every plan on this source draws from it
kind = "points"                       # points: where a device was at a time | trips: from where to where
files = ["records/*.parquet"]         # relative to this plan; .parquet .csv .csv.gz .ndjson
timezone = "{TIMEZONE}"      # hours and nights are local
synthetic = true                      # simulated: every output says so. Never set it for real people

[source.columns]                      # our name = the name in the files
device = "device"
time = "time"
lat = "lat"                           # degrees north, WGS 84
lon = "lon"                           # degrees east
accuracy = "accuracy"                 # metres; optional

[source.basis]                        # who may do this, and why; without a basis there is no release
controller = "Shoal simulation"
legal_basis = "simulated records of no real person"
purpose = "transport planning"

[zones]
kind = "h3"                           # hexagons; or your own: polygons | points
resolution = {resolution}                        # here 0.9 square kilometres each
area = "area.geojson"                 # the cells whose centre lies in this area; it is public
# kind = "polygons"                   # or the districts of this city:
# file = "zones.geojson"
# id = "id"
# name = "name"
# parent = "parent"

# [places]                            # named places beside the zones: markets, schools, parks, stations;
#                                     # it needs a statistic that is counted by them, such as the last one below
# file = "places.geojson"
# id = "id"
# name = "name"
# category = "category"

# [sensitive]                         # places near which no record is used: 533 metres around points, which silences
#                                     # a few hexagons; your own list: shoal sensitive convert, docs/sensitive-places.md
# file = "sensitive.geojson"

[period]
start = {start.isoformat()}                    # local dates
end = {(start + timedelta(days=days)).isoformat()}                      # exclusive
unit = "{unit}"                         # all records of a device in one such unit are protected: day | week | month

[privacy]
epsilon = 1.0                         # per unit, for everything below together; smaller protects more and blurs more
delta = 1e-8                          # the chance that this fails; far below one over the number of devices

[cleaning]                            # these are the defaults
max_accuracy = 200                    # metres; records that claim to be worse are left out
max_speed = 80                        # m/s between two records

[movement]                            # what counts as a stay; again the defaults
stay_radius = 200                     # metres
stay_minutes = 20
max_gap_minutes = 120                 # a longer silence is unknown, not presence

[statistics.presence]                 # how many devices are where, hour by hour
share = 4                             # of the budget, against the shares below
by = ["zone", "hour"]

[statistics.visits]                   # stays of at least 20 minutes, day by day
share = 2
by = ["zone", "day"]

[statistics.flows]                    # trips from one stay to the next
share = 4
by = ["origin", "destination"]
max_km = 12                           # between zones at most so far apart
bound = 4                             # a device with 16 trips between different zones is kept whole, one with more
                                      # is scaled down; without this line Shoal assumes a usual device

[statistics.residents]                # devices by the zone they live in; population.csv scales them up
share = 1
by = ["zone"]

# [statistics.visitors]                 # devices with a stay in each named place; visits and dwell can be by place, too
# share = 1
# by = ["place"]
"""
