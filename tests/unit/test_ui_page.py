"""The page is there before any engine is."""

import subprocess
import sys

PROGRAM = """
import sys
from prm_app.local.models import LocalModels
from prm_app.ui import build
from prm_app.ui.policy import Policy
page = build(LocalModels(), Policy(), "There is a GPU here <b>.")
print(sorted(f.api_name for f in page.fns.values() if f.api_visibility == "public"))
print(next(b for b in page.blocks.values() if b.elem_id == "advice").value)
print([name for name in ("vllm", "torch", "transformers") if name in sys.modules])
"""


def test_page_is_built_without_importing_an_engine():
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    endpoints, advice, imported = done.stdout.splitlines()
    assert endpoints == "['models', 'rank', 'score']" and imported == "[]"
    assert "There is a GPU here &lt;b&gt;." in advice
