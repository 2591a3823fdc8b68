/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a commit answers: doubts (wgd_doubt.h) that there were not before.  Who
 * sets the second line of a peer wants to hear nothing of the first one again.
 */
#ifndef WGD_ANSWER_H
#define WGD_ANSWER_H

#include "northbound.h"

#include "frr-wgd/peer/wgd_peer.h"

/*
 * Added to the northbound's text, as far as there is room: whoever sets
 * hundreds of lines reads show wireguard.
 */
extern void wgd_answer_if(struct nb_cb_apply_finish_args *args,
			  struct wgd_if *wif);
extern void wgd_answer_peer(struct nb_cb_apply_finish_args *args,
			    struct wgd_peer *p);

#endif
