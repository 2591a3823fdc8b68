/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One end of a pair for tests: a machine, a clock, and what it did.  Checks the
 * machine's invariants after each step, and that it never wants to be woken at
 * once for nothing.
 */
#ifndef PATH_END_H
#define PATH_END_H

#include "lib/core/wg_path.h"

#define HUB_RTT 40
#define NONE 99 /* no place: the relay */

extern struct wg_path p;
extern int64_t now;
extern struct wg_path_conf conf;

/* What was done since the last look(), and the last of each kind. */
extern unsigned did[WG_PATH_SET + 1];
extern struct wg_path_act last[WG_PATH_SET + 1];
extern unsigned pinged[4]; /* of place 0 to 3 */
void look(void);

struct wg_endpoint place(unsigned n);
/* How the other end sees us on that path. */
struct wg_endpoint seen_at(unsigned n);

/* Time goes by, and the machine is woken when it wants. */
void pass(int64_t ms);

void is(enum wg_path_state state);
void is_held(enum wg_path_state state, enum wg_path_why why);
void at_place(unsigned n);

/* At the relay, with a hub; idle after 20 s. */
void at_relay(bool leads);

/* Events, NOW. */
void data(unsigned n);
/* With the first N places; the caller's half way to its hub is 30 ms. */
void called(bool is_answer, uint64_t id, unsigned n);
void pong(unsigned n);
/* An answer took 20 ms. */
void heard(enum wg_path_state state, bool is_answer);
void switched(unsigned n);
void device(unsigned n);

/* The usual way to that state, by a CALL; SWITCHING and DIRECT at place N. */
void to_probing(bool leads, unsigned n);
void to_switching(bool leads, unsigned n);
void to_direct(bool leads);

#endif
