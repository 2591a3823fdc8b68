/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * An item as one line of text, to be sent, pasted or scanned: an invite or an
 * answer as "wgmesh1:", a request as "wgreq1:", and base64url without padding
 * (RFC 4648 5) of the item and the first 4 bytes of the line's hash of it.
 * Lines of invites are secret.
 */
#ifndef WG_LINE_H
#define WG_LINE_H

#include "lib/backend/wg_sign.h"

#define WG_LINE_ITEM_MAX 1098 /* bytes of an item that has a line: invite */
#define WG_LINE_MAX 1478      /* characters of a line */
#define WG_LINE_STRLEN (WG_LINE_MAX + 1)

enum wg_line_fault {
	WG_LINE_OK,
	WG_LINE_FOREIGN,   /* no line of a mesh, or of a later version */
	WG_LINE_CHARACTER, /* one that no line has */
	WG_LINE_LOST,	   /* characters are missing */
	WG_LINE_SURPLUS,   /* there are too many */
	WG_LINE_CHANGED,   /* as many as there should be, but others */
	WG_LINE_NO_ITEM,   /* the line is whole: it was made wrong */
	WG_LINE_FAULTS,
};

/* What is wrong with a line. */
struct wg_line_error {
	enum wg_line_fault fault;
	/*
	 * Which character: the first is 1, spaces and line ends do not count.
	 * CHARACTER: this one.  LOST, SURPLUS, CHANGED: this one is missing
	 * there, superfluous, or another one; 0: not known, or more than one.
	 */
	size_t at;
	size_t missing;		 /* LOST: so many, where it is known; else 0 */
	enum wg_item_fault item; /* NO_ITEM: why */
};

/*
 * The line of a checked item into buf.  0; -EINVAL: items of this kind have no
 * line.
 */
int wg_line_put(const uint8_t *item, char ret[WG_LINE_STRLEN]);

/*
 * The item of a line, around and within which may be spaces and line ends: mail
 * programs make them.  0; -EINVAL: there is none, *ret_error says why, but
 * for the character that was lost or changed, and ret is wiped.  Signatures and
 * inner certificates were not verified.
 */
int wg_line_get(const char *line, uint8_t ret[WG_LINE_ITEM_MAX],
		size_t *ret_len, struct wg_line_error *ret_error);

/*
 * ... which it was: tries what one lost, changed, superfluous or swapped
 * character would make of it, at a cost of a tenth of a second.  Not for a
 * daemon.
 */
void wg_line_look(const char *line, struct wg_line_error *error);

/* A sentence about it, into buf; returns buf.  No character of the line. */
#define WG_LINE_ERROR_STRLEN 160
char *wg_line_error_str(const struct wg_line_error *error,
			char buf[WG_LINE_ERROR_STRLEN]);

#endif
