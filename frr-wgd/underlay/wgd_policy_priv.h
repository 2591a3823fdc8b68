/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the files wgd_policy*.c share. */
#ifndef WGD_POLICY_PRIV_H
#define WGD_POLICY_PRIV_H

#include "frr-wgd/underlay/wgd_policy.h"
#include "frr-wgd/underlay/wgd_underlay.h"
#include "lib/backend/wg_policy.h"

#define MARK_BASE 0x77000000u
#define MARK_BITS 0xff000000u

/* Places of rules.  Where somebody else has one among them, ten before. */
#define PREF 500
#define PREF_MEMBER 0 /* from there: 2 */
#define PREF_STRICT 2 /* 2 */
#define PREF_MARKED 4 /* 3; these are at PREF itself */
#define PREF_STEP 10

/* One for each family and source. */
struct wgd_policy_table {
	struct wgd_policy_table *next;
	uint8_t family;
	struct wg_addr source; /* AF_UNSPEC: none */
	uint32_t number;
	unsigned refs; /* markings */
	bool failed;   /* something failed since the audit began */
	bool absent;   /* the source is not an address of this machine */
	char *error;   /* what does not work; NULL: nothing */
};

/* What an interface has, or had until the device has another mark. */
struct wgd_marking {
	struct wgd_marking *next; /* of the same interface */
	uint32_t mark;
	struct wgd_policy_table
		*table[2]; /* IPv4, IPv6; NULL: the operator's rules */
	bool leaving;
};

extern struct wgd_policy_state {
	struct wg_policy_bus *bus;
	void (*audit)(struct event *t);
	struct wgd_policy_table *tables;
	bool sweeping;	 /* what nobody wants is an earlier life's */
	uint32_t strict; /* link that has a strict filter; 0: none */
	/* numbers that nobody else uses, chosen when the first is needed */
	uint32_t pref, mark, table;
	/* of relays: where their routes are, which wgd_relay.c sees to; 0: none */
	uint32_t relay_table;
} policy;

/* --- wgd_policy.c */
extern void wgd_policy_audit(void);

/* --- wgd_policy_table.c */
extern bool wgd_policy_open(void);
extern void wgd_policy_close(void);
/* Compare all at once, but not more often than every AUDIT_MS. */
extern void wgd_policy_audit_soon(void);
extern void wgd_policy_audit_began(void);
/* Something did not work: compare all again when RETRY_MS are over. */
extern void wgd_policy_audit_later(void);
/* Has it routes of others? */
extern bool wgd_policy_is_foreign(uint8_t family, uint32_t table);
/* There are other tables of ours than before. */
extern void wgd_policy_watch_tables(void);
extern void wgd_policy_fail_family(uint8_t family, const char *doing, int rc);
extern struct wgd_policy_table *
wgd_policy_table_find(uint8_t family, const struct wg_addr *source);
extern struct wgd_policy_table *
wgd_policy_table_get(uint8_t family, const struct wg_addr *source);
extern void wgd_policy_table_put(struct wgd_policy_table *t, bool leave);
extern void wgd_policy_table_audit(struct wgd_policy_table *t);
/* A table that no interface of this life has. */
extern void wgd_policy_table_sweep(uint8_t family, uint32_t number);

/* --- wgd_policy_rule.c */
extern void wgd_policy_rules_set(void);
/*
 * The rules of relays, in the place of what they were.  0, or why one of them
 * could not be written: then none that leads into the table of relays came
 * before what closes it, and none that closes it went.
 */
extern int wgd_policy_rules_relay(const struct wg_rule *v, size_t n);
/* ... as last seen by whatever wrote rules. */
extern int wgd_policy_rules_error(void);
extern void wgd_policy_rules_audit(uint8_t family);
extern void wgd_policy_rules_sweep(uint8_t family);
/* Our addresses and the links' filters, which strict rules are made of. */
extern void wgd_policy_rules_local(void);
extern void wgd_policy_rules_close(bool forget);

#endif
