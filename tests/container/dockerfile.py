"""Carries out a Dockerfile's steps in a folder that holds a Debian, without Docker."""

import json
import re
import shlex
import shutil
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


@dataclass
class Image:
    """A root folder and what a Dockerfile says of it.

    Args:
        root: The folder.
        context: The folder that `COPY . .` copies from: of it, what git knows.
        arguments: The build arguments.
        reach: Variables for its steps alone, by which this machine's packages are reached.
    """

    root: Path
    context: Path
    arguments: dict[str, str]
    reach: dict[str, str]
    variables: dict[str, str] = field(default_factory=lambda: {"PATH": PATH})
    user: str = "root"
    folder: str = "/"
    entrypoint: list[str] = field(default_factory=list)
    command: list[str] = field(default_factory=list)
    health: str = ""

    def build(self, dockerfile: Path) -> None:
        """Carries out every step after FROM."""
        text = re.sub(r"^#.*\n", "", dockerfile.read_text(), flags=re.M).replace("\\\n", " ")
        for line in filter(None, map(str.strip, text.splitlines())):
            step, _, rest = line.partition(" ")
            print(f"{step} {rest}", flush=True)
            getattr(self, f"_{step.lower()}")(rest)

    def run(self, words: list[str], **variables: str) -> subprocess.Popen[str]:
        """Starts a command as the image's user in its folder, in a process group of its own."""
        home = "/root" if self.user == "root" else f"/home/{self.user}"
        told = {"HOME": home, **self.variables, **variables}
        assigned = [f"{name}={value}" for name, value in told.items()]
        inside = ["chroot", f"--userspec={self.user}:", self.root, "env", "-i", *assigned]
        script = f"cd {shlex.quote(self.folder)} && exec {shlex.join(words)}"
        return subprocess.Popen([*inside, "sh", "-c", script], text=True, start_new_session=True)

    def _from(self, rest: str) -> None:
        assert rest == f"debian:{_codename(self.root)}-slim", rest

    def _arg(self, rest: str) -> None:
        name, _, default = rest.partition("=")
        self.arguments.setdefault(name, default)

    def _run(self, rest: str) -> None:
        process = self.run(["sh", "-ec", rest], **self.arguments, **self.reach)
        assert process.wait() == 0, rest

    def _user(self, rest: str) -> None:
        self.user = rest

    def _workdir(self, rest: str) -> None:
        self.folder = rest
        (self.root / rest.lstrip("/")).mkdir(parents=True, exist_ok=True)

    def _copy(self, rest: str) -> None:
        assert rest == f"--chown={self.user} . .", rest
        target = self.root / self.folder.lstrip("/")
        left_out = (self.context / ".dockerignore").read_text().split()
        names = subprocess.check_output(["git", "ls-files", "-z"], cwd=self.context, text=True)
        for name in filter(None, names.split("\0")):
            if name.split("/")[0] not in left_out:
                (target / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(self.context / name, target / name, follow_symlinks=False)
        owner = ["chown", "--recursive", f"{self.user}:", self.folder]
        subprocess.run(["chroot", self.root, *owner], check=True)

    def _env(self, rest: str) -> None:
        name, _, value = rest.partition("=")
        self.variables[name] = value

    def _healthcheck(self, rest: str) -> None:
        self.health = rest.partition("CMD ")[2]

    def _entrypoint(self, rest: str) -> None:
        self.entrypoint = json.loads(rest)

    def _cmd(self, rest: str) -> None:
        self.command = json.loads(rest)

    def _volume(self, rest: str) -> None: ...

    def _expose(self, rest: str) -> None: ...


def _codename(root: Path) -> str:
    return re.search(r"VERSION_CODENAME=(\w+)", (root / "etc/os-release").read_text())[1]
