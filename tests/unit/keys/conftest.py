"""Makes the security key in software importable, which lies beside the functional tests of keys."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2] / "functional" / "keys"))
