/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * wgd-mesh request: wgd has a mesh's keys by the mesh's name, so an interface
 * is given that line before it is asked, and it stays: the answer comes perhaps
 * days later, and after a start of wgd.
 */
#include "wgd-mesh/mesh_request.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "wgd-mesh/mesh_commands.h"
#include "wgd-mesh/mesh_vtysh.h"

int mesh_request_ask(const struct mesh_site *s, uint8_t ret[WG_LINE_ITEM_MAX],
		     struct mesh_why *why)
{
	char command[MESH_SITE_LINE_MAX];
	struct wg_line_error error;
	struct mesh_bytes out;
	size_t len;
	int rc;

	snprintf(command, sizeof(command), "wireguard mesh request %s",
		 s->ifname);
	rc = mesh_vtysh_ask(s->program, command, &out, why);
	if (rc)
		return rc;
	rc = wg_line_get(out.b, ret, &len, &error);
	mesh_bytes_free(&out);
	if (rc || wg_item_kind(ret) != WG_ITEM_IS_REQUEST ||
	    wg_sign_verify_own(ret))
		return mesh_because(why, -EBADMSG,
				    "what wgd said to `%s` is no request",
				    command);
	return 0;
}

/* The interface's line, if it has none. */
static int enter(const struct mesh_args *args, struct mesh_site *s,
		 struct mesh_why *why)
{
	char name[WG_ITEM_NAME_MAX + 1];
	struct mesh_lines lines = {.n = 0};
	struct mesh_why words;
	int rc = mesh_site_name(s, args, "", name, why);

	if (!rc)
		rc = mesh_site_check_lines(s, name, why);
	if (!rc)
		rc = mesh_site_check_peers(s, args, why);
	if (rc)
		return rc;
	mesh_site_want(s, &lines, "wireguard mesh name %s", name);
	rc = mesh_site_enter(s, &lines, NULL, why);
	if (!rc && mesh_site_save(s, &lines, &words))
		rc = mesh_because(
			why, -EREMOTEIO,
			"%s: its line is in effect and not saved: %.300s",
			s->ifname, words.text);
	return rc;
}

int mesh_request(const struct mesh_args *args, struct mesh_why *why)
{
	uint8_t item[WG_LINE_ITEM_MAX];
	char line[WG_LINE_STRLEN];
	struct mesh_site s;
	int rc = mesh_site_open(args, &s, why);

	if (rc)
		return rc;
	rc = enter(args, &s, why);
	if (!rc)
		rc = mesh_request_ask(&s, item, why);
	if (!rc) {
		wg_line_put(item, line);
		printf("%s\n", line);
		rc = mesh_flush(why);
	}
	mesh_site_close(&s);
	return rc;
}
