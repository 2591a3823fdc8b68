# SPDX-License-Identifier: GPL-2.0-or-later
"""
One shell in a node's namespaces for all commands of a test.

FRR's library starts nsenter, which becomes bash, which becomes the command, for
each of them.  In User-mode Linux that is nearly all the processor time that a
test takes.  This bash stays, and has a copy of itself evaluate what comes; two zeros
with the result between them end the output, one zero ends the errors.

The library's own commands go the same way, from FRR 8 on until 10 brings
another library: it takes a hundred a node to begin a net and to end it.
"""
import os
import selectors
import shlex
import subprocess


class Shell:
    def __init__(self, commander):
        self.process = commander.popen(
            ["/bin/bash", "--norc"], stdin=subprocess.PIPE, encoding=None, bufsize=0)
        self.out, self.err = (f.fileno() for f in (self.process.stdout, self.process.stderr))

    def run(self, command, folder="."):
        "(result, output, errors) of it, in that folder."
        self.process.stdin.write(
            b"(cd %s 2>/dev/null; eval %s) </dev/null; printf '\\0%%d\\0' $?; printf '\\0' >&2\n"
            % (shlex.quote(folder).encode(), shlex.quote(command).encode()))
        found = {self.out: b"", self.err: b""}
        with selectors.DefaultSelector() as waiting:
            for fd in found:
                waiting.register(fd, selectors.EVENT_READ)
            while waiting.get_map():
                for key, _ in waiting.select():
                    some = os.read(key.fd, 1 << 16)
                    assert some, "the shell ended: " + command
                    found[key.fd] += some
                    if found[key.fd].count(b"\0") == (2 if key.fd == self.out else 1):
                        waiting.unregister(key.fd)
        out, rc, _ = found[self.out].split(b"\0")
        return int(rc), out.decode(errors="replace"), found[self.err][:-1].decode(errors="replace")

    def end(self):
        self.process.stdin.close()
        self.process.wait()


def adopt(micronet):
    """
    Have FRR 8's library use such a shell in each of its namespaces, which ends
    with them.  What is not for a namespace, has an input or more wishes than to
    have its errors among its output is left to it.
    """
    by_itself = micronet.Commander.cmd_status

    def cmd_status(self, cmd, raises=False, warn=True, stdin=None, **kwargs):
        joined = kwargs == {"stderr": subprocess.STDOUT}
        text = cmd if isinstance(cmd, str) else shlex.join(map(str, cmd))
        if (self.pre_cmd[:1] != ["/usr/bin/nsenter"] or stdin is not None
                or kwargs and not joined or text.split()[0] == "cd"):
            return by_itself(self, cmd, raises, warn, stdin, **kwargs)
        # its namespaces and its folder
        key = tuple(self.pre_cmd)
        shells = vars(self).setdefault("shells", {})
        if key not in shells:
            shells[key] = Shell(self)
        self.logger.debug("%s: %s", self, text)
        rc, out, err = shells[key].run("exec 2>&1; " + text if joined else text)
        if rc and warn:
            self.logger.warning("%s: %s: status %d: %s%s", self, text, rc, out, err)
        if rc and raises:
            raise subprocess.CalledProcessError(rc, text, out, err)
        return rc, out, err

    def end_with(cls, last):
        "`last`: it has commands to the end."
        delete = cls.delete

        def wrapped(self):
            if last:
                delete(self)
            for shell in vars(self).pop("shells", {}).values():
                shell.end()
            if not last:
                delete(self)

        cls.delete = wrapped

    micronet.Commander.cmd_status = cmd_status
    end_with(micronet.LinuxNamespace, last=False)
    end_with(micronet.Bridge, last=True)
