/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What an operator may do, at random: the core and the oracle are told alike.
 */
#ifndef RANDOM_CONF_H
#define RANDOM_CONF_H

#include "lib/core/tests/oracle.h"

/* NULL: this one is not there now. */
struct o_dev *some_dev(void);
struct o_peer *some_peer(struct o_dev *od);

void step_dev(struct o_dev *od, unsigned i);
void step_dev_conf(struct o_dev *od);
void step_peer(struct o_dev *od);
void step_key(struct o_dev *od, struct o_peer *op);
void step_claim(struct o_dev *od, struct o_peer *op);
void step_exclusive(struct o_peer *op);
void step_mesh(const struct o_dev *od, struct o_peer *op);
void step_peer_conf(struct o_dev *od, struct o_peer *op);

#endif
