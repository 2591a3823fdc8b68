/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One value of the configuration by itself: its words in a line, its form, and
 * what of its form can never be right.
 */
#ifndef WGD_VALUE_H
#define WGD_VALUE_H

#include "northbound.h"

struct wgd_value {
	const char *ifname;
	const char *peer;  /* NULL: it is the interface's */
	const char *leaf;  /* of the model, below wireguard or peer */
	const char *value; /* NULL: it has none */
};

/*
 * Can this be right, wherever and whenever?  0, or -EINVAL with a sentence that
 * names the interface, the peer, the value and the reason.
 */
extern int wgd_value_check(const struct wgd_value *v, char *err, size_t len);

/*
 * What of a value that somebody typed may be printed: keys and invites to a
 * mesh are pasted where they do not belong, and what is printed is logged.
 */
extern const char *wgd_value_shown(const char *value);

/* The words of a line that stand before its value. */
extern const char *wgd_value_words(const char *leaf);
/*
 * The leaf whose value a line has, which begins like that (the words behind
 * `wireguard`, or behind a peer's name).  RET_VALUE: where that begins.
 * NULL: no line begins so.
 */
extern const char *wgd_value_leaf(const char *line, bool of_peer,
				  const char **ret_value);

#endif
