"""The peers of the drivers' tests are those of the command that finds and reads meters."""

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parent.parent / "drivers"))
