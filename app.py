"""`prm-app ui`, for `make demo` and a hosted Space, with the same options."""

import os
import subprocess
import sys
from pathlib import Path

if "SPACE_ID" in os.environ:
    # A Space installs what requirements.txt names alone, before the project's files are there.
    root = Path(__file__).parent
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps"]
    subprocess.run([*pip, "--editable", root / "plugin", "--editable", root], check=True)
    sys.path.append(str(root / "plugin"))  # editable installs are on the path of the next start

from prm_app.cli import main

if __name__ == "__main__":
    sys.exit(main(["ui", *sys.argv[1:]]))
