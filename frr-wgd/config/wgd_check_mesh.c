// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Checks of the mesh of an interface.
 *
 * Only `mesh name` makes a mesh, and only that line excludes others: what
 * would have the interface be something else than one member, with one key,
 * of many.  Whichever of the two comes second is refused, so to take a line
 * away is always right, in whatever order a tool does it.
 *
 * That is also why more is not refused: lines without a name, and the name of
 * a host where there is no `mesh hub`, would be wrong between two lines that
 * belong together.  They are doubts (wgd_doubt.h).
 */
#include <zebra.h>
#include "frr-wgd/base/wgd_compat.h"

#include "frr-wgd/base/wgd_if.h"
#include "frr-wgd/config/wgd_check_mesh.h"
#include "frr-wgd/config/wgd_nb.h"

/* What an interface in a mesh cannot have. */
static const struct line {
	const char *node;  /* below wireguard */
	const char *value; /* NULL: whatever it says */
	const char *words, *why;
} excluded[] = {
	{"private-key-file", NULL, "private-key file",
	 "a mesh has a key in a folder of its own"},
	{"fwmark", NULL, "fwmark",
	 "a mesh has rules of its own, and they are for a mark of wgd's own"},
	{"route-following", "any", "route-following any",
	 "that is for one peer, and a mesh has many"},
	{"point-to-point", "true", "point-to-point",
	 "that is for one peer, and a mesh has many"},
	{"gateway-group", NULL, "gateway-group",
	 "each member of a mesh has a key of its own"},
};

/* The line that a value belongs to, if it is one of them. */
static const struct line *line_of(const char *leaf, const char *value)
{
	size_t i, n = strcspn(leaf, "/");

	for (i = 0; i < array_size(excluded); i++)
		if (strlen(excluded[i].node) == n &&
		    strncmp(excluded[i].node, leaf, n) == 0)
			break;
	if (i == array_size(excluded) || strmatch(value, "false") ||
	    (excluded[i].value && !strmatch(excluded[i].value, value)))
		return NULL;
	return &excluded[i];
}

/* The first such line that is configured. */
static const struct line *has_line(const struct lyd_node *wireguard)
{
	const struct lyd_node *child;
	const struct line *line;

	wgd_nb_each_child (wireguard, child) {
		if (lysc_is_np_cont(child->schema)
			    ? !wgd_nb_is_configured(child)
			    : lyd_is_default(child))
			continue;
		line = line_of(child->schema->name, lyd_get_value(child) ?: "");
		if (line)
			return line;
	}
	return NULL;
}

static const char *mesh_of(const struct lyd_node *wireguard)
{
	const struct lyd_node *leaf =
		wireguard ? wgd_nb_below(wireguard, "mesh/name") : NULL;

	return leaf ? lyd_get_value(leaf) : NULL;
}

/* The other interface that is in the mesh, or NULL. */
static const char *other_in(const struct lyd_node *interface, const char *mesh)
{
	const struct lyd_node *other;
	const char *theirs;

	wgd_nb_each_child (lyd_parent(interface), other) {
		if (other == interface || !wgd_nb_is(other, "interface"))
			continue;
		theirs = mesh_of(wgd_nb_wireguard(other));
		if (theirs && strmatch(theirs, mesh))
			return wgd_nb_key(other);
	}
	return NULL;
}

/* May the interface be in the mesh? */
static int check(const struct lyd_node *interface, const char *mesh, char *err,
		 size_t len)
{
	const struct lyd_node *wireguard = wgd_nb_wireguard(interface);
	const struct line *line = wireguard ? has_line(wireguard) : NULL;
	const char *other = other_in(interface, mesh);

	if (other)
		snprintf(err, len,
			 "interface %s: mesh name %s: interface %s is in it already, and a machine is one member of a mesh",
			 wgd_nb_key(interface), mesh, other);
	else if (line)
		snprintf(err, len,
			 "interface %s: mesh name %s: not together with %s: %s",
			 wgd_nb_key(interface), mesh, line->words, line->why);
	return other || line ? -EINVAL : 0;
}

/* Is there room for one more of what there may be some of? */
static int check_room(const struct lyd_node *wireguard,
		      const struct wgd_value *v, char *err, size_t len)
{
	static const struct {
		const char *leaf, *node;
		size_t max; /* the model's */
	} lists[] = {
		{"mesh/endpoint", "endpoint", WGD_MESH_PLACES_MAX},
		{"mesh/door", "door", WGD_MESH_PLACES_MAX},
		{"mesh/announce", "announce", WGD_MESH_ANNOUNCED_MAX},
	};
	const struct lyd_node *mesh = wgd_nb_below(wireguard, "mesh"), *child;
	char text[WGD_NB_ENTRY_STRLEN];
	size_t i, n = 0;

	for (i = 0; i < array_size(lists); i++)
		if (strmatch(lists[i].leaf, v->leaf))
			break;
	if (i == array_size(lists) || !mesh)
		return 0;
	wgd_nb_each_child (mesh, child) {
		if (!wgd_nb_is(child, lists[i].node))
			continue;
		n++;
		if (strmatch(v->value, lyd_get_value(child)
					       ?: wgd_nb_entry(child, text)))
			return 0; /* it is there */
	}
	if (n < lists[i].max)
		return 0;
	snprintf(err, len,
		 "interface %s: %s %s: there are %zu already, and more do not fit",
		 v->ifname, wgd_value_words(v->leaf), v->value, n);
	return -EINVAL;
}

int wgd_check_mesh_conflict(const struct lyd_node *interface,
			    const struct wgd_value *v, char *err, size_t len)
{
	const struct lyd_node *wireguard = wgd_nb_wireguard(interface);
	const char *mesh = mesh_of(wireguard);
	const struct line *line;

	if (v->peer || !v->value)
		return 0;
	if (strmatch(v->leaf, "mesh/name"))
		return check(interface, v->value, err, len);
	line = mesh ? line_of(v->leaf, v->value) : NULL;
	if (line) {
		snprintf(err, len,
			 "interface %s: %s: not together with mesh name %s: %s",
			 v->ifname, line->words, mesh, line->why);
		return -EINVAL;
	}
	return wireguard ? check_room(wireguard, v, err, len) : 0;
}

int wgd_check_mesh(const struct lyd_node *wireguard, const char *ifname,
		   char *err, size_t len)
{
	const char *mesh = mesh_of(wireguard);

	return mesh ? check(lyd_parent(wireguard), mesh, err, len) : 0;
}
