/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the configuration commands of all nouns share: private to wgd_cli*.c. */
#ifndef WGD_CLI_H
#define WGD_CLI_H

#include "frr-wgd/wgd_nb.h"

#define WIREGUARD_STR "WireGuard: this is a WireGuard interface\n"

/* May this be said? Prints why not. PEER NULL: of the interface. */
extern bool wgd_cli_check(struct vty *vty, const char *peer, const char *leaf,
			  const char *value);
/* Commit a leaf of the interface; VALUE NULL: it goes. CMD_*. */
extern int wgd_cli_set(struct vty *vty, const char *leaf, const char *value);
/* The words of a leaf's command, which may have another shape than its name. */
extern const char *wgd_cli_words(const struct lyd_node *leaf);

extern void wgd_cli_if_init(void);
extern void wgd_cli_group_init(void);
extern void wgd_cli_peer_init(void);

#endif
