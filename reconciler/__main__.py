"""python -m reconciler: the same as `ship`."""

import sys

from reconciler.cli.ship import main

sys.exit(main())
