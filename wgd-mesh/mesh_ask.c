/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * On the terminal (/dev/tty, whatever the standard input is), without echo.
 * A signal that would end us while the echo is off is noted, and the terminal
 * put right; main() gives it to us once more when all else is cleared away.
 *
 * read(2) and no stdio, whose buffers nobody wipes.
 */
#include "wgd-mesh/mesh_ask.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#include "lib/backend/wg_vault.h"

/* --- from a file */

/*
 * /dev/fd/N is meant as our descriptor.  It cannot be opened by anybody but
 * root, for we cannot be looked into (PR_SET_DUMPABLE), so it is doubled.
 */
static int open_file(const char *path)
{
	char *end;
	long n;

	if (strncmp(path, "/dev/fd/", 8) != 0 ||
	    !isdigit((unsigned char)path[8]))
		return open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	n = strtol(path + 8, &end, 10);
	if (*end || n > INT_MAX) {
		errno = ENOENT;
		return -1;
	}
	return fcntl(n, F_DUPFD_CLOEXEC, 0);
}

static int from_file(const struct mesh_question *q, char *ret,
		     struct mesh_why *why)
{
	int fd = open_file(q->file);
	unsigned lines = 0;
	size_t len = 0;
	struct stat st;
	ssize_t n = 1;
	int rc = 0;
	char c;

	if (fd < 0 || fstat(fd, &st) < 0) {
		rc = mesh_because(why, -errno, "%s: %s", q->file,
				  strerror(errno));
	} else if (!q->is_shown && S_ISREG(st.st_mode) &&
		   (st.st_mode & (S_IRWXG | S_IRWXO))) {
		rc = mesh_because(
			why, -EPERM,
			"%s: mode %04o lets others in, 0600 is needed", q->file,
			st.st_mode & 07777);
	}
	while (!rc && lines < q->lines && n > 0) {
		n = read(fd, &c, 1);
		if (n < 0 && errno == EINTR)
			n = 1;
		else if (n < 0)
			rc = mesh_because(why, -errno, "%s: %s", q->file,
					  strerror(errno));
		else if (n > 0 && !c)
			rc = mesh_because(why, -EINVAL, "%s: is no text",
					  q->file);
		else if (n > 0 && len == MESH_ASK_MAX)
			rc = mesh_because(why, -EINVAL,
					  "%s: its line is too long", q->file);
		else if (n > 0 && c == '\n') {
			/* a file of another system; nobody types that */
			len -= len && ret[len - 1] == '\r';
			if (++lines < q->lines)
				ret[len++] = c;
		} else if (n > 0) {
			ret[len++] = c;
		}
	}
	if (fd >= 0)
		close(fd);
	ret[len] = '\0';
	return rc;
}

/* --- from the terminal */

static const int ends[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT};
#define ENDS (sizeof(ends) / sizeof(*ends))

static volatile sig_atomic_t came;

static void note(int signal)
{
	came = signal;
}

/* One answer.  -EINTR: a signal came, which is in `came`. */
static int type(int tty, const struct mesh_question *q, const char *prompt,
		char *ret)
{
	unsigned lines = 0;
	size_t len = 0;
	ssize_t n;
	char c;

	dprintf(tty, "%s: ", prompt);
	while (lines < q->lines) {
		n = came ? -1 : read(tty, &c, 1);
		if (came)
			return -EINTR;
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			break;
		if (c == '\n') {
			if (!q->is_shown)
				dprintf(tty, "\n");
			if (++lines == q->lines)
				break;
			dprintf(tty, "%*s", (int)strlen(prompt) + 2, "");
		}
		if (len == MESH_ASK_MAX)
			return -EMSGSIZE;
		if (!c) /* what is behind it would not count */
			return -EINVAL;
		ret[len++] = c;
	}
	ret[len] = '\0';
	return 0;
}

static int ask(int tty, const struct mesh_question *q, char *ret,
	       struct mesh_why *why)
{
	char *second;
	int rc = type(tty, q, q->prompt, ret);

	if (!rc && q->again) {
		second = wg_vault_alloc(MESH_ASK_MAX + 1);
		rc = type(tty, q, q->again, second);
		if (!rc && strcmp(ret, second) != 0)
			rc = mesh_because(why, -EAGAIN,
					  "what was typed is not the same");
		wg_vault_free((void **)&second);
	}
	if (rc && rc != -EAGAIN)
		mesh_because(why, rc, "the terminal: %s",
			     rc == -EMSGSIZE ? "the line is too long"
			     : rc == -EINVAL ? "what was typed is no text"
					     : strerror(-rc));
	return rc;
}

static int from_terminal(const struct mesh_question *q, char *ret,
			 struct mesh_why *why)
{
	struct sigaction old[ENDS], mine = {.sa_handler = note};
	int tty = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY), rc;
	struct termios was, quiet;
	size_t i;

	if (tty < 0 || tcgetattr(tty, &was) < 0) {
		if (tty >= 0)
			close(tty);
		return mesh_because(
			why, -ENXIO,
			"there is no terminal to ask on: %s from a file, see --help",
			q->prompt);
	}
	came = 0;
	for (i = 0; i < ENDS; i++) {
		sigaction(ends[i], &mine, &old[i]);
		/* nohup(1) and shells in the background: it stays so */
		if (old[i].sa_handler == SIG_IGN)
			sigaction(ends[i], &old[i], NULL);
	}
	quiet = was;
	if (!q->is_shown)
		quiet.c_lflag &= ~(ECHO | ECHONL);
	tcsetattr(tty, TCSAFLUSH, &quiet);
	rc = ask(tty, q, ret, why);
	tcsetattr(tty, TCSAFLUSH, &was);
	for (i = 0; i < ENDS; i++)
		sigaction(ends[i], &old[i], NULL);
	if (came)
		dprintf(tty, "\n");
	close(tty);
	return rc;
}

int mesh_ask_signal(void)
{
	return came;
}

int mesh_ask(const struct mesh_question *q, char *ret, struct mesh_why *why)
{
	int rc = q->file ? from_file(q, ret, why) : from_terminal(q, ret, why);

	if (!rc && !*ret)
		rc = mesh_because(why, -EINVAL, "%s%s%s is empty",
				  q->file ? q->file : "", q->file ? ": " : "",
				  q->prompt);
	if (rc)
		explicit_bzero(ret, MESH_ASK_MAX + 1);
	return rc;
}
