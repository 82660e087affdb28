"""`python -m prm_app.cli`: the command `prm-app` for a shell that does not find it."""

import sys

from prm_app.cli import main

if __name__ == "__main__":
    sys.exit(main())
