"""The Weimar Jazz Database -> tunes: transcribed solos over chord changes."""

from djmodel.inputs.wjazzd.records import NOTICE as NOTICE
from djmodel.inputs.wjazzd.solo_filter import SoloFilter as SoloFilter
from djmodel.inputs.wjazzd.solos import bundled_file as bundled_file
from djmodel.inputs.wjazzd.solos import bundled_solos as bundled_solos
from djmodel.inputs.wjazzd.solos import bundled_split as bundled_split
from djmodel.inputs.wjazzd.solos import is_solo_database as is_solo_database
from djmodel.inputs.wjazzd.solos import read_solos as read_solos
