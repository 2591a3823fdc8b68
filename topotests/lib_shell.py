# SPDX-License-Identifier: GPL-2.0-or-later
"""
One shell in a node's namespaces for all commands of a test.

FRR's library starts nsenter, which becomes bash, which becomes the command, for
each of them.  In User-mode Linux that is nearly all the processor time that a
test takes.  This bash stays, and has a copy of itself evaluate what comes; two zeros
with the result between them end the output, one zero ends the errors.
"""
import os
import selectors
import shlex
import subprocess


class Shell:
    def __init__(self, gear):
        self.process = gear.net.popen(
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
