"""``python -m migrate_validate`` is ``migrate-validate``."""

import sys

from migrate_validate.cli import main

sys.exit(main())
