/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the configuration commands of all nouns share: private to wgd_cli*.c. */
#ifndef WGD_CLI_H
#define WGD_CLI_H

#include "frr-wgd/config/wgd_nb.h"
#include "frr-wgd/config/wgd_value.h"

#define WIREGUARD_STR "WireGuard: this is a WireGuard interface\n"

/* May this be said? Prints why not. PEER NULL: of the interface. */
extern bool wgd_cli_check(struct vty *vty, const char *peer, const char *leaf,
			  const char *value);
/*
 * A `no`: is there such a line (VALUE NULL: whatever it says)?  False: it is
 * printed that there is none, and RET is what the command returns.
 */
extern bool wgd_cli_is_there(struct vty *vty, const char *peer,
			     const char *leaf, const char *value, int *ret);
/* Commit a leaf of the interface. CMD_*. */
extern int wgd_cli_set(struct vty *vty, const char *leaf, const char *value);
/* Take it away, if VALUE (NULL: whatever it is) is what it says. */
extern int wgd_cli_unset(struct vty *vty, const char *leaf, const char *value);
/* Take everything away that the interface has. */
extern int wgd_cli_unset_all(struct vty *vty);
/* The one or, with NO, the other. */
extern int wgd_cli_leaf(struct vty *vty, const char *no, const char *leaf,
			const char *value);
/* The same for one that is true, or the default, which is false. */
extern int wgd_cli_flag(struct vty *vty, const char *leaf, bool on);
/*
 * A prefix as libyang writes it, so that it is found again (RET_TEXT has
 * WG_PREFIX_STRLEN).  Prints that host bits went; false: prints that it is none.
 */
extern bool wgd_cli_prefix(struct vty *vty, const char *words,
			   const char *value, char *ret_text);
/* [2001:db8::1], as it is written where a port follows it: what is between. */
extern const char *wgd_cli_host(const char *host, char *buf, size_t len);
/* The line (behind `wireguard`, it is written into) fits no command: say why.
 */
extern int wgd_cli_wrong(struct vty *vty, char *line);

extern void wgd_cli_if_init(void);
extern void wgd_cli_group_init(void);
extern void wgd_cli_mesh_init(void);
extern void wgd_cli_peer_init(void);
extern void wgd_exec_init(void); /* wgd_exec.c */

#endif
