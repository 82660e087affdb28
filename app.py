"""`prm-app ui`, for `make demo` and a hosted Space, with the same options."""

import os
import subprocess
import sys
from pathlib import Path

if "SPACE_ID" in os.environ:
    # A Space installs requirements.txt and not the project, whose plugin vLLM must find installed.
    root = Path(__file__).parent
    subprocess.run(
        [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--editable", root],
        check=True,
    )
    sys.path.append(str(root / "plugin"))

from prm_app.cli import main

if __name__ == "__main__":
    sys.exit(main(["ui", *sys.argv[1:]]))
