/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * 32 bytes for paper: four rows of fifteen letters and digits, which a person
 * can type back, and which say in which row a mistake is.
 *
 *   4DR7K-20XMV-9FQ1H
 *
 * A row has 8 of the bytes and 11 bits of a check over the kind, the row's
 * number and these bytes, in Crockford's alphabet of 32 (no I, L, O, U).
 * Reading takes either case, O for 0, I and L for 1, and any blanks and dashes.
 * One mistake in 2,048 is not found by the row's check.
 */
#ifndef WG_PAPER_H
#define WG_PAPER_H

#include <stddef.h>
#include <stdint.h>

#define WG_PAPER_BYTES 32
#define WG_PAPER_ROWS 4
#define WG_PAPER_ROW_STRLEN 18 /* a row, with the final 0 */
#define WG_PAPER_STRLEN (WG_PAPER_ROWS * WG_PAPER_ROW_STRLEN)

/* What is on the paper; the one is not taken for the other. */
enum wg_paper_kind {
	WG_PAPER_RECOVERY = 1, /* the secret key */
	WG_PAPER_MESH = 2,     /* the first authority's public key */
};

/* The rows, one below the other, into ret of WG_PAPER_STRLEN; returned. */
char *wg_paper_str(enum wg_paper_kind kind, const uint8_t b[WG_PAPER_BYTES],
		   char *ret);

/*
 * 0, or -EINVAL, and then *ret_row is where the mistake is: 1 to 4, or 0: there
 * are not sixty letters and digits, or others among them.  RET is wiped then.
 */
int wg_paper_parse(enum wg_paper_kind kind, const char *text,
		   uint8_t ret[WG_PAPER_BYTES], unsigned *ret_row);

#endif
