// SPDX-License-Identifier: GPL-2.0-or-later
#include <zebra.h>
#include "frr-wgd/base/wgd_compat.h"

#include "frr-wgd/config/wgd_answer.h"
#include "frr-wgd/engine/wgd_doubt.h"

/* TOLD: the sentences of last time, a line each. */
static void answer(struct nb_cb_apply_finish_args *args, const char *object,
		   const struct wgd_doubts *doubts, char **told)
{
	char all[sizeof(doubts->text)] = "";
	size_t i, n;

	for (i = 0; i < doubts->n; i++) {
		strlcat(all, doubts->text[i], sizeof(all));
		strlcat(all, "\n", sizeof(all));
		if (*told && strstr(*told, doubts->text[i]))
			continue;
		n = strlen(args->errmsg);
		snprintf(args->errmsg + n, args->errmsg_len - n,
			 "%sWarning: %s: %s", n ? "\n" : "", object,
			 doubts->text[i]);
	}
	wgd_str_set(told, *all ? all : NULL);
}

void wgd_answer_if(struct nb_cb_apply_finish_args *args, struct wgd_if *wif)
{
	struct wgd_doubts doubts;
	char object[64];

	wgd_doubt_if(wif, &doubts);
	snprintf(object, sizeof(object), "interface %s", wif->name);
	answer(args, object, &doubts, &wif->doubted);
}

void wgd_answer_peer(struct nb_cb_apply_finish_args *args, struct wgd_peer *p)
{
	struct wgd_doubts doubts;
	char object[128];

	wgd_doubt_peer(p, &doubts);
	snprintf(object, sizeof(object), "interface %s peer %s", p->wif->name,
		 wg_peer_name(p->peer));
	answer(args, object, &doubts, &p->doubted);
}
