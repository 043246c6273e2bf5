"""How much of a file is read before it is refused: far above any real school, far below harm."""

from __future__ import annotations

MIB = 1024 * 1024

MAX_UPLOAD = 100 * MIB  # a year of session marks of 2,000 students is about 20 MiB as CSV
MAX_REPORT = 160 * MIB  # one report, unpacked; the same marks as XML need about 150
MAX_UNPACKED = 320 * MIB  # all reports of a zip together
MAX_ENTRIES = 20  # reports in a zip
MAX_DIRECTORY = 16 * 1024  # bytes of a zip's table of contents: 20 entries need about 2,000
MAX_RATIO = 200  # real XML shrinks to a fiftieth; a zip bomb to a thousandth
MAX_PROLOGUE = 64 * 1024  # bytes before the first element
MAX_TAGLESS = MIB  # bytes between two tags: one value (a photo in base64), one tag with its attributes
MAX_MARKUP = 100  # processing instructions and namespace declarations
MAX_ATTRIBUTES = 100  # different names of attributes
MAX_DEPTH = 32  # the inline schema nests 8 deep, the records 3
MAX_SCHEMA = 5_000  # elements of the inline schema
MAX_STRANGERS = 100  # children of the root that are neither schema nor record
MAX_COLUMNS = 300
MAX_ROWS = 1_000_000
MAX_PEOPLE = 100_000  # students, contacts and staff together; each holds some memory until the end
MAX_SEVERAL = 100  # conditions, needs or telephones of one person
MAX_LINE = 128 * 1024  # characters of one line of a CSV file
MAX_PROBLEMS = 100  # of each kind; the rest is counted
