"""`python -m labsight_lab`: the command where no script folder is on the PATH."""

import sys

from labsight_lab.cli import main

sys.exit(main())
