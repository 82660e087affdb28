"""The container file and the compose file, carried out without Docker: `python -m container`.

In tests/, as root, on a machine that has debootstrap: every step of the Dockerfile runs in a fresh
Debian, then the compose file's two servers and its page run there as its user, each answers its
health check, the page scores, and goes on scoring when one server is gone. What only Docker does is
not tried: layers, networks of its own, volumes, restarts. Prints what it measured.
"""

import argparse
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import yaml
from container.dockerfile import Image
from gradio_client import Client

ROOT = Path(__file__).parents[2]
MIRROR = "http://deb.debian.org/debian"
PORTS = {"server1": 18001, "server2": 18002, "page": 17860}
SECONDS = 600
TEXT = ("What is 2 + 3 * 4?", "3 * 4 = 12\n2 + 12 = 14")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--root", type=Path, help="a folder with a Debian, which is copied")
    debian = parser.parse_args().root
    measured: dict[str, float] = {}
    with ExitStack() as stack:
        root = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="container")))
        make = ["debootstrap", "--variant=minbase", "bookworm", root, MIRROR]
        subprocess.run(["cp", "-aT", debian, root] if debian else make, check=True)
        reach = stack.enter_context(prepared(root))
        image = Image(root, ROOT, {"BACKEND": "cpu"}, reach)
        begun = time.perf_counter()
        image.build(ROOT / "Dockerfile")
        measured["build_seconds"] = round(time.perf_counter() - begun)
        size = ["du", "-sx", "--block-size=1000000", root]
        measured["image_mb"] = int(subprocess.check_output(size, text=True).split()[0])
        measured |= services(image)
    print(json.dumps(measured, indent=1))
    return 0


@contextmanager
def prepared(root: Path) -> Iterator[dict[str, str]]:
    """Gives the root what a kernel gives, and copies of what this machine reaches packages by.

    Nothing of this machine is mounted there: what a step writes stays in the root. Gives the
    variables that name the copies.
    """
    reach = {name: value for name, value in os.environ.items() if name.startswith(("PIP_", "SSL_"))}
    shutil.copy("/etc/resolv.conf", root / "etc/resolv.conf")
    if certificates := os.environ.get("SSL_CERT_FILE"):
        shutil.copy(certificates, root / "etc/machine.crt")
        reach |= dict.fromkeys(("SSL_CERT_FILE", "PIP_CERT"), "/etc/machine.crt")
    if Path(wheels := os.environ.get("PIP_FIND_LINKS", "/nonexistent")).is_dir():
        shutil.copytree(wheels, root / wheels.lstrip("/"), dirs_exist_ok=True)
    mounts = {"proc": root / "proc", "sysfs": root / "sys", "tmpfs": root / "dev/shm"}
    try:
        for kind, path in mounts.items():
            path.mkdir(exist_ok=True)
            mode = "ro" if kind == "sysfs" else "rw"
            subprocess.run(["mount", "-t", kind, "-o", mode, kind, path], check=True)
        yield reach
    finally:
        for path in mounts.values():
            subprocess.run(["umount", "--lazy", path], check=False)


def services(image: Image) -> dict[str, float]:
    """Runs what the compose file says; returns the seconds until each is healthy."""
    described = yaml.safe_load((ROOT / "compose.yaml").read_text())["services"]
    seconds: dict[str, float] = {}
    running = {}
    try:
        for name in ("server1", "server2", "page"):
            begun = time.perf_counter()
            running[name] = start(image, name, described[name])
            while not healthy(image, name, described[name]):
                assert running[name].poll() is None, f"{name} has ended"
                assert time.perf_counter() - begun < SECONDS, f"{name} is not healthy"
                time.sleep(1)
            seconds[f"{name}_seconds"] = round(time.perf_counter() - begun, 1)
        user = subprocess.check_output(["ps", "-o", "uid=", "-g", str(running["page"].pid)])
        assert set(user.split()) == {b"1000"}, user
        client = Client(f"http://127.0.0.1:{PORTS['page']}", verbose=False)
        assert len(client.predict(*TEXT, api_name="/score")["rewards"]) == 2
        end(running.pop("server1"))
        for number in range(4):
            scored = client.predict(f"{TEXT[0]} ({number})", TEXT[1], api_name="/score")
            assert len(scored["rewards"]) == 2, scored
        assert any((image.root / "cache/prm-app").iterdir()), "the cache is not the volume's"
    finally:
        for process in running.values():
            end(process)
    return seconds


def start(image: Image, name: str, service: dict) -> subprocess.Popen[str]:
    """A service with this machine's loopback in the place of the network between containers."""
    words = [here(word) for word in service["command"]]
    if name == "page":
        where = {"GRADIO_SERVER_NAME": "127.0.0.1", "GRADIO_SERVER_PORT": str(PORTS[name])}
    else:
        where = {}
        words += ["--host", "127.0.0.1", "--port", str(PORTS[name])]
    return image.run([*image.entrypoint, *words], **variables(service), **where)


def healthy(image: Image, name: str, service: dict) -> bool:
    """What the image's health check says of a service."""
    address = variables(service).get("HEALTH", image.variables["HEALTH"])
    own = address.replace(":8000", f":{PORTS[name]}").replace(":7860", f":{PORTS[name]}")
    return image.run(["sh", "-c", f"{image.health} 2>/dev/null"], HEALTH=own).wait() == 0


def variables(service: dict) -> dict[str, str]:
    return {name: default(value) for name, value in service.get("environment", {}).items()}


def default(value: str) -> str:
    """`${NAME:-default}` as its default."""
    return value.partition(":-")[2].rstrip("}") if value.startswith("${") else value


def here(word: str) -> str:
    """A word of a command with the addresses of services on this machine's loopback."""
    for name, port in PORTS.items():
        word = word.replace(f"http://{name}:8000", f"http://127.0.0.1:{port}")
    return default(word)


def end(process: subprocess.Popen[str]) -> None:
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(60)


if __name__ == "__main__":
    sys.exit(main())
