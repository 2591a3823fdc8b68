/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One child, whose output is a pipe that ends with it.  A daemon that hangs
 * would hang vtysh, and us; so after a silence of a minute the child is ended,
 * and what it had done by then nobody knows: the caller looks.
 *
 * Output is wiped when it is freed: a running configuration has passwords.
 */
#include "wgd-mesh/mesh_vtysh.h"

#include <assert.h>
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/backend/wg_secbuf.h"

extern char **environ;

static int start(const struct mesh_vtysh *v, int out, pid_t *ret)
{
	const char *argv[2 * MESH_VTYSH_COMMANDS + 2] = {v->program};
	posix_spawn_file_actions_t actions;
	size_t i, n = 1;
	int rc;

	assert(v->n <= MESH_VTYSH_COMMANDS);
	for (i = 0; i < v->n; i++) {
		argv[n++] = "-c";
		argv[n++] = v->command[i];
	}
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null",
					 O_RDONLY, 0);
	posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO);
	posix_spawn_file_actions_adddup2(&actions, out, STDERR_FILENO);
	rc = posix_spawnp(ret, v->program, &actions, NULL, (char **)argv,
			  environ);
	posix_spawn_file_actions_destroy(&actions);
	return -rc;
}

/* All that comes; -ETIMEDOUT. */
static int collect(int fd, struct wg_secbuf *s)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};
	ssize_t n = 1;
	int rc;

	while (n > 0) {
		rc = wg_secbuf_reserve(s, 65536);
		if (rc)
			return rc;
		rc = poll(&p, 1, 1000 * MESH_VTYSH_S);
		if (rc == 0)
			return -ETIMEDOUT;
		n = rc < 0 ? rc : read(fd, s->b + s->len, s->size - s->len - 1);
		if (n < 0 && errno != EINTR)
			return -errno;
		s->len += n > 0 ? n : 0;
		n = n < 0 ? 1 : n;
	}
	s->b[s->len] = '\0';
	return 0;
}

/* The first line that speaks of a failure, or the last one: printable. */
static void words_of(const char *text, char *ret, size_t size)
{
	const char *best = "it says nothing", *line = text;
	size_t n, i;

	for (; *line; line += n + (line[n] == '\n')) {
		n = strcspn(line, "\n");
		if (n)
			best = line;
		if (*line == '%')
			break;
	}
	for (i = 0; i < size - 1 && best[i] && best[i] != '\n'; i++)
		ret[i] = isprint((unsigned char)best[i]) ? best[i] : '?';
	ret[i] = '\0';
}

static int verdict(const struct mesh_vtysh *v, int status, const char *text,
		   struct mesh_why *why)
{
	char words[200];

	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return 0;
	words_of(text, words, sizeof(words));
	return mesh_because(why, -EREMOTEIO, "%s: %s", v->program, words);
}

int mesh_vtysh_run(const struct mesh_vtysh *v, struct mesh_bytes *ret,
		   struct mesh_why *why)
{
	struct wg_secbuf s = {0};
	int ends[2], status = 0, rc;
	pid_t pid;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return mesh_because(why, -errno, "%s: %s", v->program,
				    strerror(errno));
	rc = start(v, ends[1], &pid);
	close(ends[1]);
	if (rc) {
		close(ends[0]);
		return mesh_because(
			why, rc, "%s: %s%s", v->program, strerror(-rc),
			rc == -ENOENT ? ": is FRR installed here?" : "");
	}
	rc = collect(ends[0], &s);
	close(ends[0]);
	if (rc)
		kill(pid, SIGKILL);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (rc)
		mesh_because(why, rc, "%s: %s", v->program,
			     rc == -ETIMEDOUT ? "no answer for a minute"
					      : strerror(-rc));
	else
		rc = verdict(v, status, s.b, why);
	if (rc && rc != -EREMOTEIO)
		wg_secbuf_reset(&s, 0);
	*ret = (struct mesh_bytes){s.b, s.len};
	return rc;
}

int mesh_vtysh_ask(const char *program, const char *command,
		   struct mesh_bytes *ret, struct mesh_why *why)
{
	const struct mesh_vtysh v = {program, {command}, 1};
	int rc = mesh_vtysh_run(&v, ret, why);

	if (rc == -EREMOTEIO)
		mesh_bytes_free(ret);
	return rc;
}
