"""`prm-app ui`, for `make demo` and a hosted Space, with the same options.

A Space gives no arguments: there, `PRM_APP_OPTIONS` holds them.
"""

import os
import shlex
import subprocess
import sys
from pathlib import Path

if "SPACE_ID" in os.environ:
    os.environ.setdefault("FORWARDED_ALLOW_IPS", "*")  # only its proxy reaches a Space
    # A Space installs what requirements.txt names alone, before the project's files are there.
    root = Path(__file__).parent
    plugin, base = str(root / "plugin"), str(root / "requirements" / "demo.txt")
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps"]
    what = ["-r", base, "--editable", plugin, "--editable", str(root)]
    subprocess.run([*pip, *what], check=True)
    sys.path.append(plugin)  # editable installs are on the path of the next start

from prm_app.cli import main

if __name__ == "__main__":
    sys.exit(main(["ui", *shlex.split(os.environ.get("PRM_APP_OPTIONS", "")), *sys.argv[1:]]))
