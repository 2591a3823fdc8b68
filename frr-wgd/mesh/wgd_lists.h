/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the keeper's file says of who is revoked, beside what we have. */
#ifndef WGD_LISTS_H
#define WGD_LISTS_H

#include "lib/core/wg_directory.h"

enum wgd_lists {
	WGD_LISTS_NEW,	   /* or it is ours, or the file has none */
	WGD_LISTS_OLDER,   /* than ours, whose number is *RET */
	WGD_LISTS_FORGETS, /* that the member *RET is revoked */
};
/*
 * The newest list of the items in FILE.  Nothing of it is verified: this is for
 * the operator, and says what not to take.
 */
extern enum wgd_lists wgd_lists_judge(const struct wg_directory *dir,
				      const struct wg_span *file,
				      uint32_t *ret);

#endif
