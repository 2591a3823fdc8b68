/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The key process: the only one that opens files with keys.  It is root's, and
 * so are the files, so that no other daemon of FRR's user can read them.  The
 * folders that it makes are root's alone, too, those of a mesh (mesh/NAME/)
 * included: what the daemon itself reads and writes of a mesh lies elsewhere.
 *
 * While it was not started, who asks (wg_keys.h) opens the files itself: unit
 * tests and benchmarks do.
 */
#ifndef WG_KEYPROC_H
#define WG_KEYPROC_H

#include "lib/backend/wg_helper.h"
#include "lib/backend/wg_keyfile.h"

#define WG_KEYPROC_PATH 1024 /* of a file, with the final 0 */

enum wg_keyproc_kind {
	/* the key in the file, or the X25519 form of the seed's in it */
	WG_KEYPROC_SECRET = 1,
	WG_KEYPROC_PUBLIC,	/* the public key of the private one in it */
	WG_KEYPROC_CHECK,	/* nothing, if there is a key in it */
	WG_KEYPROC_NEW_PRIVATE, /* make it */
	WG_KEYPROC_NEW_PRESHARED,
	WG_KEYPROC_SEED,     /* the seed in the file */
	WG_KEYPROC_NEW_SEED, /* make it */
	WG_KEYPROC_PUT_SEED, /* make the file, with this seed */
	WG_KEYPROC_KINDS,
};

struct wg_keyproc_request {
	uint32_t serial;
	uint32_t kind;
	struct wg_key seed; /* to be put; else all 0.  SECRET */
	char path[WG_KEYPROC_PATH]; /* all 0 behind its end */
};

/* What is not said is 0, and so is everything else on an error. */
struct wg_keyproc_answer {
	uint32_t serial;
	int32_t error; /* 0 or -errno */
	struct wg_key key; /* or seed */
	char text[WG_KEYFILE_ERR]; /* of the error */
};

/*
 * Start it.  Its rules are copied.  Before privileges are given up: it keeps
 * CAP_DAC_READ_SEARCH (/etc/frr is user frr's), CAP_CHOWN (files of earlier
 * versions) and no other.  NOTICES: where it says that it took over a file.
 */
int wg_keyproc_start(const struct wg_keyfile_rules *rules, int notices);

/* It, for those who watch it. */
struct wg_helper *wg_keyproc(void);

/*
 * What it does with a request, of any length and content.  RET_TAKEN: the file
 * was taken over.
 */
void wg_keyproc_serve(const struct wg_keyfile_rules *rules, const void *request,
		      size_t len, struct wg_keyproc_answer *ret,
		      bool *ret_taken);

#endif
