/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The launcher: it starts the userspace programs, with root's uid and
 * CAP_NET_ADMIN alone, so that no other daemon of FRR's user can look into
 * them or talk to them, blind to root's files and sockets, and opens their
 * own sockets for the daemon.
 */
#ifndef WG_LAUNCH_H
#define WG_LAUNCH_H

#include "lib/backend/wg_helper.h"
#include "lib/core/wg_types.h"

#define WG_LAUNCH_DEFAULT "wireguard-go"
#define WG_LAUNCH_PATH 1024
#define WG_LAUNCH_ERR 640

#define WG_LAUNCH_NAMED 8

/* What root said at the start. */
struct wg_launch_rules {
	/* Programs beside those that are known by their names: absolute paths
	 * without symbolic links, which stay the caller's. */
	const char *programs[WG_LAUNCH_NAMED];
	size_t n_programs;
	/* The uid whose sockets' folder is taken over, for an earlier version
	 * gave it that. */
	uid_t former;
};

enum wg_launch_kind {
	WG_LAUNCH_CHECK = 1, /* may the program be started? */
	WG_LAUNCH_START,     /* the program, for the interface */
	WG_LAUNCH_END,	     /* one that it started: the interface's */
	WG_LAUNCH_CONNECT,   /* to the interface's socket */
	WG_LAUNCH_KINDS,
};

/* What a program may have to start without: of WG_NOTICE_LACK. */
enum wg_launch_lack {
	WG_LAUNCH_LACKS_RUN,   /* wg_confine_run */
	WG_LAUNCH_LACKS_FILES, /* wg_confine_files */
	WG_LAUNCH_LACKS,
};

struct wg_launch_request {
	uint32_t serial;
	uint32_t kind;
	char ifname[WG_IFNAME_LEN];   /* all 0 behind its end, as below */
	char program[WG_LAUNCH_PATH]; /* "": the default */
};

struct wg_launch_answer {
	uint32_t serial;
	int32_t error;		  /* 0 or -errno */
	int32_t pid;		  /* START */
	char text[WG_LAUNCH_ERR]; /* a reason; without error the program's path
				   */
};

/*
 * Start it, before privileges are given up; it has a copy of the rules.
 * TO: where it says that a program ended, and what one starts without.  1: the
 * folder was taken over; 0 or -errno.
 */
int wg_launch_start(const struct wg_launch_rules *r, int to);
struct wg_helper *wg_launch(void);

/*
 * May this program (NULL: the default; a name: from the system's folders) be
 * started?  It and all folders above it are root's, and nobody else may write
 * there; and the rules permit it.  The path without symbolic links goes to ret.  Errors: -EPERM against
 * that, -ENOENT, -EACCES, -EPIPE the launcher has ended; with the reason, which
 * names the thing.  Without a launcher we look ourselves.
 */
int wg_launch_check(const char *program, char *ret, size_t len, char *err,
		    size_t errlen);

/* Start it for the interface: the pid, or as above. */
int wg_launch_program(const char *ifname, const char *program, char *err,
		      size_t errlen);

/* End the interface's, if it was started in this life. */
void wg_launch_end(const char *ifname);

/*
 * A connection to the interface's socket in WG_UAPI_DIR: a descriptor, or
 * -EACCES: it is not root's and ours perhaps, -EPERM: others may write in that
 * folder; or as connect(2), or as above.
 */
int wg_launch_connect(const char *ifname);

/* Is the request one?  For its fuzzer. */
bool wg_launch_is_well_formed(const void *request, size_t len);

/* Is it one that is known, or named?  REAL: its path without symbolic links. */
bool wg_launch_permits(const struct wg_launch_rules *r, const char *real);

/* As wg_launch_check, by the process itself. */
int wg_launch_look(const char *program, char *ret, size_t len, char *err,
		   size_t errlen);

#endif
