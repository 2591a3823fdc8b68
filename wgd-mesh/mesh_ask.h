/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Secrets that a person types, or a file has: never an argument, for those
 * are seen by all who can list processes.
 */
#ifndef MESH_ASK_H
#define MESH_ASK_H

#include <stdbool.h>

#include "wgd-mesh/mesh_why.h"

#define MESH_ASK_MAX 1023 /* characters of an answer */

struct mesh_question {
	const char *prompt; /* on the terminal, as "PROMPT: " */
	const char *again;  /* asked for a second time by this; NULL: not */
	const char *file;   /* not asked, read there; NULL: asked */
	unsigned lines;	    /* rows that the answer has, 1 or more */
	bool is_shown;	    /* no secret: what is typed is seen */
};

/*
 * The answer, lines joined by a newline, into RET of MESH_ASK_MAX + 1 bytes
 * (locked memory: wg_vault_alloc).  A file must be a pipe, or one that neither
 * group nor others may read, but for what is no secret.  -ENXIO: there is no
 * terminal; -EINVAL and others with the reason; ret is empty then.
 */
int mesh_ask(const struct mesh_question *q, char *ret, struct mesh_why *why);

/* The signal that came while it was asked (and then -EINTR), or 0. */
int mesh_ask_signal(void);

#endif
