"""What a hosted Space does with this repository, on this machine: `python -m space` in tests/.

A user of its own with an empty home gets the files, an environment as the README's head and
requirements.txt say, and starts the page. The page has to answer under the strangers' policy, to
write nowhere but in its home and in temporary folders, and to pass the browser tests that a
stranger can. Needs root, for the user. Prints what it measured, and ends with 1 if anything failed.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
from gradio_client import Client
from http_server import answers
from huggingface_hub import metadata_load

ROOT = Path(__file__).parents[2]
PATH = "/usr/local/bin:/usr/bin:/bin"
USER, PORT = "prm-app-space", 7871
SECONDS = 30 * 60
"""A Space that takes longer to start is stopped."""
BESIDE = ["uvicorn>=0.14.0", "websockets>=10.4", "spaces"]
"""What a Space installs in one call with requirements.txt and `gradio[oauth,mcp]`."""
BROWSER = ["score", "rank", "visit"]
"""The browser tests of what a stranger may do."""
TEXT = ("What is 2 + 3 * 4?", "3 * 4 = 12\n2 + 12 = 14")


def main() -> int:
    head = metadata_load(ROOT / "README.md")
    python = shutil.which(f"python{head['python_version']}", path=PATH)
    assert python, "the README's Python is not here for all users"
    measured: dict[str, float | str] = {}
    with a_user() as home, tempfile.NamedTemporaryFile() as stamp:
        app = home / "app"
        files = subprocess.check_output(["git", "ls-files", "-z"], cwd=ROOT, text=True)
        for name in filter(None, files.split("\0")):
            (app / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, app / name, follow_symlinks=False)
        subprocess.run(["chown", "-R", f"{USER}:", app], check=True)
        measured["install_seconds"] = install(home, python, head["sdk_version"])
        with space(home, head["app_file"]) as process:
            measured |= first_answers(process)
        print(json.dumps(measured), flush=True)
        with space(home, head["app_file"], PRM_APP_DEMO="small"):
            tests = [f"tests/browser/test_{name}.py" for name in BROWSER]
            address = {"PRM_APP_PAGE": f"http://127.0.0.1:{PORT}"}
            subprocess.run(
                [sys.executable, "-m", "pytest", *tests],
                cwd=ROOT,
                env=os.environ | address,
                check=True,
            )
        written = elsewhere(home, stamp.name)
        measured["environment_mb"] = megabytes(home / "environment")
        measured["home_mb"] = megabytes(home)
    print(json.dumps(measured, indent=1))
    for path in written:
        print(f"written outside its home: {path}")
    return 1 if written else 0


@contextmanager
def a_user() -> Iterator[Path]:
    """The empty home of a new user, who is removed afterwards."""
    subprocess.run(["useradd", "--create-home", "--skel", "/nonexistent", USER], check=True)
    try:
        yield Path(f"~{USER}").expanduser()
    finally:
        subprocess.run(["userdel", "--remove", USER], check=True, stderr=subprocess.DEVNULL)


def environment(home: Path, **more: str) -> dict[str, str]:
    """What a program of the user's finds: nothing of ours but how packages are reached."""
    passed = {name: value for name, value in os.environ.items() if name.startswith("PIP_")}
    own = {"HOME": str(home), "PATH": PATH, "LANG": "C.UTF-8"}
    return passed | own | {"GRADIO_TEMP_DIR": f"/tmp/{USER}"} | more  # /tmp/gradio may be another's


def install(home: Path, python: str, gradio: str) -> float:
    """Installs as a Space does; returns the seconds. Only requirements.txt is there meanwhile.

    Wheels of PyTorch's build for CPUs in `PIP_FIND_LINKS` take the place of its index.
    """
    begun = time.perf_counter()
    requirements = (home / "app" / "requirements.txt").read_text()
    if any(Path(os.environ.get("PIP_FIND_LINKS", "/nonexistent")).glob("torch-*+cpu-*")):
        print("PyTorch comes from PIP_FIND_LINKS, not from its index for CPUs")
        lines = requirements.splitlines()
        requirements = "\n".join(line for line in lines if not line.startswith("--extra-index-url"))
    (home / "requirements.txt").write_text(requirements)
    wanted = ["-r", home / "requirements.txt", f"gradio[oauth,mcp]=={gradio}", *BESIDE]
    for command in (
        [python, "-m", "venv", home / "environment"],
        [home / "environment" / "bin" / "pip", "install", "--quiet", "--no-cache-dir", *wanted],
    ):
        as_user = {"user": USER, "group": USER, "extra_groups": []}
        subprocess.run(command, env=environment(home), cwd=home, check=True, **as_user)
    return round(time.perf_counter() - begun, 1)


@contextmanager
def space(home: Path, app_file: str, **more: str) -> Iterator[subprocess.Popen[bytes]]:
    """The running Space."""
    variables = {
        "SPACE_ID": "someone/space",
        "SYSTEM": "spaces",
        "GRADIO_SERVER_NAME": "127.0.0.1",
        "GRADIO_SERVER_PORT": str(PORT),
    }
    process = subprocess.Popen(
        [home / "environment" / "bin" / "python", app_file],
        cwd=home / "app",
        env=environment(home, **variables, **more),
        user=USER,
        group=USER,
        extra_groups=[],
    )
    try:
        until = time.monotonic() + SECONDS
        while not answers(f"http://127.0.0.1:{PORT}"):
            assert process.poll() is None and time.monotonic() < until, "the page did not start"
            time.sleep(0.2)
        yield process
    finally:
        process.terminate()
        process.wait(60)


def first_answers(process: subprocess.Popen[bytes]) -> dict[str, float | str]:
    """Times from the start, memory, and that a stranger gets the models on offer and no other."""
    started = psutil.Process(process.pid).create_time()
    page = time.time() - started
    client = Client(f"http://127.0.0.1:{PORT}", verbose=False)
    scored = client.predict(*TEXT, api_name="/score")
    assert len(scored["rewards"]) == 2, scored
    seconds = time.time() - started
    offered = [model["key"] for model in client.predict(api_name="/models")]
    assert offered == ["demo-skywork", "demo-qwen"], offered
    refusals = set()
    for name in ("Qwen/Qwen2.5-Math-PRM-7B", "/etc", "/nonexistent"):
        try:
            client.predict(*TEXT, name, api_name="/score")
        except Exception as error:
            refusals.add(str(error))
    assert len(refusals) == 1 and "does not offer that model" in refusals.pop()
    return {
        "page_seconds": round(page, 1),
        "first_score_seconds": round(seconds, 1),
        "memory_mb": sum(
            each.memory_info().rss // 10**6
            for each in psutil.Process(process.pid).children(recursive=True)
        ),
    }


def elsewhere(home: Path, stamp: str) -> list[str]:
    """What the user has written outside its home and the temporary folders."""
    pruned = ["/proc", "/sys", "/tmp", str(home)]
    among = [word for path in pruned for word in ("-path", path, "-o")][:-1]
    tests = ["-user", USER, "-newer", stamp, "-print"]
    found = subprocess.run(
        ["find", "/", "(", *among, ")", "-prune", "-o", *tests], capture_output=True, text=True
    )
    return found.stdout.splitlines()


def megabytes(folder: Path) -> float:
    said = subprocess.check_output(["du", "-s", "--block-size=1000000", folder], text=True)
    return int(said.split()[0])


if __name__ == "__main__":
    sys.exit(main())
