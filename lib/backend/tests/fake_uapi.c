/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One thread, one client at a time, as wireguard-go in effect.  A pipe that
 * is closed tells the thread to stop wherever it waits.
 */
#include "lib/backend/tests/fake_uapi.h"

#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

struct fake_uapi {
	pthread_t thread;
	struct sockaddr_un addr;
	int listener, stop[2];
	bool can_remove;
	const struct fake_step *steps;
	size_t n_steps;
	atomic_uint connections;
	char *log; /* requests */
	size_t log_len;
	char *in; /* of the client */
	size_t in_len, in_size;
};

/* False: told to stop. */
static bool wait_for(struct fake_uapi *f, int fd, short events)
{
	struct pollfd p[2] = { { .fd = f->stop[0], .events = POLLIN },
			       { .fd = fd, .events = events } };

	while (poll(p, fd < 0 ? 1 : 2, -1) < 0)
		assert(errno == EINTR);
	return p[0].revents == 0;
}

/* A whole request stands in `in`; its length, or 0: hung up or stopped. */
static size_t read_request(struct fake_uapi *f, int fd)
{
	char *end;
	ssize_t n;

	for (;;) {
		end = f->in_len ? memmem(f->in, f->in_len, "\n\n", 2) : NULL;
		if (end)
			return end + 2 - f->in;
		if (f->in_len == f->in_size) {
			f->in_size = f->in_size ? f->in_size * 2 : 65536;
			f->in = realloc(f->in, f->in_size);
			assert(f->in);
		}
		if (!wait_for(f, fd, POLLIN))
			return 0;
		n = read(fd, f->in + f->in_len, f->in_size - f->in_len);
		if (n <= 0)
			return 0;
		f->in_len += n;
	}
}

static void use_request(struct fake_uapi *f, size_t len, bool keep)
{
	if (keep) {
		f->log = realloc(f->log, f->log_len + len + 1);
		assert(f->log);
		memcpy(f->log + f->log_len, f->in, len);
		f->log_len += len;
		f->log[f->log_len] = '\0';
	}
	memmove(f->in, f->in + len, f->in_len - len);
	f->in_len -= len;
}

static bool say(struct fake_uapi *f, int fd, const char *text, size_t drip)
{
	size_t left = text ? strlen(text) : 0;
	ssize_t n;

	while (left) {
		if (!wait_for(f, fd, POLLOUT))
			return false;
		n = send(fd, text, drip && drip < left ? drip : left,
			 MSG_NOSIGNAL);
		if (n <= 0)
			return false;
		text += n;
		left -= n;
	}
	return true;
}

/* The answer to a probe; NULL: it is none. */
static const char *probe_answer(struct fake_uapi *f, size_t len)
{
	if (memmem(f->in, len, "\nallowed_ip=--192.0.2.0/99\n", 27))
		return "errno=-22\n\n";
	if (memmem(f->in, len, "\nallowed_ip=-192.0.2.0/24\n", 26))
		return f->can_remove ? "errno=0\n\n" : "errno=-22\n\n";
	return NULL;
}

static void serve(struct fake_uapi *f, int fd)
{
	static const struct fake_step set = { FAKE_REPLY, "errno=0\n\n", 0 };
	const struct fake_step *step;
	const char *answer;
	size_t len;

	f->in_len = 0;
	for (;;) {
		step = f->n_steps ? f->steps : &set;
		len = 0;
		if (step->action == FAKE_REPLY || step->action == FAKE_CLOSE ||
		    step->action == FAKE_MUTE) {
			len = read_request(f, fd);
			if (len == 0)
				return;
			answer = probe_answer(f, len);
			if (answer) {
				use_request(f, len, false);
				if (!say(f, fd, answer, 0))
					return;
				/* After an error wireguard-go hangs up. */
				if (strcmp(answer, "errno=0\n\n") != 0)
					return;
				continue;
			}
			use_request(f, len, true);
		}
		if (f->n_steps) {
			f->steps++;
			f->n_steps--;
		}
		switch (step->action) {
		case FAKE_REPLY:
			if (!say(f, fd, step->reply, step->drip))
				return;
			break;
		case FAKE_EARLY:
			if (!wait_for(f, fd, POLLIN))
				return;
			say(f, fd, step->reply, step->drip);
			wait_for(f, -1, 0);
			return;
		case FAKE_CLOSE:
		case FAKE_CHATTER:
			say(f, fd, step->reply, step->drip);
			return;
		case FAKE_STALL:
		case FAKE_MUTE:
			wait_for(f, -1, 0);
			return;
		}
	}
}

static void *run(void *arg)
{
	struct fake_uapi *f = arg;
	int fd;

	while (wait_for(f, f->listener, POLLIN)) {
		fd = accept(f->listener, NULL, NULL);
		if (fd < 0)
			continue;
		f->connections++;
		serve(f, fd);
		close(fd);
	}
	return NULL;
}

struct fake_uapi *fake_uapi_start(const char *dir, const char *ifname,
				  bool can_remove,
				  const struct fake_step *steps,
				  size_t n_steps)
{
	struct fake_uapi *f = calloc(1, sizeof(*f));

	assert(f);
	f->can_remove = can_remove;
	f->steps = steps;
	f->n_steps = n_steps;
	f->log = strdup("");
	f->addr.sun_family = AF_UNIX;
	snprintf(f->addr.sun_path, sizeof(f->addr.sun_path), "%s/%s.sock", dir,
		 ifname);
	unlink(f->addr.sun_path);
	f->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (bind(f->listener, (struct sockaddr *)&f->addr, sizeof(f->addr)) ||
	    listen(f->listener, 4) || pipe(f->stop) ||
	    pthread_create(&f->thread, NULL, run, f)) {
		perror("fake_uapi_start");
		return NULL;
	}
	return f;
}

char *fake_uapi_stop(struct fake_uapi *f)
{
	char *log;

	close(f->stop[1]);
	pthread_join(f->thread, NULL);
	close(f->stop[0]);
	close(f->listener);
	unlink(f->addr.sun_path);
	log = f->log;
	free(f->in);
	free(f);
	return log;
}

unsigned fake_uapi_connections(struct fake_uapi *f)
{
	return f->connections;
}
