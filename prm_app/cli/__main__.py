"""`python -m prm_app.cli`, where the script `prm-app` is not on the path."""

import sys

from prm_app.cli import main

if __name__ == "__main__":
    sys.exit(main())
