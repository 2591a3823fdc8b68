/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Four rows are typed, or are the first four lines of a file. */
#include "wgd-mesh/mesh_paper.h"

#include <errno.h>

#include "lib/backend/wg_paper.h"
#include "lib/backend/wg_vault.h"
#include "wgd-mesh/mesh_ask.h"

static int ask(const struct mesh_question *q, enum wg_paper_kind kind,
	       uint8_t ret[WG_PAPER_BYTES], struct mesh_why *why)
{
	char *text = wg_vault_alloc(MESH_ASK_MAX + 1);
	unsigned row;
	int rc = mesh_ask(q, text, why);

	if (!rc && wg_paper_parse(kind, text, ret, &row)) {
		if (row)
			rc = mesh_because(
				why, -EINVAL,
				"the %s: row %u has a mistake, or is of another paper",
				q->prompt, row);
		else
			rc = mesh_because(
				why, -EINVAL,
				"the %s: not four rows of fifteen letters and digits",
				q->prompt);
	}
	wg_vault_free((void **)&text);
	return rc;
}

int mesh_paper_recovery(const struct mesh_args *args,
			struct wg_sign_key *ret_secret, struct mesh_why *why)
{
	const struct mesh_question q = {
		.prompt = "recovery key",
		.file = mesh_args_value(args, MESH_RECOVERY),
		.lines = WG_PAPER_ROWS,
	};
	uint8_t *seed = wg_vault_alloc(WG_PAPER_BYTES);
	int rc = ask(&q, WG_PAPER_RECOVERY, seed, why);

	if (!rc)
		wg_sign_of_seed(seed, ret_secret);
	wg_vault_free((void **)&seed);
	return rc;
}

int mesh_paper_mesh(const struct mesh_args *args, struct wg_key *ret_pub,
		    struct mesh_why *why)
{
	const struct mesh_question q = {
		.prompt = "mesh",
		.file = mesh_args_value(args, MESH_KEY_FILE),
		.lines = WG_PAPER_ROWS,
		.is_shown = true,
	};

	return ask(&q, WG_PAPER_MESH, ret_pub->b, why);
}
