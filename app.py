"""Opens the page while the bundled demo PRM loads: for `make demo` and a hosted Space."""

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

from prm_app.catalog import DEFAULT
from prm_app.host import LocalHost
from prm_app.ui import launch

if __name__ == "__main__":
    host = LocalHost()
    host.select(DEFAULT.key)
    launch(
        host,
        server_name=os.environ.get("GRADIO_SERVER_NAME", "127.0.0.1"),
        server_port=int(os.environ.get("GRADIO_SERVER_PORT", "7860")),
    )
