/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One code base for FRR 8.4.4 and 10.x: the code says what FRR 10 says, and
 * this header maps it back.  FRR_VER is MAJOR * 10000 + MINOR * 100 + SUB of
 * the FRR that is installed, from configure.
 *
 * `event` becomes a macro with old FRR, which also renames the members of that
 * name in FRR's structs.  It must be the same name in the header and in the
 * code, so include this straight after zebra.h, before any other FRR header.
 */
#ifndef WGD_COMPAT_H
#define WGD_COMPAT_H

#ifndef _ZEBRA_H
#error "include <zebra.h> first"
#endif

#if FRR_VER >= 90000
#include "frrevent.h"
#else
#include "thread.h"

#define event thread
#define event_loop thread_master
#define event_add_read thread_add_read
#define event_add_write thread_add_write
#define event_add_timer thread_add_timer
#define event_add_timer_msec thread_add_timer_msec
#define event_add_timer_tv thread_add_timer_tv
#define event_add_event thread_add_event
#define event_cancel thread_cancel
#define event_is_scheduled thread_is_scheduled
#define event_timer_remain_second thread_timer_remain_second
#define event_timer_remain_msec thread_timer_remain_msec
#define event_ignore_late_timer thread_ignore_late_timer
#define EVENT_ARG THREAD_ARG
#define EVENT_FD THREAD_FD
#define EVENT_VAL THREAD_VAL
#endif

#include "if.h"
#include "linklist.h"
#include "northbound_cli.h"
#include "sockunion.h"

/*
 * A debug switch: since FRR 10 it says its own line of configuration.  Its
 * description is the word that the command names it by.
 */
#if FRR_VER >= 100000
#define WGD_COMPAT_DEBUG(what)                                                 \
	{                                                                      \
		.conf = "debug wireguard " what, .desc = what                  \
	}
#else
#define WGD_COMPAT_DEBUG(what)                                                 \
	{                                                                      \
		.desc = what                                                   \
	}
#endif

/*
 * What to call when zebra tells of an interface.  FRR 10 has a hook for each;
 * before, libfrr kept one set of callbacks.
 */
static inline void wgd_compat_if_hooks(int (*create)(struct interface *),
				       int (*up)(struct interface *),
				       int (*down)(struct interface *),
				       int (*destroy)(struct interface *))
{
#if FRR_VER >= 100000
	hook_register_prio(if_real, 0, create);
	hook_register_prio(if_up, 0, up);
	hook_register_prio(if_down, 0, down);
	hook_register_prio(if_unreal, 0, destroy);
#else
	if_zapi_callbacks(create, up, down, destroy);
#endif
}

/*
 * Walk the addresses of an interface: a linked list before FRR 10, typesafe
 * since.  NODE, a struct listnode *, is used by the former only.
 */
#if FRR_VER >= 100000
#define wgd_compat_each_connected(ifp, node, c)                                \
	frr_each (if_connected, (ifp)->connected, (c))
#else
#define wgd_compat_each_connected(ifp, node, c)                                \
	for (ALL_LIST_ELEMENTS_RO((ifp)->connected, (node), (c)))
#endif

/*
 * The path of a leaf-list becomes that of its entry VALUE: before FRR 10 the
 * northbound did so itself.
 */
static inline void wgd_compat_entry(char *xpath, size_t len, const char *value)
{
#if FRR_VER >= 100000
	size_t n = strlen(xpath);

	snprintf(xpath + n, len - n, "[.='%s']", value);
#endif
}

/*
 * Repair what the resolver found: FRR 10.3's copies a whole sockaddr to where
 * the address belongs.  Family and port 0 in its place are 2.0.0.0 or a00::,
 * which no host has, so this harms no release that is right.
 */
static inline void wgd_compat_resolved(union sockunion *addr)
{
#if FRR_VER >= 100000
	union sockunion inner = {};
	size_t at = sockunion_family(addr) == AF_INET
			    ? offsetof(struct sockaddr_in, sin_addr)
			    : offsetof(struct sockaddr_in6, sin6_addr);

	memcpy(&inner, (const char *)addr + at, sizeof(inner.sin6));
	if (inner.sa.sa_family == addr->sa.sa_family && !inner.sin.sin_port)
		memcpy(addr, &inner, sizeof(inner.sin6));
#endif
}

/* FRR 10 has a route of its own for each address of this machine. */
static inline bool wgd_compat_is_local(int route_type)
{
#ifdef ZEBRA_ROUTE_LOCAL
	return route_type == ZEBRA_ROUTE_LOCAL;
#else
	return false;
#endif
}

/*
 * An RPC that a command calls.  Since FRR 10.1 input is a tree and its leaves
 * are queued by name; before, it is a list of leaves with their whole paths.
 * A leaf without a value is left out.
 */
struct wgd_compat_leaf {
	const char *name, *value;
};

static inline int wgd_compat_rpc(struct vty *vty, const char *xpath,
				 const struct wgd_compat_leaf *leaf, size_t n)
{
#if FRR_VER >= 100100
	for (; n--; leaf++)
		if (leaf->value)
			nb_cli_rpc_enqueue(vty, leaf->name, leaf->value);
	return nb_cli_rpc(vty, xpath, NULL);
#else
	struct list *input = yang_data_list_new();
	char path[XPATH_MAXLEN];
	int rc;

	for (; n--; leaf++) {
		if (!leaf->value)
			continue;
		snprintf(path, sizeof(path), "%s/input/%s", xpath, leaf->name);
		listnode_add(input, yang_data_new(path, leaf->value));
	}
	rc = nb_cli_rpc(vty, xpath, input, NULL);
	list_delete(&input);
	return rc;
#endif
}

/* A leaf of an RPC's input; NULL: it is not there. */
static inline const char *wgd_compat_rpc_input(struct nb_cb_rpc_args *args,
					       const char *name)
{
#if FRR_VER >= 100100
	return yang_dnode_exists(args->input, name)
		       ? yang_dnode_get_string(args->input, "%s", name)
		       : NULL;
#else
	const struct yang_data *leaf = yang_data_list_find(
		args->input, "%s/input/%s", args->xpath, name);

	return leaf ? leaf->value : NULL;
#endif
}

/* Put a leaf into an RPC's output. */
static inline void wgd_compat_rpc_output(struct nb_cb_rpc_args *args,
					 const char *name, const char *value)
{
#if FRR_VER >= 100100
	yang_dnode_rpc_output_add(args->output, name, value);
#else
	char path[XPATH_MAXLEN];

	if (!args->output)
		return; /* the caller does not want it */
	snprintf(path, sizeof(path), "%s/output/%s", args->xpath, name);
	listnode_add(args->output, yang_data_new(path, value));
#endif
}

#endif /* WGD_COMPAT_H */
