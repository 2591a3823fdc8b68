/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A process that is started before the daemon gives up its privileges, and
 * does what needs them: the key process (wg_keyproc.h), the launcher of
 * programs (wg_launch.h).  It answers one request at a time by a socket pair,
 * messages of a fixed size both ways, and ends when the daemon ends.
 *
 * What it has to say unasked goes by one more socket, shared by all.
 */
#ifndef WG_HELPER_H
#define WG_HELPER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define WG_HELPER_TIMEOUT_MS 5000

/* Both begin with the number of the request, which tells a late answer. */
struct wg_helper {
	const char *name;
	int fd;	   /* -1: not started, or ended */
	pid_t pid; /* 0: never started */
	uint32_t serial;
	bool late; /* it owes an answer that nobody waits for any more */
	bool over; /* a request found its end; wg_helper_ended() was not asked */
};

/*
 * Start one.  In the parent: 0 or -errno.  In the child it calls RUN with its
 * end of the pair and ARG, and ends when that returns.  KEEP: one more
 * descriptor that the child keeps, or -1.  Standard input, output and, without
 * sanitizers, error are /dev/null there; supplementary groups are gone; it has
 * a session of its own and is called NAME.
 */
int wg_helper_start(struct wg_helper *h, int keep,
		    void (*run)(int fd, const void *arg), const void *arg);

/*
 * Send a request and wait for its answer.  RET_FD (may be NULL): a descriptor
 * that comes with it, or -1.  -EPIPE: it has ended; -ETIMEDOUT, and from then
 * on at once until it has answered.
 */
int wg_helper_ask(struct wg_helper *h, void *request, size_t request_len,
		  void *answer, size_t answer_len, int *ret_fd);

/*
 * Nothing was asked and there is input: did it end?  Late answers are eaten.
 * This alone closes the descriptor: what a request finds is input here.
 */
bool wg_helper_ended(struct wg_helper *h);

/*
 * In a helper: the next request, of at most len bytes; its length, 0 at the
 * end. It also returns, with -EINTR, when a signal comes.
 */
ssize_t wg_helper_receive(int fd, void *request, size_t len);
/* FD -1: none. */
void wg_helper_answer(int to, const void *answer, size_t len, int fd);

/*
 * Why something was refused, for who asked: the text goes to ERR, if there is
 * room for one.  Returns error.
 */
int wg_reason(int error, char *err, size_t errlen, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

/* --- said unasked */

enum wg_notice_kind {
	WG_NOTICE_TEXT = 1, /* for the log */
	WG_NOTICE_PROGRAM,  /* a program ended: pid, status as of wait(2) */
	WG_NOTICE_LACK, /* one starts without (status: enum wg_launch_lack) */
};

struct wg_notice {
	enum wg_notice_kind kind;
	int32_t pid, status;
	char text[1280];
};

/* Both ends; the second one is for helpers.  0 or -errno. */
int wg_notice_open(int ret_fd[2]);
/* 1 and *ret, or 0: none now. */
int wg_notice_next(int fd, struct wg_notice *ret);
void wg_notice_say(int fd, const struct wg_notice *notice);

#endif
